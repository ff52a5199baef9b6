"""The names of translated Python 2: builtins that are gone, or that returned lists."""

import builtins
import configparser
import functools
import io
import itertools
import os
import pickle
import queue
import string
import sys
import types
import urllib.error
import urllib.parse
import urllib.request
from builtins import chr as unichr
from builtins import input as raw_input
from builtins import int as long
from builtins import range as xrange
from builtins import str as basestring
from builtins import str as unicode
from functools import reduce
from sys import intern
from typing import Any

from symgrad.theano.port.python2 import compile_source

__all__ = [
    "apply",
    "basestring",
    "cmp",
    "execfile",
    "file",
    "filter",
    "intern",
    "long",
    "map",
    "open",
    "py2_decoded",
    "py2_divided",
    "py2_divided_in_place",
    "py2_encoded",
    "py2_listed",
    "py2_sort",
    "range",
    "raw_input",
    "reduce",
    "sorted",
    "unichr",
    "unicode",
    "xrange",
    "zip",
]

_ANY_BYTES: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}
_VIEWS = tuple(type(getattr({}, name)()) for name in ("keys", "values", "items"))


def py2_divided(a, b):
    """``a / b``, rounded down for integers."""
    return a // b if _is_integer(a) and _is_integer(b) else a / b


def py2_divided_in_place(a, b):
    """``a /= b``: an array keeps its memory, and the result is rounded down for integers."""
    if _is_integer(a) and _is_integer(b):
        a //= b
    else:
        a /= b
    return a


def _is_integer(value):
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return str(dtype).startswith(("int", "uint"))
    return isinstance(value, int)


def py2_listed(view):
    """The list that ``dict.keys()`` returned; anything else as it is."""
    return list(view) if isinstance(view, _VIEWS) else view


def py2_sort(method):
    """A method ``sort``; that of lists takes a function that compares two entries."""
    if not isinstance(getattr(method, "__self__", None), list):
        return method
    return lambda compare, **options: method(
        key=functools.cmp_to_key(compare) if callable(compare) else compare, **options
    )


def cmp(a, b):
    """-1, 0 or 1, as `a` is less than, equal to, or greater than `b`."""
    return (a > b) - (a < b)


def range(*bounds):
    """A list of numbers."""
    return list(builtins.range(*bounds))


def zip(*iterables):
    """A list of tuples."""
    return list(builtins.zip(*iterables, strict=False))


def map(function, *iterables):
    """A list of results."""
    if function is None:
        return list(itertools.zip_longest(*iterables))
    return list(builtins.map(function, *iterables))


def filter(function, iterable):
    """A list; but text for text, and a tuple for a tuple."""
    kept = builtins.filter(function, iterable)
    if isinstance(iterable, str):
        return "".join(kept)
    return tuple(kept) if isinstance(iterable, tuple) else list(kept)


def sorted(iterable, cmp=None, key=None, reverse=False):
    """A sorted list, by a key or by a function that compares two entries."""
    if cmp is not None:
        comparable, given = functools.cmp_to_key(cmp), key
        key = (lambda entry: comparable(given(entry))) if given else comparable
    return builtins.sorted(iterable, key=key, reverse=reverse)


class _Text(io.TextIOWrapper):
    """A file of text to which bytes can be written as well."""

    def write(self, text):
        return super().write(text if isinstance(text, str) else py2_decoded(text, **_ANY_BYTES))


class _Bytes(io.BufferedWriter):
    """A file of bytes to which text can be written as well."""

    def write(self, data):
        return super().write(data.encode(**_ANY_BYTES) if isinstance(data, str) else data)


class _Lines(io.BufferedReader):
    """A file of bytes that iterates over lines of text, as programs and `csv` expect."""

    def __next__(self):
        return super().__next__().decode(**_ANY_BYTES)


