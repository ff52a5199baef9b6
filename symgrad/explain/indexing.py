"""The table of index Ops: a selection of entries, and the scatter-add that takes it back."""

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor import subtensor
from pytensor.tensor.basic import AllocEmpty, ScalarFromTensor
from pytensor.tensor.shape import Shape
from pytensor.tensor.type_other import MakeSlice

from symgrad.explain.maths import Maths, call, number, symbol
from symgrad.explain.notation import Notation, notation
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write

__all__ = ["is_into_empty", "is_whole"]


def _ops(*names):
    """Those of the classes that this PyTensor has."""
    return [getattr(subtensor, name) for name in names if hasattr(subtensor, name)]


@notation(*_ops("Subtensor", "AdvancedSubtensor", "AdvancedSubtensor1"))
class Selection(Notation):
    """Some entries of a variable, perhaps some of them twice."""

    law = "scatter-add: every read returns what it received"

    def write(self, step, args):
        return args[0] if is_whole(step) else Maths("index", (args[0], *entries(step, args[1:])))

    def pull(self, step, bars):
        x = step.inputs[0]
        zero = pt.zeros(x.shape, dtype=x.type.dtype)
        zero = pt.specify_shape(zero, x.type.shape) if None not in x.type.shape else zero
        scattered = pt.inc_subtensor(zero[_indices(step)], bars[0])
        return [scattered, *[None] * (len(step.inputs) - 1)]


def _indices(step):
    """The index, of the step's own variables: what lies behind them is not the step's."""
    own = {
        one.owner.inputs[0]: pt.tensor_from_scalar(one) for one in step.inputs
        if one.owner is not None and isinstance(one.owner.op, ScalarFromTensor)
    }  # fmt: skip
    return tuple(_replaced(one, own) for one in indices_of(step))


def _replaced(entry, own):
    if isinstance(entry, slice):
        return slice(*(_replaced(one, own) for one in (entry.start, entry.stop, entry.step)))
    return own.get(entry, entry) if isinstance(entry, Variable) else entry


@notation(*_ops("IncSubtensor", "AdvancedIncSubtensor", "AdvancedIncSubtensor1"))
class Write(Notation):
    """Some entries incremented or set."""

    def law_of(self, step, position):
        if position == 1:
            return "the entries where it was written"
        sets = step.op.set_instead_of_inc
        return "zero where it was overwritten" if sets else "sum rule"

    def write(self, step, args):
        base, value, *rest = args
        chosen = entries(step, rest)
        if base == number(0) and not step.op.set_instead_of_inc:
            return call("scatter_add", Maths("index", (base, *chosen)), value)
        if base.head == "call" and base.text == "empty":
            return value
        verb = "set" if step.op.set_instead_of_inc else "inc"
        return call(verb, Maths("index", (base, *chosen)), value)

    def pull(self, step, bars):
        (g,), y, chosen = bars, step.inputs[1], _indices(step)
        of_x = pt.set_subtensor(g[chosen], 0.0) if step.op.set_instead_of_inc else g
        of_y = g[chosen]
        lost = tuple(range(of_y.type.ndim - y.type.ndim))
        of_y = of_y.sum(axis=lost) if lost else of_y
        stretched = tuple(
            k for k, size in enumerate(y.type.shape) if size == 1 and of_y.type.shape[k] != 1
        )
        of_y = of_y.sum(axis=stretched, keepdims=True) if stretched else of_y
        return [of_x, of_y, *[None] * (len(step.inputs) - 2)]


def entries(step, args):
    """The index, as it is written between brackets."""
    written = dict(zip(step.inputs[2 if is_index_write(step) else 1 :], args, strict=True))
    pattern = getattr(step.op, "idx_list", None)
    if pattern is None:
        return tuple(args)
    return tuple(_entry(one, step, args, written) for one in pattern)


def _entry(one, step, args, written):
    if isinstance(one, slice):
        bounds = [_bound(b, step, args, written) for b in (one.start, one.stop)]
        stride = [_bound(one.step, step, args, written)] if one.step is not None else []
        return Maths("slice", tuple(bounds + stride))
    return _bound(one, step, args, written)


def _bound(one, step, args, written):
    """An entry of the pattern: the number of an input, or, in older PyTensor, a type."""
    if one is None:
        return symbol("")
    if isinstance(one, int):
        return args[one]
    if isinstance(one, Constant):
        return number(one.data.item())
    return next(iter(written.values()))


@notation(MakeSlice)
class SliceOf(Notation):
    """A slice made of variables."""

    def write(self, step, args):
        return Maths("slice", tuple(args))


def is_whole(step):
    """Does an indexed read take everything, as Scan does with its sequences?"""
    x, chosen = step.inputs[0], indices_of(step)
    return all(
        isinstance(one, slice) and one.step in (None, 1) and one.start in (None, 0)
        and (one.stop is None or _is_length_of(one.stop, x, axis))
        for axis, one in enumerate(chosen)
    )  # fmt: skip


def _is_length_of(bound, x, axis):
    """Is this ``x.shape[axis]``?"""
    node = getattr(bound, "owner", None)
    if node is None or not is_index_read(node) or node.inputs[0].owner is None:
        return False
    shape = node.inputs[0].owner
    return isinstance(shape.op, Shape) and shape.inputs[0] is x and indices_of(node)[0].data == axis


def is_into_empty(node):
    """Does an indexed write fill a new buffer, as Scan does with its initial states?"""
    base = node.inputs[0].owner
    return is_index_write(node) and base is not None and isinstance(base.op, AllocEmpty)
