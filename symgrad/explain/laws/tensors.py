"""The notations of tensor Ops: reductions, products, shapes, and functions of whole rows."""

from collections.abc import Callable
from typing import cast

import pytensor.tensor as pt
from pytensor.compile.ops import ViewOp
from pytensor.gradient import DisconnectedGrad, GradClip, GradScale, ZeroGrad
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
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
from pytensor.tensor.variable import TensorVariable

from symgrad.explain.laws.notation import Notation, Step, unbroadcast
from symgrad.explain.maths import Maths, call, number

__all__ = ["TENSORS", "Mean", "is_transparent", "undo_shuffle"]


class Reduction(Notation):
    """Sum, product, maximum, and other reductions over axes."""

    kinds = {scalar.Add: "sum", scalar.Mul: "prod", scalar.Maximum: "max", scalar.Minimum: "min"}
    kinds |= {scalar.AND: "all", scalar.OR: "any"}
    laws = {
        "sum": "sum rule: every entry receives it",
        "prod": "product rule: the product of the others",
        "max": "the largest entry receives it",
        "min": "the smallest entry receives it",
    }

    def kind(self, op: CAReduce) -> str:
        """The name of the reduction; nothing for an unknown one."""
        return next(
            (name for kind, name in self.kinds.items() if isinstance(op.scalar_op, kind)), ""
        )

    def law_of(self, step, position):
        return self.laws.get(self.kind(step.op)) or super().law_of(step, position)

    def write(self, step, args):
        return Maths("total", (args[0],), f"{self.kind(step.op)}:{_axes_text(step)}")

    def pull(self, step, bars):
        (x,), (z,), kind = step.inputs, step.outputs, self.kind(step.op)
        g, z = _stretched(step, bars[0]), _stretched(step, z)
        if kind == "sum":
            return [pt.second(x, g)]
        if kind == "prod" and getattr(step.op, "no_zeros_in_input", False):
            return [g * z / x]
        if kind in ("max", "min"):
            return [g * pt.cast(pt.eq(x, z), x.type.dtype)]
        return super().pull(step, bars)


def _axes_text(step):
    """The axes of a reduction; nothing if it reduces all of them."""
    axis = step.op.axis
    is_over_all = axis is None or len(axis) == step.inputs[0].type.ndim
    return "" if is_over_all else ", ".join(map(str, axis))


def _stretched(step, variable):
    """A result of a reduction, with the reduced axes put back."""
    axis = step.op.axis
    axes = tuple(range(step.inputs[0].type.ndim) if axis is None else axis)
    return pt.expand_dims(variable, axes) if axes else variable


class Mean(Notation):
    """A sum divided by its number of terms. The reverse pass joins the two steps.

    Parameters
    ----------
    reduction : Op
        The sum.
    count : variable
        The number of its terms.
    """

    law = "mean: every entry receives its share"

    def __init__(self, reduction: Op, count: Variable) -> None:
        self.reduction, self.count = reduction, count

    def write(self, step, args):
        return Maths("total", (args[0],), f"mean:{_axes_text(self._sum(step))}")

    def pull(self, step, bars):
        return [pt.second(step.inputs[0], _stretched(self._sum(step), bars[0] / self.count))]

    def _sum(self, step):
        return Step(self.reduction, step.inputs, step.outputs)


class MatrixProduct(Notation):
    """Products of matrices, of stacks of matrices, and of vectors."""

    law = "product rule for matrices"

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
        if g.type.shape == (1, 1):  # vectors, which PyTensor made a row and a column
            return [g * _transposed(b), g * _transposed(a)]
        a_transposed, b_transposed = pt.swapaxes(a, -1, -2), pt.swapaxes(b, -1, -2)
        return [unbroadcast(g @ b_transposed, a), unbroadcast(a_transposed @ g, b)]


def _transposed(variable):
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


class Shuffle(Notation):
    """Axes in another order. Axes of length 1 that are added or dropped are not written."""

    law = "the axes, back in their old order"

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


def undo_shuffle(step: Step | Apply, variable: TensorVariable) -> TensorVariable:
    """A variable with the axes of a shuffle's output, brought to the axes of its input."""
    order = cast(DimShuffle, step.op).new_order
    added = tuple(axis for axis, source in enumerate(order) if source == "x")
    kept = [source for source in order if source != "x"]
    squeezed = pt.squeeze(variable, axis=added) if added else variable
    ndim = step.inputs[0].type.ndim
    back = [kept.index(axis) if axis in kept else "x" for axis in range(ndim)]
    return squeezed.dimshuffle(*back) if back != list(range(squeezed.type.ndim)) else squeezed


def is_transparent(node: Apply) -> bool:
    """Does the node only add or drop axes of length 1?"""
    if not isinstance(node.op, DimShuffle):
        return False
    kept = [axis for axis in node.op.new_order if axis != "x"]
    return kept == sorted(kept)


class Reshaping(Notation):
    """The same entries in another shape."""

    law = "the same entries, back in the old shape"

    def write(self, step, args):
        return call("reshape", args[0])

    def pull(self, step, bars):
        x = step.inputs[0]
        back = pt.reshape(bars[0], x.shape, ndim=x.type.ndim)
        return [pt.specify_shape(back, x.type.shape), *[None] * (len(step.inputs) - 1)]


class SoftmaxNotation(Notation):
    """Exponentials over their sum."""

    law = "derivative of softmax"

    def write(self, step, args):
        return call("softmax", args[0])

    def pull(self, step, bars):
        (z,), (g,) = step.outputs, bars
        return [z * (g - pt.sum(g * z, axis=step.op.axis, keepdims=True))]


