"""``theano.misc.safe_asarray``: an array of the dtype that was asked for."""

from typing import Any

import numpy as np
from pytensor import config

__all__ = ["_asarray"]


def _asarray(a: Any, dtype: Any, order: Any = None) -> np.ndarray:
    """`a` as an array of `dtype`; "floatX" is a dtype, too."""
    if str(dtype) == "floatX":
        dtype = config.floatX
    return np.asarray(a, dtype=np.dtype(dtype), order=order)
