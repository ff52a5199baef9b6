"""The C backend: PyTensor's virtual machine in C, with a BLAS."""

from functools import cache

from pytensor.compile.mode import get_mode

from symgrad.backends import blas
from symgrad.backends.rewrites import with_symgrad_rewrites

__all__ = ["c_mode"]


@cache
def c_mode():
    """The Mode of ``backend="c"``."""
    blas.configure()
    return with_symgrad_rewrites(get_mode("CVM"))