class LogSoftmaxNotation(Notation):
    """Logarithms of softmax."""

    law = "derivative of log softmax"

    def write(self, step, args):
        return call("log_softmax", args[0])

    def pull(self, step, bars):
        (z,), (g,) = step.outputs, bars
        return [g - pt.exp(z) * pt.sum(g, axis=step.op.axis, keepdims=True)]


class Inverse(Notation):
    """The inverse of a matrix."""

    law = "derivative of the inverse"

    def write(self, step, args):
        return Maths("power", (args[0], Maths("negative", (number(1),))))

    def pull(self, step, bars):
        transposed = pt.swapaxes(step.outputs[0], -1, -2)
        return [-(transposed @ bars[0] @ transposed)]


class Cumulative(Notation):
    """Running sums and products. An entry is part of all results from its place on."""

    law = "running sum from the other end"

    def write(self, step, args):
        return call("cumsum" if step.op.mode == "add" else "cumprod", args[0])


class ByPyTensor(Notation):
    """An Op that is differentiated by its own pullback, under the name of a law.

    Parameters
    ----------
    spelling : str or callable
        The function's name, or a function from the formulas of the inputs to the formula.
    law : str
    """

    def __init__(self, spelling: str | Callable[..., Maths], law: str) -> None:
        self.spelling, self.law = spelling, law

    def write(self, step, args):
        if isinstance(self.spelling, str):
            return call(self.spelling, *args)
        return self.spelling(*args)


class WithoutGradient(Notation):
    """An Op that passes no gradient.

    Parameters
    ----------
    spelling : callable
        ``(step, args)`` -> the formula.
    """

    law = "no gradient"

    def __init__(self, spelling: Callable[..., Maths]) -> None:
        self.spelling = spelling

    def write(self, step, args):
        return self.spelling(step, args)

    def pull(self, step, bars):
        return [None] * len(step.inputs)


class FirstInput(Notation):
    """The first input, unchanged."""

    law = "identity"

    def write(self, step, args):
        return args[0]


def _named(name, count=None):
    """The first arguments, or all, of a function."""
    return lambda *args: call(name, *args[:count])


def _write_shape(step, args):
    shape = Maths("attribute", (args[0],), "shape")
    axis = getattr(step.op, "i", None)
    return shape if axis is None else Maths("index", (shape, number(axis)))


def _write_range(step, args):
    start, stop, stride = args
    is_plain = start == number(0) and stride == number(1)
    return call("arange", stop) if is_plain else call("arange", *args)


def _write_call(name, count=None):
    return lambda step, args: call(name, *args[:count])


TENSORS: dict[type[Op], Notation] = {
    # Reductions, products and functions of rows.
    CAReduce: Reduction(),
    **dict.fromkeys((Dot, blas.BatchedDot), MatrixProduct()),
    Softmax: SoftmaxNotation(),
    LogSoftmax: LogSoftmaxNotation(),
    CumOp: Cumulative(),
    MatrixInverse: Inverse(),
    # Axes and shapes.
    DimShuffle: Shuffle(),
    **dict.fromkeys((Reshape, JoinDims, SplitDims), Reshaping()),
    **dict.fromkeys(
        (
            CheckAndRaise, CpuContiguous, Print, ScalarFromTensor, SpecifyShape,
            TensorFromScalar, ViewOp,
        ),
        FirstInput(),
    ),
    # Differentiated by PyTensor, under a law's name.
    Join: ByPyTensor(lambda axis, *parts: call("join", *parts), "each part receives its share"),
    MakeVector: ByPyTensor("vector", "each part receives its share"),
    Split: ByPyTensor(_named("split", 1), "the parts, joined again"),
    Alloc: ByPyTensor(lambda value, *shape: value, "sum over the copies"),
    Repeat: ByPyTensor("repeat", "sum over the copies"),
    SortOp: ByPyTensor(_named("sort", 1), "every entry goes back to where it came from"),
    ExtractDiag: ByPyTensor("diag", "back to the diagonal"),
    AllocDiag: ByPyTensor("diag", "from the diagonal"),
    Det: ByPyTensor("det", "Jacobi's formula"),
    KroneckerProduct: ByPyTensor("kron", "product rule"),
    XLogY: ByPyTensor("xlogy", "product rule"),
    XLog1PY: ByPyTensor("xlog1py", "product rule"),
    **dict.fromkeys(
        (Convolve1d, Convolve2d),
        ByPyTensor(_named("conv", 2), "product rule for convolutions"),
    ),
    GradScale: ByPyTensor("grad_scale", "scaled on the way back"),
    GradClip: ByPyTensor("grad_clip", "clipped on the way back"),
    # Without a gradient.
    **dict.fromkeys((Shape, Shape_i), WithoutGradient(_write_shape)),
    ARange: WithoutGradient(_write_range),
    Argmax: WithoutGradient(_write_call("argmax", 1)),
    ArgSortOp: WithoutGradient(_write_call("argsort", 1)),
    Eye: WithoutGradient(_write_call("eye", 1)),
    Nonzero: WithoutGradient(_write_call("nonzero")),
    AllocEmpty: WithoutGradient(_write_call("empty")),
    **dict.fromkeys((DisconnectedGrad, ZeroGrad), WithoutGradient(_write_call("constant"))),
}  # fmt: skip
