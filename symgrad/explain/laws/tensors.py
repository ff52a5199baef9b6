"""The table of tensor Ops: reductions, products, shapes, and functions of whole rows."""

import pytensor.tensor as pt
from pytensor.compile.ops import ViewOp
from pytensor.gradient import DisconnectedGrad, GradClip, GradScale, ZeroGrad
from pytensor.printing import Print
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar import basic as scalar
from pytensor.tensor import blas
from pytensor.tensor.basic import (
    Alloc,
    AllocDiag,
    AllocEmpty,
    ARange,
    ExtractDiag,
    Eye,
    Join,
    MakeVector,
    Nonzero,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
)
from pytensor.tensor.elemwise import CAReduce, DimShuffle
from pytensor.tensor.extra_ops import CpuContiguous, CumOp, Repeat
from pytensor.tensor.linalg import Det, KroneckerProduct, MatrixInverse
from pytensor.tensor.math import Argmax, Dot
from pytensor.tensor.reshape import JoinDims, SplitDims
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.signal.conv import Convolve1d, Convolve2d
from pytensor.tensor.sort import ArgSortOp, SortOp
from pytensor.tensor.special import LogSoftmax, Softmax, XLog1PY, XLogY

from symgrad.explain.maths import Maths, call, number
from symgrad.explain.notation import Notation, Step, notation, unbroadcast

__all__ = ["Mean", "is_transparent"]


@notation(CAReduce)
class Reduction(Notation):
    """Sum, product, maximum... over axes."""

    kinds = {scalar.Add: "sum", scalar.Mul: "prod", scalar.Maximum: "max", scalar.Minimum: "min"}
    kinds |= {scalar.AND: "all", scalar.OR: "any"}
    laws = {
        "sum": "sum rule: every entry receives it",
        "prod": "product rule: the product of the others",
        "max": "the winner takes it",
        "min": "the winner takes it",
    }

    def kind(self, op):
        return next((k for kind, k in self.kinds.items() if isinstance(op.scalar_op, kind)), "")

    def law_of(self, step, position):
        return self.laws.get(self.kind(step.op)) or super().law_of(step, position)

    def write(self, step, args):
        return Maths("total", (args[0],), f"{self.kind(step.op)}:{axes_text(step)}")

    def pull(self, step, bars):
        (x,), (z,), kind = step.inputs, step.outputs, self.kind(step.op)
        g, z = stretched(step, bars[0]), stretched(step, z)
        if kind == "sum":
            return [pt.second(x, g)]
        if kind == "prod" and not getattr(step.op, "no_zeros_in_input", False):
            return super().pull(step, bars)
        if kind == "prod":
            return [g * z / x]
        if kind in ("max", "min"):
            return [g * pt.cast(pt.eq(x, z), x.type.dtype)]
        return super().pull(step, bars)


def axes_text(step):
    """The axes of a reduction; nothing for all of them."""
    axis = step.op.axis
    every = axis is None or len(axis) == step.inputs[0].type.ndim
    return "" if every else ", ".join(map(str, axis))


def stretched(step, variable):
    """What a reduction made, with the axes that it took away."""
    axis = step.op.axis
    axes = range(step.inputs[0].type.ndim) if axis is None else axis
    return pt.expand_dims(variable, tuple(axes)) if len(tuple(axes)) else variable


class Mean(Notation):
    """A sum over its number of terms; :mod:`symgrad.explain.trace` joins the two."""

    law = "mean: every entry receives its share"

    def __init__(self, reduction, count):
        self.reduction, self.count = reduction, count

    def write(self, step, args):
        return Maths("total", (args[0],), f"mean:{axes_text(self._summed(step))}")

    def pull(self, step, bars):
        summed = self._summed(step)
        return [pt.second(step.inputs[0], stretched(summed, bars[0] / self.count))]

    def _summed(self, step):
        return Step(self.reduction, step.inputs, step.outputs)


