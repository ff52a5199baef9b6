"""``theano.tensor.sort``: sorted entries, their places, and the largest few."""

import pytensor.tensor as pt
from pytensor.tensor.type import integer_dtypes

from symgrad.theano.names import forward

sort, argsort = pt.sort, pt.argsort


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
