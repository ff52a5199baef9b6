"""How modules of Theano are found: by the table of re-exports, and under the name ``theano``."""

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

from symgrad.theano import reexports
from symgrad.theano.missing import missing_module
from symgrad.theano.names import forward

__all__ = ["find_reexports", "find_theano", "theano_is_found"]


def find_reexports() -> None:
    """Let Python make the modules of the table when they are imported."""
    if not any(isinstance(finder, ReexportFinder) for finder in sys.meta_path):
        sys.meta_path.append(ReexportFinder())


def find_theano() -> None:
    """Let ``import theano.x`` find ``symgrad.theano.x``."""
    if not theano_is_found():
        sys.meta_path.insert(0, TheanoFinder())


def theano_is_found() -> bool:
    """Whether :func:`find_theano` was called in this process."""
    return any(isinstance(finder, TheanoFinder) for finder in sys.meta_path)


class ReexportFinder(MetaPathFinder, Loader):
    """Makes a module of ``symgrad.theano`` from its row in the table of re-exports."""

    def find_spec(self, name, path=None, target=None):
        parent, _, theano_name = name.partition(".")
        if parent != "symgrad" or theano_name not in reexports.REEXPORTS:
            return None
        row = reexports.REEXPORTS[theano_name]
        spec = ModuleSpec(name, self, origin=reexports.__file__, is_package=row.package)
        spec.has_location = True  # as the source of the module, inspect shows the table
        return spec

    def exec_module(self, module):
        theano_name = module.__name__.removeprefix("symgrad.")
        row = reexports.REEXPORTS[theano_name]
        module.__doc__ = f"``{theano_name}``: {row.doc}"
        for name, source in row.names.items():
            setattr(module, name, getattr(importlib.import_module(source), name))
        module.__getattr__ = forward(theano_name, *row.sources, renamed=row.renamed)


class TheanoFinder(MetaPathFinder):
    """Finds ``theano.x`` where ``symgrad.theano.x`` is."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "theano":
            return None
        spec = importlib.util.find_spec(f"symgrad.{name}")
        if spec is None:
            raise missing_module(name)
        is_package = spec.submodule_search_locations is not None
        return ModuleSpec(name, _Alias(f"symgrad.{name}"), is_package=is_package)


class _Alias(Loader):
    """Loads a module under a second name; the module keeps its own specification."""

    def __init__(self, name):
        self._name = name

    def create_module(self, spec):
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._spec