@notation(Dot, blas.BatchedDot)
class Product(Notation):
    """Products of matrices, of stacks of them, and of vectors."""

    def law_of(self, step, position):
        return "product rule for matrices"

    def write(self, step, args):
        a, b = args
        return Maths("matmul", (a, Maths("transpose", (b,)) if _is_row(step.inputs[1]) else b))

    def pull(self, step, bars):
        (a, b), (g,) = step.inputs, bars
        if a.type.ndim == 1 and b.type.ndim == 1:
            return [g * b, g * a]
        if b.type.ndim == 1:
            return [pt.outer(g, b), pt.transpose(a) @ g]
        if a.type.ndim == 1:
            return [b @ g, pt.outer(a, g)]
        turned_a, turned_b = pt.swapaxes(a, -1, -2), pt.swapaxes(b, -1, -2)
        if g.type.shape == (1, 1):  # vectors, of which PyTensor makes a row and a column
            return [g * _turned(b), g * _turned(a)]
        return [unbroadcast(g @ turned_b, a), unbroadcast(turned_a @ g, b)]


def _turned(variable):
    """A row as a column, a column as a row."""
    node = variable.owner
    is_vector = node is not None and isinstance(node.op, DimShuffle) and node.inputs[0].ndim == 1
    if not is_vector:
        return pt.swapaxes(variable, -1, -2)
    return node.inputs[0].dimshuffle(*reversed(node.op.new_order))


def _is_row(variable):
    """Is this a vector that was made a matrix of one row?"""
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, DimShuffle)
        and node.op.new_order == ("x", 0)
        and node.inputs[0].type.ndim == 1
    )


@notation(DimShuffle)
class Shuffle(Notation):
    """Axes in another order; axes of length 1 are not worth a word."""

    law = "the same axes, back"

    def write(self, step, args):
        kept = [axis for axis in step.op.new_order if axis != "x"]
        if kept == sorted(kept):
            return args[0]
        if args[0].head == "transpose":
            return args[0].args[0]
        if kept[:-2] == sorted(kept[:-2]) and kept[-2:] == [kept[-1] + 1, kept[-1]]:
            return Maths("transpose", tuple(args))
        return call("transpose", args[0], *(number(axis) for axis in kept))

    def pull(self, step, bars):
        return [pt.cast(undo_shuffle(step, bars[0]), step.inputs[0].type.dtype)]


def undo_shuffle(step, variable):
    """A variable of the shape of the output, with the axes of the input."""
    order = step.op.new_order
    added = tuple(axis for axis, old in enumerate(order) if old == "x")
    kept = [old for old in order if old != "x"]
    squeezed = pt.squeeze(variable, axis=added) if added else variable
    back = [kept.index(old) if old in kept else "x" for old in range(step.inputs[0].type.ndim)]
    return squeezed.dimshuffle(*back) if back != list(range(squeezed.type.ndim)) else squeezed


def is_transparent(node):
    """Does the node only add or drop axes of length 1?"""
    if not isinstance(node.op, DimShuffle):
        return False
    kept = [axis for axis in node.op.new_order if axis != "x"]
    return kept == sorted(kept)


@notation(Reshape, JoinDims, SplitDims)
class Shape_(Notation):
    """The same entries in another shape."""

    law = "the same entries, back in the old shape"

    def write(self, step, args):
        return call("reshape", args[0])

    def pull(self, step, bars):
        x = step.inputs[0]
        back = pt.reshape(bars[0], x.shape, ndim=x.type.ndim)
        return [pt.specify_shape(back, x.type.shape), *[None] * (len(step.inputs) - 1)]


@notation(Softmax)
class SoftmaxOf(Notation):
    """Exponentials over their sum."""

    law = "derivative of softmax"

    def write(self, step, args):
        return call("softmax", args[0])

    def pull(self, step, bars):
        (z,), (g,) = step.outputs, bars
        return [z * (g - pt.sum(g * z, axis=step.op.axis, keepdims=True))]


