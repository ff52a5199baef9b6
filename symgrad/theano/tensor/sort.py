"""``theano.tensor.sort``: sorted entries, their places, and the largest few."""

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.sort import ArgSortOp as PyTensorArgSortOp
from pytensor.tensor.sort import SortOp as PyTensorSortOp
from pytensor.tensor.type import integer_dtypes

from symgrad.theano.gof.op import StandsFor
from symgrad.theano.names import forward


def sort(a, axis=-1, kind="quicksort", order=None):
    """`a` sorted along an axis, or all of it; see :func:`numpy.sort`."""
    return _along(pt.sort, a, axis, kind, order)


def argsort(a, axis=-1, kind="quicksort", order=None):
    """The order that sorts `a`; see :func:`numpy.argsort`."""
    return _along(pt.argsort, a, axis, kind, order)


def _along(function, a, axis, kind, order):
    """Theano took an axis that only a call tells, and that is a float, too."""
    a = pt.as_tensor_variable(a)
    if not isinstance(axis, Variable) or isinstance(axis, Constant):
        return function(a, axis, kind, order)
    axis = pt.cast(axis, "int64")
    axis = pt.switch(axis < 0, axis + a.ndim, axis)
    check = CheckAndRaise(ValueError, f"the axis of a sort is not one of {a.ndim}")
    axis, found = check(axis, pt.ge(axis, 0), pt.lt(axis, a.ndim)), function(a, 0, kind, order)
    for k in range(1, a.ndim):
        found = pt.switch(pt.eq(axis, k), function(a, k, kind, order), found)
    return found


class SortOp(metaclass=StandsFor):
    """``SortOp(kind)(input, axis=-1)``: :func:`sort`."""

    function, ops = staticmethod(sort), (PyTensorSortOp,)

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
    """Where the entries of :func:`topk` are."""
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[1]


def topk_and_argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """What :func:`topk` and :func:`argtopk` return."""
    if idx_dtype not in integer_dtypes:
        raise TypeError(f'"idx_dtype" parameter must be an integer dtype, got "{idx_dtype}"')
    x = pt.as_tensor_variable(x)
    if axis is None:
        x, axis = x.flatten(), 0
    axis %= x.ndim
    order = pt.argsort(x, axis=axis)
    wanted = slice(-kth, None) if not hasattr(kth, "type") and kth > 0 else slice(None, -kth)
    if hasattr(kth, "type"):
        length = x.shape[axis]
        wanted = slice(pt.switch(kth > 0, length - kth, 0), pt.switch(kth > 0, length, -kth))
    places = order[(slice(None),) * axis + (wanted,)]
    return pt.take_along_axis(x, places, axis), pt.cast(places, idx_dtype)


__getattr__ = forward("theano.tensor.sort", "pytensor.tensor.sort")
