"""``theano.compat``: what bridged Python 2 and 3."""

from collections import OrderedDict as OrderedDict
from collections.abc import Callable as Callable
from collections.abc import Iterable as Iterable
from collections.abc import Mapping as Mapping
from collections.abc import MutableMapping as DictMixin  # noqa: F401
from collections.abc import ValuesView as ValuesView
from functools import partial as partial
from importlib import reload as reload
from io import BytesIO as BytesIO
from operator import itemgetter as itemgetter

from symgrad.theano.names import forward

PY3 = True
izip, imap = zip, map


def cmp(x, y):
    """-1, 0 or 1: how two values compare."""
    return (x > y) - (x < y)


def exc_message(e):
    """What an exception was raised with: its one argument, or all of them."""
    return e.args[0] if len(e.args) == 1 else e.args


def decode(x):
    """Text, from bytes or text."""
    return x.decode("utf-8") if isinstance(x, bytes) else x


class DefaultOrderedDict(OrderedDict):
    """An ordered dict with a default for what is missing."""

    def __init__(self, default_factory=None, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.default_factory = default_factory

    def __missing__(self, key):
        if self.default_factory is None:
            raise KeyError(key)
        self[key] = value = self.default_factory()
        return value


__getattr__ = forward("theano.compat")
