"""The names of a module that PyTensor still has: what its ``__getattr__`` answers."""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from symgrad.theano.missing import missing_name

__all__ = ["forward", "recorded"]

_ABSENT = object()


def forward(
    module: str, *sources: str, renamed: Mapping[str, str] | Iterable[tuple[str, str]] = ()
) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a module that passes on names of others.

    Parameters
    ----------
    module : str
        The name of the module in Theano, such as ``theano.gof.opt``.
    *sources : str
        Modules of PyTensor or of symgrad.theano that are asked for a name, in this order.
    renamed : mapping of str to str
        Names that are called otherwise in the sources: ``{name in Theano: name there}``.

    Returns
    -------
    function
        It raises MissingNameError or MissingImportError for a name that no source has.
    """
    renamed = dict(renamed)

    def __getattr__(name):
        if name == "__all__":
            return _all_of(module)
        if name == "config":  # PyTensor's modules have one too, with other flags
            return import_module("symgrad.theano.configparser").config
        if name == "theano":  # every module of Theano imported it
            return import_module("symgrad.theano")
        if not name.startswith("__"):
            for source in sources:
                value = getattr(import_module(source), renamed.get(name, name), _ABSENT)
                if value is not _ABSENT and not _is_module_of_pytensor(value):
                    return value
            if (submodule := _submodule(f"symgrad.{module}", name)) is not None:
                return submodule
        raise missing_name(f"{module}.{name}", sys._getframe(1))

    return __getattr__


@cache
def recorded() -> dict[str, tuple[str, ...]]:
    """What Theano 1.0.5 had: ``{module: names}``."""
    lines = Path(__file__).with_name("names_of_1_0_5.txt").read_text(encoding="ascii").splitlines()
    pairs = (line.split(":") for line in lines)
    return {module: tuple(names.split()) for module, names in pairs}


def _all_of(name):
    """What ``from module import *`` brings: names of the module's own, and names passed on."""
    module = import_module(f"symgrad.{name}")
    own = {
        attribute
        for attribute, value in vars(module).items()
        if not attribute.startswith("_") and not _is_of_the_port(value)
    }
    return sorted(own | {known for known in recorded().get(name, ()) if hasattr(module, known)})


def _is_of_the_port(value):
    """Whether Theano's module did not have it: a module of the port's own, or a type annotation."""
    if isinstance(value, ModuleType):
        port, _, theano_name = value.__name__.partition(".")
        return port == "symgrad" and theano_name not in recorded()
    origin = getattr(value, "__module__", None)
    return value is forward or origin in ("typing", "collections.abc")


def _submodule(package, name):
    """A module inside a package: Theano imported most of them with the package."""
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return None
    if find_spec(f"{package}.{name}") is None:
        return None
    return import_module(f"{package}.{name}")


def _is_module_of_pytensor(value):
    """Whether this is a module of PyTensor: Theano's module of that name has other names."""
    return isinstance(value, ModuleType) and value.__name__.startswith("pytensor.")
