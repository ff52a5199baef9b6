"""What makes a Mode: C, Numba and JAX, and the rewrites that symgrad adds or leaves out.

A new backend is a folder with a :class:`~symgrad.backends.backend.Backend`, and an entry here.
"""

import logging
from functools import cache

from pytensor import config
from pytensor.compile.mode import Mode, get_mode

from symgrad.backends.backend import Backend, Repeat
from symgrad.backends.c.backend import CBackend
from symgrad.backends.numba.backend import NumbaBackend
from symgrad.backends.rewrite_order import with_symgrad_rewrites
from symgrad.backends.xla.backend import JAXBackend
from symgrad.errors import BackendError

__all__ = ["BACKENDS", "Backend", "Repeat", "backend_of", "choose", "mode_of"]

BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (CBackend(), NumbaBackend(), JAXBackend())
}

logger = logging.getLogger("symgrad")


def choose(backend: str | None) -> str:
    """The given backend, if it is installed; by default C if there is a compiler, else Numba."""
    if backend is None:
        backend = "c" if config.cxx else "numba"
        _log_default(backend)
        return backend
    if backend not in BACKENDS:
        raise BackendError(f"backend is {backend!r}: choose one of {', '.join(BACKENDS)}")
    missing = BACKENDS[backend].missing()
    if missing is not None:
        raise BackendError(missing)
    return backend


@cache  # once for each
def _log_default(backend: str) -> None:
    logger.info("backend %r is used where none is given", backend)


@cache
def mode_of(backend: str) -> Mode:
    """The PyTensor Mode of a backend, with fused updates of rows where that is faster."""
    chosen = BACKENDS[backend]
    mode = with_symgrad_rewrites(chosen.stock_mode())
    return mode.including(*chosen.tags).excluding(*chosen.excluded)


def backend_of(mode: Mode) -> Backend:
    """The backend that runs what a Mode compiles, by its linker; C for all other linkers."""
    for backend in BACKENDS.values():
        if isinstance(mode.linker, type(get_mode(backend.stock).linker)):
            return backend
    return BACKENDS["c"]
