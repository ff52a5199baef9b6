"""``theano.tensor.extra_ops``: sums that run, repeats, one-hot rows and more."""

import pytensor.tensor as pt
from pytensor.tensor import extra_ops

from symgrad.theano.names import forward
from symgrad.theano.tensor.basic import squeeze as squeeze


def to_one_hot(y, nb_class, dtype=None):
    """A matrix with a 1 in each row where the integer vector `y` says."""
    ret = pt.zeros((y.shape[0], nb_class), dtype=dtype)
    return pt.set_subtensor(ret[pt.arange(y.shape[0]), y], 1)


def repeat(x, repeats, axis=None):
    """`x` with its entries repeated along an axis; see :func:`numpy.repeat`."""
    return extra_ops.repeat(x, repeats, axis)


def compress(condition, x, axis=None):
    """The entries of `x` along an axis where `condition` holds."""
    return extra_ops.compress(condition, x, axis=axis)


def unravel_index(indices, dims, order="C", ndim=None):
    """Flat indices as a tuple of indices for each axis; `ndim` is the older way to say how many."""
    return extra_ops.unravel_index(indices, dims, order=order)


RENAMED = {"RepeatOp": "Repeat", "CumsumOp": "CumOp", "CumprodOp": "CumOp"}

__getattr__ = forward("theano.tensor.extra_ops", "pytensor.tensor.extra_ops", renamed=RENAMED)
