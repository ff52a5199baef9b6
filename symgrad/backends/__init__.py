"""What makes a Mode: C, Numba and JAX, and the rewrites that symgrad adds or leaves out."""

import logging
from functools import cache
from importlib.util import find_spec

from pytensor import config

from symgrad.errors import BackendError

__all__ = ["BACKENDS", "choose", "looped", "mode_of"]

BACKENDS = ("c", "numba", "jax")

logger = logging.getLogger("symgrad")


def choose(backend):
    """The backend asked for, if it is there; with None, C if there is a compiler, else Numba."""
    if backend is None:
        return _default()
    if backend not in BACKENDS:
        raise BackendError(f"backend is {backend!r}: choose one of {', '.join(BACKENDS)}")
    if backend == "c" and not config.cxx:
        raise BackendError(
            "backend='c' needs a C++ compiler, and PyTensor found none: install g++, or use "
            "backend='numba'"
        )
    if backend != "c" and find_spec(backend) is None:
        raise BackendError(
            f"backend={backend!r} needs the package {backend}, which is not installed: "
            f"pip install {backend}, or use backend='c'"
        )
    return backend


@cache
def _default():
    backend = "c" if config.cxx else "numba"
    logger.info("backend %r is used where none is given", backend)
    return backend


@cache
def mode_of(backend):
    """The PyTensor Mode of a backend, with fused updates of rows where that is faster."""
    if backend == "jax":
        from symgrad.backends.xla.linker import jax_mode

        return jax_mode()  # XLA fuses by itself
    if backend == "c":
        from symgrad.backends.c.mode import c_mode as mode
    else:
        from symgrad.backends.numba.mode import numba_mode as mode
    from symgrad.backends.rows.fuse import TAG

    return mode().including(TAG)


def looped(backend):
    """The function of a backend that repeats a compiled step, see `symgrad.backends.c.mode`."""
    if backend == "jax":
        from symgrad.backends.xla.linker import looped
    elif backend == "c":
        from symgrad.backends.c.mode import looped
    else:
        from symgrad.backends.numba.mode import looped
    return looped
