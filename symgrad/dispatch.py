"""Register implementations for Numba and JAX when PyTensor's own are loaded.

PyTensor imports its dispatch packages, and with them Numba or JAX, when a function is first
compiled for that backend. Importing JAX takes a second or two. Nobody who compiles to C should
wait for it.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["JAX", "NUMBA", "when_imported"]

NUMBA = "pytensor.link.numba.dispatch"
JAX = "pytensor.link.jax.dispatch"


def when_imported(module_name: str, callback: Callable[[], object]) -> None:
    """Call `callback` once the module is imported: now, if it is already.

    Parameters
    ----------
    module_name : str
        :data:`NUMBA`, :data:`JAX`, or the full name of any other module.
    callback : function without arguments
        It may import the module: the module has been executed to its end by then.

    Notes
    -----
    An Op is registered like this, in the module that defines it or in the package above it::

        def register_jax():
            from pytensor.link.jax.dispatch import jax_funcify

            @jax_funcify.register(MyOp)
            def jax_funcify_my_op(op, **kwargs):
                return my_function

        when_imported(JAX, register_jax)
    """
    if module_name in sys.modules:
        callback()
    else:
        _finder.callbacks.setdefault(module_name, []).append(callback)


class _CallAfterImport(MetaPathFinder):
    """Find modules where all others do, and call back when they have been executed."""

    def __init__(self) -> None:
        self.callbacks: dict[str, list[Callable[[], object]]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.callbacks:
            return None
        finders = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(fullname, path, target) for finder in finders)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None:
            loader: Any = spec.loader
            loader.exec_module = self._calling_back(fullname, loader.exec_module)
        return spec

    def _calling_back(
        self, fullname: str, execute: Callable[[ModuleType], None]
    ) -> Callable[[ModuleType], None]:
        def exec_module(module: ModuleType) -> None:
            execute(module)
            # A failed import keeps its callbacks for the next attempt.
            for callback in self.callbacks.pop(fullname, ()):
                callback()

        return exec_module


_finder = _CallAfterImport()
sys.meta_path.insert(0, _finder)
