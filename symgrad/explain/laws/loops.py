"""The notations of Ops with a computation inside: Scan, OpFromGraph and IfElse."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain

from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.scan.op import Scan

from symgrad.explain.graph import has_name, is_float
from symgrad.explain.laws.notation import Notation, Step
from symgrad.explain.maths import Maths, call, number

if find_spec("pytensor.conditional"):
    from pytensor.conditional.op import IfElse
else:  # PyTensor before 3.3
    from pytensor.ifelse import IfElse

__all__ = ["LOOPS", "Body", "body_of"]

_STATE_LETTERS = "hcsuvw"


@dataclass(frozen=True)
class Body:
    """The computation inside an Op.

    Attributes
    ----------
    inputs, outputs : list of variables
    names : dict
        Variable to its name inside.
    title : str
        What the computation is.
    """

    inputs: list[Variable]
    outputs: list[Variable]
    names: dict[Variable, str]
    title: str


class ScanNotation(Notation):
    """A step that is repeated. Its adjoint is a loop that runs backwards."""

    law = "backpropagation through time"

    def write(self, step, args):
        """Write what is read; leave out the number of steps and the lengths of results."""
        inputs = list(step.inputs)
        lengths = [inputs[0], *step.op.outer_nitsot(inputs)]
        sources = [_unsliced(arg) for x, arg in zip(inputs, args, strict=True) if x not in lengths]
        parts = dict.fromkeys(base for base, _ in sources if base.head != "number")
        is_reversed = any(is_reversed for _, is_reversed in sources)
        return call("reverse_scan" if is_reversed else "scan", *parts)


def _unsliced(formula):
    """What is behind slices, and whether one of them reverses it."""
    is_reversed = False
    while formula.head == "index" and all(entry.head == "slice" for entry in formula.args[1:]):
        is_reversed |= any(entry.args[2:] == (number(-1),) for entry in formula.args[1:])
        formula = formula.args[0]
    return formula, is_reversed


class NamedComputation(Notation):
    """An OpFromGraph."""

    law = "chain rule inside"

    def write(self, step, args):
        name = getattr(step.op, "name", None) or type(step.op).__name__
        return call(name, *args)


class Branch(Notation):
    """One of two branches. Only the one that is taken is computed."""

    law = "the branch that is taken"

    def write(self, step, args):
        return Maths("cases", (args[0], args[1], args[1 + step.op.n_outs]))


def body_of(step: Step | Apply, names: Sequence[str]) -> Body | None:
    """The computation inside the Op of a step, or None.

    Parameters
    ----------
    step : Step
    names : list of str
        The names of the step's inputs.
    """
    if isinstance(step.op, Scan):
        return _body_of_scan(step)
    if type(step.op) is OpFromGraph:
        inputs, outputs = _inner_graph(step.op)
        return Body(
            inputs, outputs, dict(zip(inputs, names, strict=True)), title="what it computes"
        )
    return None


def _inner_graph(op):
    """Inputs and outputs of the graph inside an Op, which newer releases of PyTensor freeze."""
    graph = op.fgraph
    graph = graph.unfreeze() if hasattr(graph, "unfreeze") else graph
    return list(graph.inputs), list(graph.outputs)


def _body_of_scan(step):
    """One step of the loop: sequences at t, earlier states, and what stays the same."""
    op, outer = step.op, list(step.inputs)
    inputs, outputs = _inner_graph(op)
    names = {}
    for variable, source in zip(op.inner_seqs(inputs), op.outer_seqs(outer), strict=True):
        names[variable] = f"{_user_name(source, 'x')}[t]"
    for variable, (state, tap) in zip(_states(op, inputs), _taps(op, inputs), strict=True):
        names[variable] = f"{_state_name(state)}[t{tap}]"
    for variable, source in zip(op.inner_non_seqs(inputs), op.outer_non_seqs(outer), strict=True):
        names[variable] = _user_name(source, "w")
    new_states = [*op.inner_mitsot_outs(outputs), *op.inner_sitsot_outs(outputs)]
    for state, variable in enumerate(new_states):
        names[variable] = f"{_state_name(state)}[t]"
    floats = [variable for variable in inputs if is_float(variable)]
    results = [variable for variable in outputs if is_float(variable)]
    return Body(floats, results, names, title="one step, at time t")


def _states(op, inputs):
    """The earlier states that a step reads; several at once for a state with several taps."""
    groups = [*op.inner_mitsot(inputs), *op.inner_sitsot(inputs)]
    return list(
        chain.from_iterable(
            group if isinstance(group, (list, tuple)) else [group] for group in groups
        )
    )


def _taps(op, inputs):
    """``(number of the state, tap)`` for each of the earlier states."""
    several, single = op.info.mit_sot_in_slices, op.info.sit_sot_in_slices
    taps = [tap for group in several for tap in group] + [-1] * len(op.inner_sitsot(inputs))
    numbers = [state for state, group in enumerate([*several, *single]) for _ in group]
    return list(zip(numbers, taps, strict=True))


def _state_name(state):
    return _STATE_LETTERS[state % len(_STATE_LETTERS)]


def _user_name(variable, default):
    """The user's name of what a loop was given, behind the slices that scan puts there."""
    while variable.owner is not None and not has_name(variable):
        variable = variable.owner.inputs[0]
    return variable.name or default


LOOPS: dict[type[Op], Notation] = {
    Scan: ScanNotation(),
    OpFromGraph: NamedComputation(),
    IfElse: Branch(),
}
