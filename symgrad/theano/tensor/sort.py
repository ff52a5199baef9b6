"""``theano.tensor.sort``: sorted entries, their positions, and the k largest."""

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.sort import ArgSortOp as PyTensorArgSortOp
from pytensor.tensor.sort import SortOp as PyTensorSortOp
from pytensor.tensor.type import integer_dtypes

from symgrad.theano.gof.op import StandsFor
from symgrad.theano.names import forward


def sort(a, axis=-1, kind="quicksort", order=None):
    """`a` sorted along an axis, or all its entries sorted; see :func:`numpy.sort`."""
    return _along(pt.sort, a, axis, kind, order)


def argsort(a, axis=-1, kind="quicksort", order=None):
    """The order that sorts `a`; see :func:`numpy.argsort`."""
    return _along(pt.argsort, a, axis, kind, order)


def _along(function, a, axis, kind, order):
    """Sort along an axis that may be symbolic, and may be a float."""
    a = pt.as_tensor_variable(a)
    if not isinstance(axis, Variable) or isinstance(axis, Constant):
        return function(a, axis, kind, order)
    axis = pt.cast(axis, "int64")
    axis = pt.switch(axis < 0, axis + a.ndim, axis)
    check = CheckAndRaise(ValueError, f"the axis of a sort is not one of {a.ndim}")
    axis = check(axis, pt.ge(axis, 0), pt.lt(axis, a.ndim))
    result = function(a, 0, kind, order)
    for number in range(1, a.ndim):
        result = pt.switch(pt.eq(axis, number), function(a, number, kind, order), result)
    return result


class SortOp(metaclass=StandsFor):
    """``SortOp(kind)(input, axis=-1)``: :func:`sort`."""

    function = staticmethod(sort)
    ops: tuple[type, ...] = (PyTensorSortOp,)

    def __init__(self, kind, order=None):
        self.kind, self.order = kind, order

    def __eq__(self, other):
        same = type(self) is type(other)
        return same and (self.kind, self.order) == (other.kind, other.order)

    def __hash__(self):
        return hash((type(self), self.kind))

    def __call__(self, input, axis=-1):
        return self.function(input, axis, self.kind, self.order or None)


class ArgSortOp(SortOp):
    """``ArgSortOp(kind)(input, axis=-1)``: :func:`argsort`."""

    function, ops = staticmethod(argsort), (PyTensorArgSortOp,)


def topk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """The `kth` largest entries along an axis, ascending; the smallest if `kth` is negative."""
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[0]


def argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """The positions of the entries of :func:`topk`."""
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[1]


def topk_and_argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """The results of :func:`topk` and :func:`argtopk`."""
    if idx_dtype not in integer_dtypes:
        raise TypeError(f'"idx_dtype" parameter must be an integer dtype, got "{idx_dtype}"')
    x = pt.as_tensor_variable(x)
    if axis is None:
        x, axis = x.flatten(), 0
    axis %= x.ndim
    order = pt.argsort(x, axis=axis)
    if hasattr(kth, "type"):
        length = x.shape[axis]
        part = slice(pt.switch(kth > 0, length - kth, 0), pt.switch(kth > 0, length, -kth))
    else:
        part = slice(-kth, None) if kth > 0 else slice(None, -kth)
    positions = order[(slice(None),) * axis + (part,)]
    return pt.take_along_axis(x, positions, axis), pt.cast(positions, idx_dtype)


__getattr__ = forward("theano.tensor.sort", "pytensor.tensor.sort")
