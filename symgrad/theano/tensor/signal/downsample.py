"""The old names of pooling (``theano.tensor.signal.downsample``)."""

from symgrad.theano.tensor.signal import pool
from symgrad.theano.tensor.signal.pool import max_pool_2d_same_size

__all__ = ["DownsampleFactorMax", "max_pool_2d", "max_pool_2d_same_size"]

DownsampleFactorMax = pool.Pool


def max_pool_2d(input, ds, ignore_border=None, st=None, padding=(0, 0), mode="max"):
    """Pool the last two axes: :func:`~symgrad.theano.tensor.signal.pool.pool_2d` by old names."""
    return pool.pool_2d(input, ds, ignore_border, st, padding, mode)
