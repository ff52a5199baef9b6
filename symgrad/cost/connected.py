"""Connected, not non-zero: on which entries does this call's cost depend by structure?

A gradient of zero does not say that an entry was not used, and an unused entry has no history to
make. What is propagated here from the cost backwards is therefore not a derivative but a boolean:
through lookups, masks, `switch` and the winners of a maximum, entry by entry. Smooth functions and
products pass it on, also where their derivative happens to be zero.
"""

from functools import singledispatch

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Constant
from pytensor.graph.null_type import NullType
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


def connected(cost, wrt, masks=()):
    """Boolean mask of the entries of `wrt` on which the cost of a call depends by structure.

    Law, for a node ``z = f(x, ...)`` and ``c(z)``, the mask of z::

        c(x) = c(z) summed (any) to the shape of x        f smooth, elementwise; sums; products
        c(x) = c(z) and (factor != 0)                     z = x * factor, the factor being a mask
        c(x) = c(z) and condition                         z = switch(condition, x, y)
        c(x) = c(z) and (x == z)                          z = maximum(x, y), max over an axis
        c(x) = c(z) at the places that z took             z = x[index], join, reshape, ...
        c(x) = everything, if any of c(z)                 any other f

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, or list of variables
        Subsets, shared variables, or anything else that the cost is built from.
    masks : sequence of variables
        Factors of floats that are masks, too: where they are 0, they cut. Factors made of booleans
        or integers, and constants of zeros and ones, are known to be masks.

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
        if all(one is None for one in outputs):
            continue
        known = set(masks)
        for variable, mask in zip(node.inputs, back(node.op, node, outputs, known), strict=True):
            if mask is not None and _may_matter(variable):
                before = reach.get(variable)
                reach[variable] = mask if before is None else before | mask
    for one in wrt:
        if one not in reach:
            raise DisconnectedError(
                f"the cost {describe(cost)} does not depend on {describe(one)} through anything "
                "that has a gradient, so no entry of it is connected: leave it out"
            )
    return [reach[one] for one in wrt]


def _may_matter(variable):
    return getattr(variable.type, "dtype", None) not in discrete_dtypes and (
        variable.owner is None or passes_gradient(variable)
    )


@singledispatch
def back(op, node, outputs, masks):
    """Masks of the inputs of a node from those of its outputs; None for no dependence.

    The default knows nothing of the Op: an input matters with all its entries, if any output does.
    """
    if is_index_read(node) or is_index_write(node):
        return _linear(node, outputs)
    anything = _any([pt.any(mask) for mask in outputs if mask is not None])
    return [_full(variable, anything) for variable in node.inputs]


def _full(variable, flag):
    if not hasattr(variable.type, "dtype") or variable.type.dtype in discrete_dtypes:
        return None
    return pt.ones_like(variable, dtype=bool) & flag


def _any(masks):
    joined = masks[0]
    for mask in masks[1:]:
        joined = joined | mask
    return joined


def _linear(node, outputs):
    """A linear Op moves entries about: its pullback, applied to ones, says where they came from.

    A product is linear in each factor; the other one counts as full of ones.
    """
    inputs = [_ones(variable) for variable in node.inputs]
    replaced = node.clone_with_new_inputs(inputs, strict=False)
    cotangents = [
        pt.zeros_like(variable) if mask is None else pt.cast(mask, variable.type.dtype)
        for variable, mask in zip(node.outputs, outputs, strict=True)
    ]
    pulled = node.op.pullback(replaced.inputs, replaced.outputs, cotangents)
    return [
        None if isinstance(one.type, (DisconnectedType, NullType)) else pt.gt(one, 0)
        for one in pulled
    ]


def _ones(variable):
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
def back_blockwise(op, node, outputs, masks):
    """A product of batches of matrices is linear in each; of other batches nothing is known."""
    if isinstance(op.core_op, Dot):
        return _linear(node, outputs)
    return back.dispatch(object)(op, node, outputs, masks)


@back.register(Softmax)
@back.register(LogSoftmax)
def back_softmax(op, node, outputs, masks):
    """Each entry along the axis depends on all of them."""
    (mask,) = outputs
    return [pt.ones_like(mask) & pt.any(mask, axis=op.axis, keepdims=True)]


@back.register(CAReduce)
def back_reduce(op, node, outputs, masks):
    """A sum or product passes on to all it reduces, a maximum to the winners."""
    (x,), (mask,) = node.inputs, outputs
    axes = range(x.type.ndim) if op.axis is None else op.axis
    kept = iter(range(mask.type.ndim))
    order = ["x" if dim in axes else next(kept) for dim in range(x.type.ndim)]
    spread = pt.ones_like(x, dtype=bool) & mask.dimshuffle(*order)
    if isinstance(op.scalar_op, (scalar.ScalarMaximum, scalar.ScalarMinimum)):
        spread = spread & pt.eq(x, node.outputs[0].dimshuffle(*order))
    return [spread]


@back.register(Elemwise)
def back_elemwise(op, node, outputs, masks):
    """Elementwise: what the scalar function lets through, summed over broadcast dimensions."""
    mask = _any([one for one in outputs if one is not None])
    passed = back_scalar(op.scalar_op, node.inputs, mask, masks)
    return [
        None if one is None else _unbroadcast(mask & one, variable)
        for one, variable in zip(passed, node.inputs, strict=True)
    ]


def _unbroadcast(mask, variable):
    axes = tuple(dim for dim, size in enumerate(variable.type.shape) if size == 1)
    return pt.any(mask, axis=axes, keepdims=True) if axes else mask


@singledispatch
def back_scalar(op: ScalarOp, inputs, mask, masks):
    """Which results depend on which argument; a smooth function depends on all."""
    return [pt.ones_like(mask)] * len(inputs)


@back_scalar.register(scalar.Mul)
def back_mul(op, inputs, mask, masks):
    """A factor that is a mask cuts off the other factors where it is zero."""
    cuts = [pt.neq(one, 0) if is_mask(one, masks) else None for one in inputs]
    passed = []
    for k in range(len(inputs)):
        others = [cut for j, cut in enumerate(cuts) if j != k and cut is not None]
        passed.append(_all(others, mask))
    return passed


def _all(conditions, mask):
    together = pt.ones_like(mask)
    for condition in conditions:
        together = together & condition
    return together


@back_scalar.register(scalar.TrueDiv)
def back_div(op, inputs, mask, masks):
    """Zero over anything is zero: a mask above cuts off what is below."""
    above = _all([pt.neq(inputs[0], 0)] if is_mask(inputs[0], masks) else [], mask)
    return [pt.ones_like(mask), above]


@back_scalar.register(scalar.Switch)
def back_switch(op, inputs, mask, masks):
    """Only the branch that was taken."""
    chosen = pt.neq(inputs[0], 0)
    return [None, _all([chosen], mask), _all([~chosen], mask)]


@back_scalar.register(scalar.ScalarMaximum)
def back_maximum(op, inputs, mask, masks):
    """The winners, all of them where they are equal."""
    top = inputs[0]
    for one in inputs[1:]:
        top = pt.maximum(top, one)
    return [_all([pt.eq(one, top)], mask) for one in inputs]


@back_scalar.register(scalar.ScalarMinimum)
def back_minimum(op, inputs, mask, masks):
    """The winners, all of them where they are equal."""
    bottom = inputs[0]
    for one in inputs[1:]:
        bottom = pt.minimum(bottom, one)
    return [_all([pt.eq(one, bottom)], mask) for one in inputs]


@back_scalar.register(scalar.Clip)
def back_clip(op, inputs, mask, masks):
    """What lies within the limits; else the limit."""
    x, low, high = inputs
    return [
        _all([pt.ge(x, low), pt.le(x, high)], mask),
        _all([pt.le(x, low)], mask),
        _all([pt.ge(x, high)], mask),
    ]


@back_scalar.register(scalar.Second)
def back_second(op, inputs, mask, masks):
    """The first argument is a model of the shape only."""
    return [None, pt.ones_like(mask)]


@back_scalar.register(scalar.Sign)
@back_scalar.register(scalar.Floor)
@back_scalar.register(scalar.Ceil)
@back_scalar.register(scalar.RoundHalfToEven)
def back_steps(op, inputs, mask, masks):
    """A step function has no slope anywhere."""
    return [None] * len(inputs)


def is_mask(variable, masks=()):
    """Is the variable a mask by construction: made of booleans or integers, or said to be one?"""
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
        return all(is_mask(one, masks) for one in node.inputs)
    return False