def open(name, mode="r", *options, **named):
    """Open a file. Bytes that are not text are read, and are written as the same bytes again."""
    newline = None if "U" in mode else "\n"
    mode = mode.replace("U", "").replace("t", "") or "r"
    if options or named or ("b" in mode and "+" in mode):
        return builtins.open(name, mode, *options, **named)
    if "b" in mode and "r" in mode:
        return _Lines(io.FileIO(name, "r"))
    if "b" in mode:
        return _Bytes(io.FileIO(name, mode.replace("b", "")))
    plain = builtins.open(name, mode + "b")  # noqa: SIM115 closed with the file of text
    return _Text(plain, newline=newline, **_ANY_BYTES)


file = open


def py2_decoded(value, *options, **named):
    """``value.decode(...)``, a method that text had, too."""
    if isinstance(value, str):
        value = value.encode(**_ANY_BYTES)
    return value.decode(*options, **named)


def py2_encoded(value, *options, **named):
    """``value.encode(...)``, which is text if the value is: bytes were text in Python 2."""
    if not isinstance(value, str):
        return value.encode(*options, **named)
    return value.encode(*options, **named).decode(**_ANY_BYTES)


def execfile(path, names=None):
    """Run a file of Python 2 with the names of the caller."""
    with builtins.open(path, "rb") as source:
        code = compile_source(source.read(), path)
    exec(code, sys._getframe(1).f_globals if names is None else names)


def apply(function, args=(), kwargs=None):
    """``function(*args, **kwargs)``."""
    return function(*args, **(kwargs or {}))


# What modules of Python 3 no longer have.
_GONE: dict[types.ModuleType, dict[str, object]] = {
    itertools: {
        "izip": builtins.zip,
        "imap": builtins.map,
        "ifilter": builtins.filter,
        "izip_longest": itertools.zip_longest,
    },
    string: {
        "letters": string.ascii_letters,
        "lowercase": string.ascii_lowercase,
        "uppercase": string.ascii_uppercase,
        "maketrans": str.maketrans,
        "join": lambda words, sep=" ": sep.join(words),
    },
    os: {"getcwdu": os.getcwd},
    sys: {"maxint": sys.maxsize},
}


def revive():
    """Let this process import the modules of Python 2 by their old names."""
    moved = {
        "cPickle": _pickle(),
        "ConfigParser": configparser,
        "Queue": queue,
        "StringIO": _module("StringIO", StringIO=_StringIO),
        "cStringIO": _module("cStringIO", StringIO=_StringIO),
        "__builtin__": builtins,
        "urllib2": _module("urllib2", urllib.request, urllib.error, urllib.parse),
        "urlparse": urllib.parse,
    }
    for name, module in moved.items():
        sys.modules.setdefault(name, module)
    for module, names in _GONE.items():
        for name, value in names.items():
            setattr(module, name, value)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    for source in (urllib.request, urllib.parse):
        for name in ("urlopen", "urlretrieve", "quote", "unquote", "urlencode"):
            if hasattr(source, name):
                setattr(urllib, name, getattr(source, name))


def _StringIO(text=""):
    return io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)


def _module(name, *sources, **names):
    module = types.ModuleType(name)
    for source in sources:
        vars(module).update({k: v for k, v in vars(source).items() if not k.startswith("__")})
    vars(module).update(names)
    return module


def _pickle():
    """``pickle``, which also reads the text and the arrays that Python 2 wrote."""

    def load(file):
        return _Unpickler(file).load()

    def loads(data):
        return pickle.loads(data, encoding="latin1")

    def dump(value, file, protocol=None):
        _Pickler(file, protocol).dump(value)

    changed = {"Pickler": _Pickler, "Unpickler": _Unpickler}
    return _module("cPickle", pickle, load=load, loads=loads, dump=dump, **changed)


class _Pickler(pickle.Pickler):
    def __init__(self, file, protocol=None):
        super().__init__(_of_bytes(file), protocol)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file):
        super().__init__(_of_bytes(file), encoding="latin1")


def _of_bytes(file):
    """The file of bytes below a file that was opened as text."""
    return file.buffer if isinstance(file, io.TextIOWrapper) else file
