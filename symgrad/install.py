"""The name ``theano`` for this process: ``import theano`` finds :mod:`symgrad.theano`."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys

import numpy as np

from symgrad.errors import TheanoInUseError

__all__ = ["install_as_theano"]


def install_as_theano(*, backend=None):
    """Let ``import theano`` find symgrad.theano, in this process.

    Parameters
    ----------
    backend : {"c", "numba", "jax"}, optional
        What functions are compiled by, where they ask for no mode. Default: C if there is a C++
        compiler, else Numba.

    Raises
    ------
    TheanoInUseError
        If another ``theano`` was imported already.
    BackendError
        If the backend is not there.

    Notes
    -----
    Nothing is written to disk. What Theano's programs expect of the process is brought back: a
    variable is true in a condition (comparisons raise), ``eval`` compiles as functions do, and
    NumPy and the standard library have the names that were dropped since, such as ``numpy.float``
    (see :mod:`symgrad.theano.revive`).

    Examples
    --------
    >>> import symgrad as sg
    >>> sg.install_as_theano()
    >>> import theano.tensor as T
    >>> T.nnet.__name__
    'symgrad.theano.tensor.nnet'
    """
    there = sys.modules.get("theano")
    if there is not None and not there.__name__.startswith("symgrad."):
        raise TheanoInUseError(
            f"theano was imported from {getattr(there, '__file__', 'elsewhere')}: call "
            "install_as_theano() before, or import symgrad.theano as theano"
        )
    from symgrad.theano import revive
    from symgrad.theano.compile.mode import use_backend

    use_backend(backend)
    revive.revive()
    if not any(isinstance(finder, TheanoFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TheanoFinder())
        sys.meta_path.insert(0, JaxFinder())


class TheanoFinder(importlib.abc.MetaPathFinder):
    """Finds ``theano.x`` where ``symgrad.theano.x`` is."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "theano":
            return None
        found = importlib.util.find_spec(f"symgrad.{name}")
        if found is None:
            from symgrad.theano.names import missing_module

            raise missing_module(name)
        loader = _Loader(f"symgrad.{name}")
        return importlib.machinery.ModuleSpec(
            name, loader, is_package=found.submodule_search_locations is not None
        )


class _Loader(importlib.abc.Loader):
    """Hands out the module of another name; it keeps its own specification."""

    def __init__(self, name):
        self._name = name

    def create_module(self, spec):
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._spec


class JaxFinder(importlib.abc.MetaPathFinder):
    """Finds JAX, and keeps NumPy's generator as it is while JAX is imported, which draws from it.

    JAX is imported when the first Op that it could run is made: after a program has seeded.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "jax":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None:
            spec.loader.exec_module = _keeping_generator(spec.loader.exec_module)
        return spec


def _keeping_generator(function):
    def kept(module):
        state = np.random.get_state()
        try:
            function(module)
        finally:
            np.random.set_state(state)

    return kept
