"""``theano.gof.utils``: small functions on lists, and base classes."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from pytensor.graph.basic import Variable
from pytensor.graph.utils import MetaObject as MetaObject
from pytensor.graph.utils import MethodNotDefined as MethodNotDefined
from pytensor.graph.utils import Scratchpad as scratchpad  # noqa: F401
from pytensor.graph.utils import add_tag_trace as add_tag_trace

from symgrad.theano.names import forward


class CachedConstantError(Exception):
    """A constant was made for another graph. Theano raised it; nothing here does."""


class object2(MetaObject):
    """A base class whose subclasses compare by their ``__props__``."""


class D:
    """A namespace: ``D(a=1).a``."""

    def __init__(self, **entries: Any):
        self.__dict__.update(entries)


def memoize(f: Callable) -> Callable:
    """Remember the results of a function of positional arguments."""
    cache = {}

    def remembering(*args):
        if args not in cache:
            cache[args] = f(*args)
        return cache[args]

    return remembering


def uniq(seq: Sequence) -> list:
    """The distinct items, in order."""
    return [item for index, item in enumerate(seq) if seq.index(item) == index]


def difference(seq1: Iterable, seq2: Sequence) -> list:
    """The items of the first sequence that the second does not have."""
    return [item for item in seq1 if item not in seq2]


def flatten(a: Any) -> list:
    """All items of nested lists, tuples and sets, in order."""
    if isinstance(a, (tuple, list, set)):
        return [item for part in a for item in flatten(part)]
    return [a]


def unique(x: Sequence[Hashable]) -> bool:
    """Whether no item occurs twice."""
    return len(set(x)) == len(x)


def hist(coll: Iterable[Hashable]) -> dict[Hashable, int]:
    """How often each item occurs."""
    return {item: list(coll).count(item) for item in coll}


def give_variables_names(variables: Sequence[Variable]) -> Sequence[Variable]:
    """Give each variable that has no name, or shares one, a name of its own."""
    names = [variable.name for variable in variables]
    for index, variable in enumerate(variables):
        if variable.name is None or names.count(variable.name) > 1:
            variable.name = f"{variable.name or variable.type}_{index}"
    return variables


def hashtype(self: Any) -> int:
    """A hash of the type of an object."""
    cls = type(self)
    return hash(cls.__name__) ^ hash(cls.__module__)


def to_return_values(values: Sequence) -> Any:
    """The only item of a list, or else the list."""
    return values[0] if len(values) == 1 else values


def from_return_values(values: Any) -> list:
    """A list as it is, and anything else as the only item of a list."""
    return list(values) if isinstance(values, (list, tuple)) else [values]


__getattr__ = forward("theano.gof.utils", "pytensor.graph.utils", "pytensor.utils")
