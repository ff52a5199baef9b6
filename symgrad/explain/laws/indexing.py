"""The notations of index Ops: a selection of entries, and the scatter-add that takes it back."""

import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.op import Op
from pytensor.tensor import subtensor
from pytensor.tensor.basic import AllocEmpty, ScalarFromTensor
from pytensor.tensor.shape import Shape
from pytensor.tensor.type_other import MakeSlice

from symgrad.explain.laws.notation import Notation, Step
from symgrad.explain.maths import Maths, call, number, symbol
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write

__all__ = ["INDEXING", "is_into_empty", "is_whole"]


class Selection(Notation):
    """Some entries of a variable, perhaps some of them twice."""

    law = "scatter-add: every read returns what it received"

    def write(self, step, args):
        if is_whole(step):
            return args[0]
        return Maths("index", (args[0], *_index_formulas(step, args[1:])))

    def pull(self, step, bars):
        x = step.inputs[0]
        zero = pt.zeros(x.shape, dtype=x.type.dtype)
        zero = pt.specify_shape(zero, x.type.shape) if None not in x.type.shape else zero
        scattered = pt.inc_subtensor(zero[_index(step)], bars[0])
        return [scattered, *[None] * (len(step.inputs) - 1)]


def _index(step):
    """The index in terms of the step's own inputs, not of what they were made of."""
    own = {
        variable.owner.inputs[0]: pt.tensor_from_scalar(variable) for variable in step.inputs
        if variable.owner is not None and isinstance(variable.owner.op, ScalarFromTensor)
    }  # fmt: skip
    return tuple(_replaced(entry, own) for entry in indices_of(step))


def _replaced(entry, own):
    if isinstance(entry, slice):
        return slice(*(_replaced(bound, own) for bound in (entry.start, entry.stop, entry.step)))
    return own.get(entry, entry) if isinstance(entry, Variable) else entry


class Write(Notation):
    """Some entries incremented or set."""

    def law_of(self, step, position):
        if position == 1:
            return "the entries it was written to"
        sets = step.op.set_instead_of_inc
        return "zero where it was overwritten" if sets else "sum rule"

    def write(self, step, args):
        base, value, *rest = args
        target = Maths("index", (base, *_index_formulas(step, rest)))
        if base == number(0) and not step.op.set_instead_of_inc:
            return call("scatter_add", target, value)
        if base.head == "call" and base.text == "empty":
            return value
        return call("set" if step.op.set_instead_of_inc else "inc", target, value)

    def pull(self, step, bars):
        (g,), y, index = bars, step.inputs[1], _index(step)
        of_x = pt.set_subtensor(g[index], 0.0) if step.op.set_instead_of_inc else g
        of_y = g[index]
        extra = tuple(range(of_y.type.ndim - y.type.ndim))
        of_y = of_y.sum(axis=extra) if extra else of_y
        stretched = tuple(
            axis for axis, size in enumerate(y.type.shape)
            if size == 1 and of_y.type.shape[axis] != 1
        )  # fmt: skip
        of_y = of_y.sum(axis=stretched, keepdims=True) if stretched else of_y
        return [of_x, of_y, *[None] * (len(step.inputs) - 2)]


def _index_formulas(step, args):
    """The formulas of an index, from those of the inputs that it is made of."""
    pattern = getattr(step.op, "idx_list", None)
    if pattern is None:
        return tuple(args)
    return tuple(_entry_formula(entry, args) for entry in pattern)


def _entry_formula(entry, args):
    if isinstance(entry, slice):
        bounds = [_bound_formula(bound, args) for bound in (entry.start, entry.stop)]
        stride = [_bound_formula(entry.step, args)] if entry.step is not None else []
        return Maths("slice", tuple(bounds + stride))
    return _bound_formula(entry, args)


def _bound_formula(bound, args):
    """A bound in the pattern of an index is the number of an input; older PyTensor has a type."""
    if bound is None:
        return symbol("")
    if isinstance(bound, int):
        return args[bound]
    if isinstance(bound, Constant):
        return number(bound.data.item())
    return args[0]


class SliceOfVariables(Notation):
    """A slice whose bounds are variables."""

    def write(self, step, args):
        return Maths("slice", tuple(args))


def is_whole(step: Step | Apply) -> bool:
    """Does an indexed read take everything, as Scan does with its sequences?"""
    x, index = step.inputs[0], indices_of(step)
    return all(
        isinstance(entry, slice) and entry.step in (None, 1) and entry.start in (None, 0)
        and (entry.stop is None or _is_length_of(entry.stop, x, axis))
        for axis, entry in enumerate(index)
    )  # fmt: skip


def _is_length_of(bound, x, axis):
    """Is this ``x.shape[axis]``?"""
    node = getattr(bound, "owner", None)
    if node is None or not is_index_read(node) or node.inputs[0].owner is None:
        return False
    shape = node.inputs[0].owner
    return isinstance(shape.op, Shape) and shape.inputs[0] is x and indices_of(node)[0].data == axis


def is_into_empty(node: Apply) -> bool:
    """Does an indexed write fill a new buffer, as Scan does with its initial states?"""
    base = node.inputs[0].owner
    return is_index_write(node) and base is not None and isinstance(base.op, AllocEmpty)


_READS = ("Subtensor", "AdvancedSubtensor", "AdvancedSubtensor1")
_WRITES = ("IncSubtensor", "AdvancedIncSubtensor", "AdvancedIncSubtensor1")


def _classes(*names: str) -> list[type[Op]]:
    """The classes with these names; not every release of PyTensor has all of them."""
    return [getattr(subtensor, name) for name in names if hasattr(subtensor, name)]


INDEXING: dict[type[Op], Notation] = {
    **dict.fromkeys(_classes(*_READS), Selection()),
    **dict.fromkeys(_classes(*_WRITES), Write()),
    MakeSlice: SliceOfVariables(),
}
