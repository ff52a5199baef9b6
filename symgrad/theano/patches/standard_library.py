"""Names of ``collections`` and ``inspect`` that newer Python dropped."""

import collections
import collections.abc
import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

__all__ = ["COLLECTIONS", "add_names", "apply"]

#: The abstract classes, which were in ``collections`` itself.
COLLECTIONS = tuple(collections.abc.__all__)


def apply() -> None:
    """Bring back ``collections.Mapping`` and its like, and ``inspect.getargspec``."""
    add_names(collections, {name: getattr(collections.abc, name) for name in COLLECTIONS})
    add_names(inspect, {"getargspec": _getargspec})


def add_names(module: ModuleType, names: Mapping[str, Any]) -> None:
    """Give a module the names that it lacks; a value of None is left out."""
    for name, value in names.items():
        if value is not None and name not in vars(module):
            setattr(module, name, value)


ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def _getargspec(function):
    """The first four parts of ``inspect.getfullargspec``."""
    return ArgSpec(*inspect.getfullargspec(function)[:4])
