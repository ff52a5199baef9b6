"""What the compiler asks of a backend."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.mode import Mode, get_mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.fg import FunctionGraph

from symgrad.pytensor_compat import stored

__all__ = ["Backend", "Repeat", "not_installed"]

# ``repeat(inputs, times)`` calls a compiled function `times` times. It returns the error of a call
# that failed, where it is known; the calls before have changed the shared variables.
Repeat = Callable[[Sequence[Any], int], BaseException | None]

_NO_CONTEXT = contextlib.nullcontext()


class Backend:
    """How a backend compiles a graph and calls what it compiled.

    Attributes
    ----------
    name : str
        What users call it.
    stock : str
        PyTensor's own mode.
    tags, excluded : tuple of str
        The rewrites that its Mode includes, and those that it leaves out.
    raises : bool
        A check inside a function can raise. Where it cannot, the function reports.
    static_shapes : bool
        Shapes must not depend on data, and the function is compiled again for new ones.
    in_place : bool
        Functions work in the memory of the arrays that shared variables hold.
    """

    name: ClassVar[str]
    stock: ClassVar[str]
    tags: ClassVar[tuple[str, ...]]
    excluded: ClassVar[tuple[str, ...]] = ()
    raises: ClassVar[bool] = True
    static_shapes: ClassVar[bool] = False
    in_place: ClassVar[bool] = True

    def missing(self) -> str | None:
        """Why this backend cannot be used here, and what to do; None if it can."""
        raise NotImplementedError

    def stock_mode(self) -> Mode:
        """PyTensor's own Mode, to which symgrad's rewrites are added."""
        return get_mode(self.stock)

    def compiling(self) -> AbstractContextManager[None]:
        """The context in which a graph is compiled.

        Raises a BackendError for a graph that the backend cannot express.
        """
        return _NO_CONTEXT

    def check(self, fgraph: FunctionGraph) -> None:
        """Raise a BackendError for a compiled graph that could not be called."""

    def calling(self, shared: Iterable[SharedVariable]) -> AbstractContextManager[None]:
        """The context in which a function is called; moves the values of its shared variables."""
        if any(type(stored(variable)) is not np.ndarray for variable in shared):
            for variable in shared:
                # Reading a value brings it back to NumPy. C code would crash on an array of JAX.
                variable.get_value(borrow=True)
        return _NO_CONTEXT

    def to_numpy(self, values: list) -> list:
        """The outputs of a call as NumPy arrays."""
        return values

    def repeater(self, compiled: PyTensorFunction, checks: Sequence[int] = ()) -> Repeat:
        """A function that repeats a compiled one without Python between the calls.

        `checks` are positions in the report, the first output, of a backend that cannot raise. A
        call that sets one of them has changed nothing, and is the last.
        """
        raise NotImplementedError


def not_installed(package: str, backend: str) -> str | None:
    """What to say of a Python package that is not there; None if it is."""
    if find_spec(package) is not None:
        return None
    return (
        f"backend={backend!r} needs the package {package}, which is not installed: "
        f"pip install {package}, or use backend='c'"
    )
