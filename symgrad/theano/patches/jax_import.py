"""Importing JAX leaves NumPy's generator as it is.

JAX draws from the generator while it is imported. That is when the first Op that it could run is
made: after a program has seeded.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from typing import Any

import numpy as np

__all__ = ["apply"]


def apply() -> None:
    """Restore the state of ``numpy.random`` after JAX was imported."""
    if not any(isinstance(finder, JaxFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, JaxFinder())


class JaxFinder(MetaPathFinder):
    """Finds JAX, and wraps its loader."""

    def find_spec(self, name, path=None, target=None):
        if name != "jax":
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None:
            loader: Any = spec.loader
            loader.exec_module = _keeping_generator(loader.exec_module)
        return spec


def _keeping_generator(exec_module):
    def exec_and_restore(module):
        state = np.random.get_state()
        try:
            exec_module(module)
        finally:
            np.random.set_state(state)

    return exec_and_restore
