"""Connected, not non-zero: on which entries does the cost of a call depend by structure?

A gradient of zero does not mean that an entry was not used, and the slots of an unused entry should
not change. So the quantity that is propagated back from the cost here is not a derivative but a
boolean for each entry: through lookups, masks, `switch` and the winners of a maximum. Smooth
functions and products pass it on, even where their derivative happens to be zero.
"""

from collections.abc import Iterable, Sequence
from functools import reduce, singledispatch
from operator import and_, or_
from typing import Any, TypeAlias, overload

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.null_type import NullType
from pytensor.graph.op import Op
from pytensor.graph.traversal import io_toposort
from pytensor.scalar import basic as scalar
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.basic import Alloc, Join, MakeVector, Split
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.reshape import JoinDims, SplitDims
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax
from pytensor.tensor.type import discrete_dtypes

from symgrad.errors import DisconnectedError
from symgrad.graph.index_reads import describe, is_index_read, is_index_write
from symgrad.graph.walk import passes_gradient

__all__ = ["connected"]

# The boolean mask of a variable; None where the cost does not depend on it.
Mask: TypeAlias = Variable | None
Masks: TypeAlias = Sequence[Mask]
Known: TypeAlias = set[Variable]  # factors that are known to be masks


@overload
def connected(cost: Variable, wrt: Variable, masks: Iterable[Variable] = ()) -> Variable: ...
@overload
def connected(  # type: ignore[overload-cannot-match]  # only because Variable is untyped here
    cost: Variable, wrt: Sequence[Variable], masks: Iterable[Variable] = ()
) -> list[Variable]: ...
def connected(cost: Variable, wrt: Any, masks: Iterable[Variable] = ()) -> Any:
    """Boolean mask of the entries of `wrt` on which the cost of a call depends by structure.

    Law, for a node ``z = f(x, ...)`` and ``c(z)``, the mask of z::

        c(x) = c(z) reduced by any to the shape of x      f smooth, elementwise; sums; products
        c(x) = c(z) and (factor != 0)                     z = x * factor, the factor being a mask
        c(x) = c(z) and condition                         z = switch(condition, x, y)
        c(x) = c(z) and (x == z)                          z = maximum(x, y), max over an axis
        c(x) = c(z) at the entries that z took            z = x[index], join, reshape, ...
        c(x) = everything, if any entry of c(z)           any other f

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, or list of variables
        Subsets, shared variables, or anything else that the cost is built from.
    masks : sequence of variables
        Floating factors that are to count as masks: an entry is cut off where they are 0. Factors
        made of booleans or integers, and constants of zeros and ones, are known to be masks.

    Returns
    -------
    bool variable of the shape of `wrt`, or a list of them

    Raises
    ------
    DisconnectedError
        If the cost is not built from `wrt` at all.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> x, keep = pt.dvector("x"), pt.vector("keep", dtype="bool")
    >>> mask = sg.connected(((x * keep) ** 2).sum(), x)
    >>> mask.eval({x: [0.0, 2.0, 3.0], keep: [True, True, False]}).tolist()
    [True, True, False]
    >>> sg.connected(x.max() ** 2, x).eval({x: [1.0, 5.0, 2.0]}).tolist()
    [False, True, False]
    """
    if not isinstance(wrt, (list, tuple)):
        return connected(cost, [wrt], masks)[0]
    reach = {cost: pt.ones_like(cost, dtype=bool)}
    for node in reversed(list(io_toposort(wrt, [cost]))):
        outputs = [reach.get(output) for output in node.outputs]
        if all(mask is None for mask in outputs):
            continue
        inputs = back(node.op, node, outputs, set(masks))
        for variable, mask in zip(node.inputs, inputs, strict=True):
            if mask is not None and _may_matter(variable):
                before = reach.get(variable)
                reach[variable] = mask if before is None else before | mask
    for variable in wrt:
        if variable not in reach:
            raise DisconnectedError(
                f"the cost {describe(cost)} does not depend on {describe(variable)} through "
                "anything that has a gradient, so no entry of it is connected: leave it out"
            )
    return [reach[variable] for variable in wrt]


