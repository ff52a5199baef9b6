"""Ops with a computation inside: a Scan and its recurrence, an OpFromGraph and its body."""

from dataclasses import dataclass
from importlib.util import find_spec

from pytensor.compile.builders import OpFromGraph
from pytensor.scan.op import Scan

from symgrad.explain.maths import Maths, call, number
from symgrad.explain.notation import Notation, is_float, notation
from symgrad.explain.trace import has_name

if find_spec("pytensor.conditional"):
    from pytensor.conditional.op import IfElse
else:  # PyTensor before 3.3
    from pytensor.ifelse import IfElse

__all__ = ["Body", "body_of"]


@dataclass(frozen=True)
class Body:
    """The computation inside an Op: its variables, and what they are called there."""

    inputs: list
    outputs: list
    names: dict


@notation(Scan)
class Recurrence(Notation):
    """A step that is repeated; its adjoint is a recurrence that runs backwards."""

    law = "backpropagation through time"
    inside = "one step, at time t"

    def write(self, step, args):
        """What is read and repeated; the number of steps and the lengths of results are not."""
        inputs = list(step.inputs)
        lengths = [inputs[0], *step.op.outer_nitsot(inputs)]
        sources = [_unsliced(arg) for x, arg in zip(inputs, args, strict=True) if x not in lengths]
        parts = dict.fromkeys(base for base, _ in sources if base.head != "number")
        is_back = any(is_back for _, is_back in sources)
        return call("reverse_scan" if is_back else "scan", *parts)


def _unsliced(formula):
    """What is behind slices, and whether one of them turns it round."""
    is_back = False
    while formula.head == "index" and all(one.head == "slice" for one in formula.args[1:]):
        is_back |= any(one.args[2:] == (number(-1),) for one in formula.args[1:])
        formula = formula.args[0]
    return formula, is_back


@notation(OpFromGraph)
class Inner(Notation):
    """A computation with a name: the chain rule goes on inside."""

    law = "chain rule inside"
    inside = "what it computes"

    def write(self, step, args):
        name = getattr(step.op, "name", None) or type(step.op).__name__
        return call(name, *args)


@notation(IfElse)
class Branch(Notation):
    """One of two branches, of which only the one that is taken is computed."""

    law = "the branch that is taken"

    def write(self, step, args):
        n = step.op.n_outs
        return Maths("cases", (args[0], args[1], args[1 + n]))


def body_of(step, names):
    """The :class:`Body` of an Op, or None.

    Parameters
    ----------
    step : Step
    names : list of str
        What the inputs of the step are called.
    """
    if isinstance(step.op, Scan):
        return _body_of_scan(step)
    if type(step.op) is OpFromGraph:
        inputs, outputs = _inner(step.op)
        return Body(inputs, outputs, dict(zip(inputs, names, strict=True)))
    return None


def _inner(op):
    """Inputs and outputs of the graph inside an Op, which newer releases of PyTensor freeze."""
    graph = op.fgraph
    graph = graph.unfreeze() if hasattr(graph, "unfreeze") else graph
    return list(graph.inputs), list(graph.outputs)


def _body_of_scan(step):
    """One step of the loop: sequences at t, states at t - 1 and before, and what is constant."""
    op, outer = step.op, list(step.inputs)
    inputs, outputs = _inner(op)
    names = {}
    for one, source in zip(op.inner_seqs(inputs), op.outer_seqs(outer), strict=True):
        names[one] = f"{_base(source, 'x')}[t]"
    states = [*op.inner_mitsot(inputs), *op.inner_sitsot(inputs)]
    taps = [*op.info.mit_sot_in_slices, *op.info.sit_sot_in_slices]
    labels = "hcsuvw"
    flat = [tap for group in op.info.mit_sot_in_slices for tap in group]
    flat += [-1] * len(op.inner_sitsot(inputs))
    owners = [k for k, group in enumerate(taps) for _ in group]
    for one, tap, owner in zip(_flat(states), flat, owners, strict=True):
        names[one] = f"{labels[owner % len(labels)]}[t{tap}]"
    for one, source in zip(op.inner_non_seqs(inputs), op.outer_non_seqs(outer), strict=True):
        names[one] = _base(source, "w")
    states_out = [*op.inner_mitsot_outs(outputs), *op.inner_sitsot_outs(outputs)]
    for k, one in enumerate(states_out):
        names[one] = f"{labels[k % len(labels)]}[t]"
    outs = [one for one in outputs if is_float(one)]
    return Body([one for one in inputs if is_float(one)], outs, names)


def _flat(states):
    for one in states:
        yield from one if isinstance(one, (list, tuple)) else [one]


def _base(variable, default):
    """The user's name of what a loop was given, behind the slices that scan puts there."""
    while variable.owner is not None and not has_name(variable):
        variable = variable.owner.inputs[0]
    return variable.name or default
