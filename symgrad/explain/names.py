"""What variables are called, and formulas of expressions made with these names."""

import itertools
from copy import copy

import numpy as np
from pytensor.graph.basic import Constant
from pytensor.tensor.type_other import NoneConst

from symgrad.emit.updates import free_name
from symgrad.explain import indexing, loops, scalars, tensors  # noqa: F401  (they fill the table)
from symgrad.explain.maths import Maths, bar, number, symbol
from symgrad.explain.notation import notation_of
from symgrad.explain.shapes import Lengths
from symgrad.explain.tensors import Mean
from symgrad.explain.trace import as_written, has_name

__all__ = ["Formulas", "Names", "Shallow"]


class Formulas:
    """Formulas of expressions, in terms of those that are given.

    Parameters
    ----------
    given : dict, optional
        Variable to formula.
    """

    def __init__(self, given=()):
        self.formulas = dict(given)

    def formula(self, variable):
        """The formula of an expression."""
        if variable not in self.formulas:
            self.formulas[variable] = self._formula(variable)
        return self.formulas[variable]

    def _formula(self, variable):
        if isinstance(variable, Constant):
            return _constant(variable)
        node = variable.owner
        if node is None:
            return symbol(variable.name or str(variable.type))
        args = [self.formula(one) for one in node.inputs]
        written = notation_of(node.op).write(node, args)
        if len(node.outputs) > 1:
            written = Maths("index", (written, number(node.outputs.index(variable))))
        return _entrywise(written, node)


class Shallow(Formulas):
    """Formulas as deep as one can read, of graphs that change while they are looked at.

    Parameters
    ----------
    depth : int
    """

    def __init__(self, depth=4):
        super().__init__()
        self.depth = depth

    def formula(self, variable):
        """The formula of an expression, with dots for what lies deeper."""
        if variable.owner is not None and has_name(variable) and self.depth < 4:
            return symbol(variable.name)
        if self.depth == 0 and variable.owner is not None:
            return symbol("…")
        self.depth -= 1
        found = self._formula(variable)
        self.depth += 1
        return found


class Names(Formulas):
    """Names of the variables of a trace, the user's own, else ``z1``, ``z2``...; and formulas.

    Parameters
    ----------
    trace : Trace
    given : mapping, optional
        Variable to name, for computations inside an Op.
    values : mapping, optional
        Values of the inputs, for the lengths.
    """

    def __init__(self, trace, given=(), values=()):
        given, variables = dict(given), _in_order(trace)
        chosen = {}
        for one in variables:
            if one in given or has_name(one):
                wanted = given.get(one) or one.name
                chosen[one] = free_name(wanted, set(chosen.values()))
        free = (name for k in itertools.count(1) if (name := f"z{k}") not in chosen.values())
        self.names = {one: chosen.get(one) or next(free) for one in variables}
        self.lengths = Lengths(as_written(trace.outputs), set(self.names.values()), values)
        self.formulas = {one: symbol(name) for one, name in self.names.items()}
        self.formulas |= {trace.bars[one]: bar(self.names[one]) for one in trace.bars}
        self.counts = {one: self._count(line) for one, line in trace.counts().items()}
        self.formulas |= self.counts
        self.means = {
            line.step.outputs[0]: line for line in trace.lines if isinstance(line.notation, Mean)
        }

    def _count(self, line):
        """The number of terms of a mean."""
        shape, axis = self.lengths.of(line.step.inputs[0]), line.notation.reduction.axis
        sizes = [symbol(size) for k, size in enumerate(shape) if axis is None or k in axis]
        return sizes[0] if len(sizes) == 1 else Maths("product", tuple(sizes))

    def _formula(self, variable):
        if variable in self.means:
            return self.forward(self.means[variable])
        return super()._formula(variable)

    def forward(self, line):
        """The formula on the right of a line."""
        args = [self.formula(one) for one in line.step.inputs]
        return _entrywise(line.notation.write(line.step, args), line.step)

    def without(self, hidden):
        """Names of fewer variables: the formulas of the others are written out."""
        fewer = copy(self)
        fewer.names = {one: name for one, name in self.names.items() if one not in hidden}
        fewer.formulas = {one: symbol(name) for one, name in fewer.names.items()} | self.counts
        return fewer


def _entrywise(formula, node):
    """A product of arrays is one of their entries, and has a sign of its own."""
    if formula.head == "product" and sum(_is_array(one) for one in node.inputs) > 1:
        return Maths("product", formula.args, "entries")
    return formula


def _is_array(variable):
    return any(size != 1 for size in getattr(variable.type, "shape", ()))


def _constant(variable):
    if variable is NoneConst or getattr(variable, "data", None) is None:
        return symbol("None")
    if isinstance(variable.data, slice):
        bounds = (variable.data.start, variable.data.stop)
        return Maths("slice", tuple(symbol("" if b is None else str(b)) for b in bounds))
    data = np.asarray(variable.data)
    if data.size and (data == data.flat[0]).all():
        return number(data.flat[0].item())
    if data.size <= 6:
        return symbol(str(data.tolist()))
    return symbol(f"constant{data.shape}".replace(",)", ")").replace(" ", ""))


def _in_order(trace):
    """Inputs and results, each once, in the order in which they are met."""
    found = {}
    for line in trace.lines:
        for one in line.step.inputs:
            if one.owner is None and not isinstance(one, Constant):
                found[one] = None
            else:
                found |= dict.fromkeys(_leaves(one, trace))
        found |= dict.fromkeys(line.step.outputs)
    found |= dict.fromkeys([*trace.wrt, *trace.outputs])
    return list(found)


def _leaves(variable, trace):
    """The inputs behind what is written inline."""
    results = {one for line in trace.lines for one in line.step.outputs}
    stack, found = [variable], []
    while stack:
        one = stack.pop()
        if isinstance(one, Constant) or one in results:
            continue
        if one.owner is None:
            found.append(one)
        else:
            stack.extend(reversed(one.owner.inputs))
    return found