def _may_matter(variable: Variable) -> bool:
    """Can the cost depend on the variable in a way that has a gradient?"""
    return getattr(variable.type, "dtype", None) not in discrete_dtypes and (
        variable.owner is None or passes_gradient(variable)
    )


@singledispatch
def back(op: Op, node: Apply, outputs: Masks, masks: Known) -> Masks:
    """Masks of the inputs of a node from the masks of its outputs.

    The default knows nothing of the Op: every entry of an input matters if any entry of an output
    does.
    """
    if is_index_read(node) or is_index_write(node):
        return _linear(node, outputs)
    anything = _any([pt.any(mask) for mask in outputs if mask is not None])
    return [_full(variable, anything) for variable in node.inputs]


def _full(variable: Variable, flag: Variable) -> Mask:
    if not hasattr(variable.type, "dtype") or variable.type.dtype in discrete_dtypes:
        return None
    return pt.ones_like(variable, dtype=bool) & flag


def _any(masks: list[Variable]) -> Variable:
    return reduce(or_, masks)


def _linear(node: Apply, outputs: Masks) -> Masks:
    """The inputs of a linear Op: its pullback, applied to masks, says where entries came from.

    A product is linear in each of its factors, and the other factor counts as ones.
    """
    inputs = [_ones(variable) for variable in node.inputs]
    replaced = node.clone_with_new_inputs(inputs, strict=False)
    cotangents = [
        pt.zeros_like(variable) if mask is None else pt.cast(mask, variable.type.dtype)
        for variable, mask in zip(node.outputs, outputs, strict=True)
    ]
    pulled = node.op.pullback(replaced.inputs, replaced.outputs, cotangents)
    return [
        None if isinstance(count.type, (DisconnectedType, NullType)) else pt.gt(count, 0)
        for count in pulled
    ]


def _ones(variable: Variable) -> Variable:
    dtype = getattr(variable.type, "dtype", None)
    return variable if dtype is None or dtype in discrete_dtypes else pt.ones_like(variable)


_LINEAR = (
    DimShuffle,
    Reshape,
    JoinDims,
    SplitDims,
    Join,
    Split,
    Alloc,
    MakeVector,
    SpecifyShape,
    Dot,
)
for _op in _LINEAR:
    back.register(_op, lambda op, node, outputs, masks: _linear(node, outputs))


@back.register(Blockwise)
def back_blockwise(op: Op, node: Apply, outputs: Masks, masks: Known) -> Masks:
    """A batched product of matrices is linear in each; other batched Ops are unknown."""
    if isinstance(op.core_op, Dot):
        return _linear(node, outputs)
    return back.dispatch(object)(op, node, outputs, masks)


@back.register(Softmax)
@back.register(LogSoftmax)
def back_softmax(op: Op, node: Apply, outputs: Masks, masks: Known) -> Masks:
    """Each entry along the axis depends on all of them."""
    (mask,) = outputs
    return [pt.ones_like(mask) & pt.any(mask, axis=op.axis, keepdims=True)]


@back.register(CAReduce)
def back_reduce(op: Op, node: Apply, outputs: Masks, masks: Known) -> Masks:
    """A sum or product passes on to all entries that it reduces, a maximum to the winners."""
    (x,), mask = node.inputs, _any([mask for mask in outputs if mask is not None])
    axes = range(x.type.ndim) if op.axis is None else op.axis
    kept = iter(range(mask.type.ndim))
    order = ["x" if dim in axes else next(kept) for dim in range(x.type.ndim)]
    spread = pt.ones_like(x, dtype=bool) & mask.dimshuffle(*order)
    if isinstance(op.scalar_op, (scalar.ScalarMaximum, scalar.ScalarMinimum)):
        spread = spread & pt.eq(x, node.outputs[0].dimshuffle(*order))
    return [spread]


