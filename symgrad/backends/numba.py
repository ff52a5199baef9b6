"""The Numba backend."""

from functools import cache

from pytensor.compile.mode import get_mode

from symgrad.backends.rewrites import with_symgrad_rewrites

__all__ = ["numba_mode"]


@cache
def numba_mode():
    """The Mode of ``backend="numba"``."""
    return with_symgrad_rewrites(get_mode("NUMBA"))
