"""``theano.compat``: what bridged Python 2 and 3."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, ValuesView
from collections.abc import MutableMapping as DictMixin
from functools import partial
from importlib import reload
from io import BytesIO
from operator import itemgetter
from typing import Any

from symgrad.theano.names import forward

__all__ = [
    "PY3",
    "BytesIO",
    "Callable",
    "DefaultOrderedDict",
    "DictMixin",
    "Iterable",
    "Mapping",
    "OrderedDict",
    "ValuesView",
    "cmp",
    "decode",
    "exc_message",
    "imap",
    "itemgetter",
    "izip",
    "partial",
    "reload",
]

PY3 = True
izip, imap = zip, map


def cmp(x: Any, y: Any) -> int:
    """Compare two values: -1, 0 or 1."""
    return (x > y) - (x < y)


def exc_message(e: BaseException) -> Any:
    """The only argument of an exception, or all of them."""
    return e.args[0] if len(e.args) == 1 else e.args


def decode(x: str | bytes) -> str:
    """Text, from bytes or text."""
    return x.decode("utf-8") if isinstance(x, bytes) else x


class DefaultOrderedDict(OrderedDict):
    """An ordered dict with a default for missing keys."""

    def __init__(self, default_factory=None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.default_factory = default_factory

    def __missing__(self, key):
        if self.default_factory is None:
            raise KeyError(key)
        self[key] = value = self.default_factory()
        return value


__getattr__ = forward("theano.compat")
