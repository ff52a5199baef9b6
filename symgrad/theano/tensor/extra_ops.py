"""``theano.tensor.extra_ops``: cumulative sums, repeats, one-hot rows and more."""

import pytensor.tensor as pt
from pytensor.tensor import extra_ops

from symgrad.theano.gof.op import StandsFor
from symgrad.theano.names import forward
from symgrad.theano.tensor.basic import squeeze as squeeze


def to_one_hot(y, nb_class, dtype=None):
    """A matrix of zeros with a 1 in each row, at the column that the integer vector `y` gives."""
    zeros = pt.zeros((y.shape[0], nb_class), dtype=dtype)
    return pt.set_subtensor(zeros[pt.arange(y.shape[0]), y], 1)


def repeat(x, repeats, axis=None):
    """`x` with its entries repeated along an axis; see :func:`numpy.repeat`."""
    return extra_ops.repeat(x, repeats, axis)


def compress(condition, x, axis=None):
    """The entries of `x` along an axis where `condition` holds."""
    return extra_ops.compress(condition, x, axis=axis)


def unravel_index(indices, dims, order="C", ndim=None):
    """Flat indices as a tuple with indices for each axis; `ndim` is the older length of `dims`."""
    dims = dims if ndim is None else pt.specify_shape(dims, (ndim,))
    return extra_ops.unravel_index(indices, dims, order=order)


class CumOp(metaclass=StandsFor):
    """``CumOp(axis=None, mode="add")(x)``: cumulative sums along an axis, or products ("mul")."""

    ops = (extra_ops.CumOp,)

    def __init__(self, axis=None, mode="add"):
        if mode not in ("add", "mul"):
            raise ValueError(f'CumOp: mode is {mode!r}, give "add" or "mul"')
        self.axis, self.mode = axis, mode

    def __call__(self, x):
        return (pt.cumsum if self.mode == "add" else pt.cumprod)(x, self.axis)


class CumsumOp(CumOp):
    """``CumsumOp(axis=None)(x)``: :func:`cumsum`."""

    def __init__(self, axis=None):
        super().__init__(axis, "add")


class CumprodOp(CumOp):
    """``CumprodOp(axis=None)(x)``: :func:`cumprod`."""

    def __init__(self, axis=None):
        super().__init__(axis, "mul")


class RepeatOp(metaclass=StandsFor):
    """``RepeatOp(axis=None)(x, repeats)``: :func:`repeat`."""

    ops = (extra_ops.Repeat,)

    def __init__(self, axis=None):
        self.axis = axis

    def __call__(self, x, repeats):
        return repeat(x, repeats, self.axis)


class Unique(metaclass=StandsFor):
    """``Unique(...)(x)``: the distinct entries of `x`, or its distinct slices along an axis.

    Parameters
    ----------
    return_index, return_inverse, return_counts : bool
        As in :func:`numpy.unique`; with any of them a list is returned.
    axis : int, optional
    """

    ops = (extra_ops.Unique,)

    def __init__(self, return_index=False, return_inverse=False, return_counts=False, axis=None):
        self.return_index, self.return_inverse = return_index, return_inverse
        self.return_counts, self.axis = return_counts, axis

    def __call__(self, x, **options):
        x, axis = pt.as_tensor_variable(x), self.axis
        if axis is not None and not -x.ndim <= axis < x.ndim:
            raise RuntimeError(f"Unique: there is no axis {axis} among {x.ndim} dimensions")
        axis = axis if axis is None else axis % x.ndim
        asked = (self.return_index, self.return_inverse, self.return_counts)
        return extra_ops.Unique(*asked, axis)(x, **options)


class DiffOp:
    """``DiffOp(n=1, axis=-1)(x)``: :func:`diff`."""

    def __init__(self, n=1, axis=-1):
        self.n, self.axis = n, axis

    def __call__(self, x):
        return extra_ops.diff(x, self.n, self.axis)


__getattr__ = forward("theano.tensor.extra_ops", "pytensor.tensor.extra_ops")