@notation(LogSoftmax)
class LogSoftmaxOf(Notation):
    """Logarithms of softmax."""

    law = "derivative of log softmax"

    def write(self, step, args):
        return call("log_softmax", args[0])

    def pull(self, step, bars):
        (z,), (g,) = step.outputs, bars
        return [g - pt.exp(z) * pt.sum(g, axis=step.op.axis, keepdims=True)]


@notation(CumOp)
class Cumulative(Notation):
    """Running sums: each entry is in all sums behind it."""

    def law_of(self, step, position):
        return "running sum from the other end"

    def write(self, step, args):
        return call("cumsum" if step.op.mode == "add" else "cumprod", args[0])


@notation(MatrixInverse)
class Inverse(Notation):
    """The inverse of a matrix."""

    law = "derivative of the inverse"

    def write(self, step, args):
        return Maths("power", (args[0], Maths("negative", (number(1),))))

    def pull(self, step, bars):
        turned = pt.swapaxes(step.outputs[0], -1, -2)
        return [-(turned @ bars[0] @ turned)]


class Plain(Notation):
    """What is written as a function, and differentiated by the Op itself, under a law's name."""

    def __init__(self, name, law):
        self.name, self.law = name, law

    def write(self, step, args):
        return self.name(*args) if callable(self.name) else call(self.name, *args)


class Unread(Notation):
    """What passes no gradient."""

    law = "no gradient"

    def __init__(self, write):
        self._write = write

    def write(self, step, args):
        return self._write(step, args)

    def pull(self, step, bars):
        return [None] * len(step.inputs)


@notation(
    CheckAndRaise, CpuContiguous, Print, ScalarFromTensor, SpecifyShape, TensorFromScalar, ViewOp
)
class Same(Notation):
    """The first input, unchanged."""

    law = "identity"

    def write(self, step, args):
        return args[0]


def _joined(axis, *parts):
    return call("join", *parts)


_PLAIN = {
    Join: (_joined, "each part receives its part"),
    MakeVector: ("vector", "each part receives its part"),
    Split: (lambda x, *rest: call("split", x), "the parts, joined"),
    Alloc: (lambda value, *shape: value, "sum over the copies"),
    Repeat: ("repeat", "sum over the copies"),
    SortOp: (lambda x, *axis: call("sort", x), "every entry goes back to where it came from"),
    ExtractDiag: ("diag", "back to the diagonal"),
    AllocDiag: ("diag", "from the diagonal"),
    Det: ("det", "Jacobi's formula"),
    KroneckerProduct: ("kron", "product rule"),
    XLogY: ("xlogy", "product rule"),
    XLog1PY: ("xlog1py", "product rule"),
    Convolve1d: (lambda a, b, full: call("conv", a, b), "product rule for convolutions"),
    Convolve2d: (lambda a, b, full: call("conv", a, b), "product rule for convolutions"),
    GradScale: ("grad_scale", "scaled on the way back"),
    GradClip: ("grad_clip", "clipped on the way back"),
}
for _op, _entry in _PLAIN.items():
    notation(_op)(Plain(*_entry))


def _shape_of(step, args):
    whole = Maths("attribute", (args[0],), "shape")
    axis = getattr(step.op, "i", None)
    return whole if axis is None else Maths("index", (whole, number(axis)))


def _range(step, args):
    start, stop, stride = args
    plain = start == number(0) and stride == number(1)
    return call("arange", stop) if plain else call("arange", *args)


notation(Shape, Shape_i)(Unread(_shape_of))
notation(ARange)(Unread(_range))
notation(Argmax)(Unread(lambda step, args: call("argmax", args[0])))
notation(ArgSortOp)(Unread(lambda step, args: call("argsort", args[0])))
notation(Eye)(Unread(lambda step, args: call("eye", *args[:1])))
notation(Nonzero)(Unread(lambda step, args: call("nonzero", *args)))
notation(AllocEmpty)(Unread(lambda step, args: call("empty", *args)))
notation(DisconnectedGrad, ZeroGrad)(Unread(lambda step, args: call("constant", *args)))
