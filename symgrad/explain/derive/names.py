"""What variables are called, and formulas of expressions made with these names."""

import itertools
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.type_other import NoneConst

from symgrad.emit.updates import free_name
from symgrad.explain.derive.shapes import Lengths
from symgrad.explain.derive.trace import Line, Trace
from symgrad.explain.graph import has_name, nodes_as_written
from symgrad.explain.laws.notation import Step
from symgrad.explain.laws.table import notation_of
from symgrad.explain.laws.tensors import Mean
from symgrad.explain.maths import Maths, bar, number, symbol

__all__ = ["Formulas", "Names", "ShallowFormulas"]

_DEEPEST = 4


class Formulas:
    """Formulas of expressions, in terms of formulas that are given.

    Parameters
    ----------
    given : mapping, or pairs
        Variable to formula.
    """

    def __init__(
        self, given: Mapping[Variable, Maths] | Iterable[tuple[Variable, Maths]] = ()
    ) -> None:
        self.formulas = dict(given)

    def formula(self, variable: Variable) -> Maths:
        """The formula of an expression."""
        if variable not in self.formulas:
            self.formulas[variable] = self._formula(variable)
        return self.formulas[variable]

    def _formula(self, variable):
        if isinstance(variable, Constant):
            return _constant_formula(variable)
        node = variable.owner
        if node is None:
            return symbol(variable.name or str(variable.type))
        args = [self.formula(source) for source in node.inputs]
        written = notation_of(node.op).write(node, args)
        if len(node.outputs) > 1:
            written = Maths("index", (written, number(node.outputs.index(variable))))
        return _as_entrywise(written, node)


class ShallowFormulas(Formulas):
    """Formulas of limited depth, of graphs that change while they are looked at.

    Parameters
    ----------
    depth : int
        Deeper parts are written as dots. Below the default, named variables are not opened.
    """

    def __init__(self, depth: int = _DEEPEST) -> None:
        super().__init__()
        self.depth = depth

    def formula(self, variable: Variable) -> Maths:
        """The formula of an expression, with dots for what lies deeper."""
        if variable.owner is not None and has_name(variable) and self.depth < _DEEPEST:
            return symbol(str(variable.name))
        if self.depth == 0 and variable.owner is not None:
            return symbol("…")
        self.depth -= 1
        formula = self._formula(variable)
        self.depth += 1
        return formula


class Names(Formulas):
    """Names of the variables of a trace, and formulas made with them.

    Names are the user's own, else ``z1``, ``z2``...

    Parameters
    ----------
    trace : Trace
    given : mapping, optional
        Variable to name, for computations inside an Op.
    values : mapping, optional
        Values of the inputs, for the lengths.
    """

    def __init__(
        self,
        trace: Trace,
        given: Mapping[Variable, str] | None = None,
        values: Mapping[Variable, Any] | None = None,
    ) -> None:
        given, variables = given or {}, _variables_in_order(trace)
        chosen: dict[Variable, str] = {}
        for variable in variables:
            if variable in given or has_name(variable):
                wanted = given.get(variable) or variable.name
                chosen[variable] = free_name(wanted, set(chosen.values()))
        free = (name for k in itertools.count(1) if (name := f"z{k}") not in chosen.values())
        self.names = {variable: chosen.get(variable) or next(free) for variable in variables}
        nodes = nodes_as_written(trace.outputs)
        self.lengths = Lengths(nodes, set(self.names.values()), values)
        super().__init__((variable, symbol(name)) for variable, name in self.names.items())
        self.formulas |= {
            placeholder: bar(self.names[variable]) for variable, placeholder in trace.bars.items()
        }
        self.counts = {variable: self._count(line) for variable, line in trace.counts().items()}
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

    def forward(self, line: Line) -> Maths:
        """The formula on the right-hand side of a line."""
        args = [self.formula(source) for source in line.step.inputs]
        return _as_entrywise(line.notation.write(line.step, args), line.step)

    def without(self, hidden: Collection[Variable]) -> "Names":
        """Names of fewer variables: the formulas of the hidden ones are written out."""
        fewer = copy(self)
        fewer.names = {
            variable: name for variable, name in self.names.items() if variable not in hidden
        }
        fewer.formulas = {variable: symbol(name) for variable, name in fewer.names.items()}
        fewer.formulas |= self.counts
        return fewer


def _as_entrywise(formula: Maths, node: Step | Apply) -> Maths:
    """A product of arrays is marked as entrywise, for it has a sign of its own."""
    if formula.head == "product" and sum(_is_array(variable) for variable in node.inputs) > 1:
        return Maths("product", formula.args, "entries")
    return formula


def _is_array(variable):
    return any(size != 1 for size in getattr(variable.type, "shape", ()))


def _constant_formula(variable):
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


def _variables_in_order(trace):
    """Inputs and results, each once, in the order in which they are met."""
    results = {variable for line in trace.lines for variable in line.step.outputs}
    ordered: dict[Variable, None] = {}
    for line in trace.lines:
        for variable in line.step.inputs:
            if variable.owner is None and not isinstance(variable, Constant):
                ordered[variable] = None
            else:
                ordered |= dict.fromkeys(_inputs_behind(variable, results))
        ordered |= dict.fromkeys(line.step.outputs)
    ordered |= dict.fromkeys([*trace.wrt, *trace.outputs])
    return list(ordered)


def _inputs_behind(variable, results):
    """The inputs behind what is written inline."""
    stack, inputs = [variable], []
    while stack:
        source = stack.pop()
        if isinstance(source, Constant) or source in results:
            continue
        if source.owner is None:
            inputs.append(source)
        else:
            stack.extend(reversed(source.owner.inputs))
    return inputs
