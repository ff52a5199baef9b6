"""What makes a Mode: C, Numba and JAX, and the rewrites that symgrad adds or leaves out.

To :mod:`symgrad.compile` each backend is a :class:`Backend`. A new one is a class here, and an
entry in `BACKENDS`.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from pytensor import config
from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.fg import FunctionGraph

from symgrad.errors import BackendError

__all__ = ["BACKENDS", "Backend", "Repeat", "choose", "mode_of"]

logger = logging.getLogger("symgrad")

# ``repeat(inputs, times)`` calls a compiled function so often. It returns what was raised, if that
# is known; the calls before have changed the shared variables.
Repeat = Callable[[Sequence[Any], int], BaseException | None]


class Backend:
    """How a backend compiles a graph and calls what it compiled.

    Attributes
    ----------
    raises : bool
        Whether a check inside a function can raise. Where it cannot, the function reports.
    static_shapes : bool
        Whether shapes must not depend on data, and new shapes of the inputs are compiled for.
    in_place : bool
        Whether functions work in the memory of the arrays that shared variables hold.
    """

    name: ClassVar[str]
    raises: ClassVar[bool] = True
    static_shapes: ClassVar[bool] = False
    in_place: ClassVar[bool] = True

    def missing(self) -> str | None:
        """Why this backend cannot be used here, and what to do; None if it can."""
        raise NotImplementedError

    def mode(self) -> Mode:
        """The Mode that :func:`symgrad.function` compiles with."""
        raise NotImplementedError

    def compiling(self) -> AbstractContextManager[None]:
        """The context in which a graph is compiled; raises a BackendError for what it cannot be."""
        return contextlib.nullcontext()

    def check(self, fgraph: FunctionGraph) -> None:
        """Raise a BackendError for a compiled graph that could not be called."""

    def calling(self, shared: Iterable[SharedVariable]) -> AbstractContextManager[None]:
        """The context in which a function is called; moves the values of its shared variables."""
        if any(type(variable.container.storage[0]) is not np.ndarray for variable in shared):
            for variable in shared:
                # Reading it brings a value home. C code would crash on an array of JAX.
                variable.get_value(borrow=True)
        return _NO_CONTEXT

    def to_numpy(self, values: list) -> list:
        """The outputs of a call as NumPy arrays."""
        return values

    def repeater(self, compiled: PyTensorFunction, checks: Sequence[int] = ()) -> Repeat:
        """A function that repeats a compiled one without Python between the calls.

        `checks` are positions in the report, the first output, of a backend that cannot raise: a
        call that sets one of them changed nothing, and is the last.
        """
        raise NotImplementedError


_NO_CONTEXT = contextlib.nullcontext()


class CBackend(Backend):
    """PyTensor's virtual machine in C."""

    name = "c"

    def missing(self):
        if config.cxx:
            return None
        return (
            "backend='c' needs a C++ compiler, and PyTensor found none: install g++, or use "
            "backend='numba'"
        )

    def mode(self):
        from symgrad.backends.c.mode import c_mode
        from symgrad.backends.rows.fuse import TAG

        return c_mode().including(TAG)

    def repeater(self, compiled, checks=()):
        from symgrad.backends.c.mode import looped

        return looped(compiled, checks)


class NumbaBackend(Backend):
    """Functions that Numba compiles as a whole."""

    name = "numba"

    def missing(self):
        return _not_installed(self.name)

    def mode(self):
        from symgrad.backends.numba.mode import numba_mode
        from symgrad.backends.rows.fuse import TAG

        return numba_mode().including(TAG)

    def repeater(self, compiled, checks=()):
        from symgrad.backends.numba.mode import looped

        return looped(compiled, checks)


class JAXBackend(Backend):
    """Functions that XLA compiles, and fuses by itself."""

    name = "jax"
    raises = False
    static_shapes = True
    in_place = False

    def missing(self):
        return _not_installed(self.name)

    def mode(self):
        from symgrad.backends.xla.linker import jax_mode

        return jax_mode()

    @contextlib.contextmanager
    def compiling(self):
        from symgrad.backends.xla import linker

        try:
            with linker.float64(), linker.quiet():
                yield
        except NotImplementedError as error:
            raise linker.inexpressible(error) from error

    def check(self, fgraph):
        from symgrad.backends.xla.linker import check_expressible

        check_expressible(fgraph)

    @contextlib.contextmanager
    def calling(self, shared):
        from symgrad.backends.xla import linker

        with linker.float64():
            for variable in shared:
                linker.to_device(variable)
            try:
                yield
            except (TypeError, IndexError) as error:
                unknown = linker.depends_on_data(error)
                if unknown is None:
                    raise
                raise unknown from error

    def to_numpy(self, values):
        return [np.asarray(value) for value in values]

    def repeater(self, compiled, checks=()):
        from symgrad.backends.xla.linker import looped

        return looped(compiled, checks)


def _not_installed(package: str) -> str | None:
    if find_spec(package) is not None:
        return None
    return (
        f"backend={package!r} needs the package {package}, which is not installed: "
        f"pip install {package}, or use backend='c'"
    )


BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (CBackend(), NumbaBackend(), JAXBackend())
}


def choose(backend: str | None) -> str:
    """The backend asked for, if it is there; with None, C if there is a compiler, else Numba."""
    if backend is None:
        backend = "c" if config.cxx else "numba"
        _tell_default(backend)
        return backend
    if backend not in BACKENDS:
        raise BackendError(f"backend is {backend!r}: choose one of {', '.join(BACKENDS)}")
    missing = BACKENDS[backend].missing()
    if missing is not None:
        raise BackendError(missing)
    return backend


@cache  # said once
def _tell_default(backend: str) -> None:
    logger.info("backend %r is used where none is given", backend)


@cache
def mode_of(backend: str) -> Mode:
    """The PyTensor Mode of a backend, with fused updates of rows where that is faster."""
    return BACKENDS[backend].mode()