@back.register(Elemwise)
def back_elemwise(op: Op, node: Apply, outputs: Masks, masks: Known) -> Masks:
    """What the scalar function lets through, reduced over the broadcast dimensions."""
    mask = _any([mask for mask in outputs if mask is not None])
    passed = back_scalar(op.scalar_op, node.inputs, mask, masks)
    return [
        None if condition is None else _unbroadcast(mask & condition, variable)
        for condition, variable in zip(passed, node.inputs, strict=True)
    ]


def _unbroadcast(mask: Variable, variable: Variable) -> Variable:
    axes = tuple(dim for dim, size in enumerate(variable.type.shape) if size == 1)
    return pt.any(mask, axis=axes, keepdims=True) if axes else mask


@singledispatch
def back_scalar(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """For each argument, which results depend on it; a smooth function depends on all of them."""
    return [pt.ones_like(mask)] * len(inputs)


@back_scalar.register(scalar.Mul)
def back_mul(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """A factor that is a mask cuts off the other factors where it is zero."""
    cuts = [pt.neq(factor, 0) if is_mask(factor, masks) else None for factor in inputs]
    passed = []
    for k in range(len(inputs)):
        others = [cut for j, cut in enumerate(cuts) if j != k and cut is not None]
        passed.append(_all(others, mask))
    return passed


def _all(conditions: Sequence[Variable], mask: Variable) -> Variable:
    """All conditions at once, of the shape of `mask`."""
    return reduce(and_, conditions, pt.ones_like(mask))


@back_scalar.register(scalar.TrueDiv)
def back_div(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """A numerator that is a mask cuts off the denominator where it is zero."""
    numerator = inputs[0]
    conditions = [pt.neq(numerator, 0)] if is_mask(numerator, masks) else []
    return [pt.ones_like(mask), _all(conditions, mask)]


@back_scalar.register(scalar.Switch)
def back_switch(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """Only the branch that was taken."""
    chosen = pt.neq(inputs[0], 0)
    return [None, _all([chosen], mask), _all([~chosen], mask)]


@back_scalar.register(scalar.ScalarMaximum)
def back_maximum(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """The winners, all of them where they are equal."""
    return _winners(inputs, reduce(pt.maximum, inputs), mask)


@back_scalar.register(scalar.ScalarMinimum)
def back_minimum(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """The winners, all of them where they are equal."""
    return _winners(inputs, reduce(pt.minimum, inputs), mask)


def _winners(inputs: Sequence[Variable], best: Variable, mask: Variable) -> Masks:
    return [_all([pt.eq(argument, best)], mask) for argument in inputs]


@back_scalar.register(scalar.Clip)
def back_clip(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """The argument where it lies within the limits, else the limit."""
    x, low, high = inputs
    return [
        _all([pt.ge(x, low), pt.le(x, high)], mask),
        _all([pt.le(x, low)], mask),
        _all([pt.ge(x, high)], mask),
    ]


@back_scalar.register(scalar.Second)
def back_second(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """The first argument gives only the shape."""
    return [None, pt.ones_like(mask)]


@back_scalar.register(scalar.Sign)
@back_scalar.register(scalar.Floor)
@back_scalar.register(scalar.Ceil)
@back_scalar.register(scalar.RoundHalfToEven)
def back_steps(op: ScalarOp, inputs: Sequence[Variable], mask: Variable, masks: Known) -> Masks:
    """A step function has no slope anywhere."""
    return [None] * len(inputs)


def is_mask(variable: Variable, masks: Iterable[Variable] = ()) -> bool:
    """Is the variable a mask: made of booleans or integers, or among `masks`?"""
    if variable in masks or getattr(variable.type, "dtype", None) in discrete_dtypes:
        return True
    if isinstance(variable, Constant):
        return variable.type.ndim > 0 and bool(np.isin(variable.data, (0, 1)).all())
    node = variable.owner
    if node is None:
        return False
    if isinstance(node.op, (DimShuffle, Reshape, Alloc)) or is_index_read(node):
        return is_mask(node.inputs[0], masks)
    if isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, (scalar.Cast, scalar.Mul)):
        return all(is_mask(factor, masks) for factor in node.inputs)
    return False
