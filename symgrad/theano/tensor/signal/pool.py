"""Pooling (``theano.tensor.signal.pool``)."""

import warnings

from symgrad.spatial.pooling import ops
from symgrad.spatial.pooling.windows import pooled_shape

__all__ = [
    "AveragePoolGrad",
    "DownsampleFactorMaxGradGrad",
    "MaxPoolGrad",
    "Pool",
    "max_pool_2d_same_size",
    "pool_2d",
    "pool_3d",
]


def _new_name(function, old_name, old, name, value, absent=(None,)):
    """The value of a keyword that once had another name."""
    if old is None:
        return value
    if value not in absent:
        raise ValueError(f"{function}: {old_name} is the old name of {name}: give {name} only")
    warnings.warn(f"{function}: {old_name} is the old name of {name}", stacklevel=3)
    return old


class _PoolOp(ops.PoolOp):
    """What Theano called an attribute of all these Ops."""

    @property
    def ndim(self):
        return self.n_axes


class Pool(_PoolOp, ops.Pool):
    """``(x, ws, stride, pad) -> pooled``."""

    def __init__(self, ignore_border=False, mode="max", ndim=2, openmp=None):
        mode = "max" if mode == "max_deterministic" else mode
        super().__init__(ignore_border, mode, ndim)

    @staticmethod
    def out_shape(
        imgshape,
        ws=None,
        ignore_border=False,
        stride=None,
        pad=None,
        ndim=2,
        ds=None,
        st=None,
        padding=None,
    ):
        """The shape of the output, from numbers or symbolic lengths."""
        ndim = 2 if ndim is None else ndim
        ws = _new_name("out_shape", "ds", ds, "ws", ws)
        stride = _new_name("out_shape", "st", st, "stride", stride)
        pad = _new_name("out_shape", "padding", padding, "pad", pad, (None, (0,) * ndim))
        if ws is None:
            raise ValueError("You must provide a tuple value for the window size.")
        if len(imgshape) < ndim:
            raise TypeError(f"imgshape must have at least {ndim} dimensions")
        stride = ws if stride is None else stride
        pad = (0,) * ndim if pad is None else pad
        ws, stride, pad = ([vector[axis] for axis in range(ndim)] for vector in (ws, stride, pad))
        return pooled_shape(imgshape, ws, stride, pad, ignore_border)


class MaxPoolGrad(_PoolOp, ops.MaxPoolGradient):
    """``(x, pooled, gradient at pooled, ws, stride, pad) -> gradient at x``."""

    def __init__(self, ignore_border, ndim=2, openmp=None):
        super().__init__(ignore_border, ndim)


class AveragePoolGrad(_PoolOp, ops.AveragePoolGradient):
    """``(x, gradient at pooled, ws, stride, pad) -> gradient at x``, for sums and averages."""

    def __init__(self, ignore_border, mode="average_inc_pad", ndim=2):
        super().__init__(ignore_border, mode, ndim)


class DownsampleFactorMaxGradGrad(_PoolOp, ops.MaxPoolGather):
    """``(x, pooled, values like x, ws, stride, pad) -> their sum where x is the maximum``."""

    def __init__(self, ignore_border, mode="max", ndim=2, openmp=None):
        super().__init__(ignore_border, mode, ndim)


_PoolOp.family = ops.Family(Pool, MaxPoolGrad, AveragePoolGrad, DownsampleFactorMaxGradGrad)


def max_pool_2d_same_size(input, patch_size):
    """The input with all but the maxima of its patches set to zero.

    Parameters
    ----------
    input : variable, pooled over its last two axes
    patch_size : pair of int

    Returns
    -------
    variable of the shape of `input`
    """
    pooled = Pool(True)(input, patch_size)
    return MaxPoolGrad(True)(input, pooled, pooled, patch_size)


def pool_2d(
    input,
    ws=None,
    ignore_border=None,
    stride=None,
    pad=(0, 0),
    mode="max",
    ds=None,
    st=None,
    padding=None,
):
    """Reduce windows of the last two axes to their maximum, sum or average.

    Parameters
    ----------
    input : variable of 2 or more dimensions
    ws : pair of int, or integer vector
        The window: rows and columns.
    ignore_border : bool
        True leaves out windows that reach over the end; None is False, with a warning.
    stride : pair of int
        From one window to the next; the window itself if not given.
    pad : pair of int
        Rows and columns before and after the image, which only 'average_inc_pad' counts.
    mode : 'max', 'sum', 'average_inc_pad' or 'average_exc_pad'
    ds, st, padding
        Old names of `ws`, `stride` and `pad`.

    Returns
    -------
    variable
        The last two axes are pooled.

    Notes
    -----
    Values of Theano 1.0.5: all entries that equal the maximum of a window get its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.theano.tensor.signal.pool import pool_2d
    >>> pool_2d(np.arange(12.0).reshape(3, 4), (2, 2), ignore_border=False).eval().tolist()
    [[5.0, 7.0], [9.0, 11.0]]
    """
    return _pool(2, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def pool_3d(
    input,
    ws=None,
    ignore_border=None,
    stride=None,
    pad=(0, 0, 0),
    mode="max",
    ds=None,
    st=None,
    padding=None,
):
    """Reduce windows of the last three axes: :func:`pool_2d` with one more axis."""
    return _pool(3, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def _pool(ndim, input, ws, ignore_border, stride, pad, mode, ds, st, padding):
    name = f"pool_{ndim}d"
    ws = _new_name(name, "ds", ds, "ws", ws)
    stride = _new_name(name, "st", st, "stride", stride)
    pad = _new_name(name, "padding", padding, "pad", pad, (None, (0,) * ndim))
    if ws is None:
        raise ValueError("You must provide a tuple value for the window size.")
    if input.ndim < ndim:
        raise NotImplementedError(f"{name} requires a dimension >= {ndim}")
    if ignore_border is None:
        warnings.warn(f"{name}: ignore_border is not given, False is used", stacklevel=3)
        ignore_border = False
    return Pool(ignore_border, ndim=ndim, mode=mode)(input, ws, stride, pad)
