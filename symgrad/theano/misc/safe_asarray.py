"""``theano.misc.safe_asarray``: an array that surely has the dtype asked for."""

import numpy as np

__all__ = ["_asarray"]


def _asarray(a, dtype, order=None):
    """`a` as an array of `dtype`, or of floatX."""
    if str(dtype) == "floatX":
        from symgrad.theano.configparser import config

        dtype = config.floatX
    return np.asarray(a, dtype=np.dtype(dtype), order=order)
