"""``theano.gof.utils``: the small things that programs took from there."""

from pytensor.graph.utils import MetaObject as MetaObject
from pytensor.graph.utils import MethodNotDefined as MethodNotDefined
from pytensor.graph.utils import Scratchpad as scratchpad  # noqa: F401
from pytensor.graph.utils import add_tag_trace as add_tag_trace

from symgrad.theano.names import forward


class object2(MetaObject):
    """A base class whose subclasses compare by their ``__props__``."""


class D:
    """A namespace: ``D(a=1).a``."""

    def __init__(self, **entries):
        self.__dict__.update(entries)


def memoize(f):
    """Remember what a function of positional arguments returned."""
    cache = {}

    def remembering(*args):
        if args not in cache:
            cache[args] = f(*args)
        return cache[args]

    return remembering


def uniq(seq):
    """The distinct items, in order."""
    return [x for i, x in enumerate(seq) if seq.index(x) == i]


def difference(seq1, seq2):
    """What is in the first and not in the second."""
    return [x for x in seq1 if x not in seq2]


def flatten(a):
    """All items of nested lists, tuples and sets, in order."""
    if isinstance(a, (tuple, list, set)):
        return [item for part in a for item in flatten(part)]
    return [a]


def unique(x):
    """Whether no item occurs twice."""
    return len(set(x)) == len(x)


def hist(coll):
    """How often each item occurs."""
    return {x: list(coll).count(x) for x in coll}


def give_variables_names(variables):
    """Give each variable without a name, or with one of another, a name of its own."""
    names = [v.name for v in variables]
    for k, v in enumerate(variables):
        if v.name is None or names.count(v.name) > 1:
            v.name = f"{v.name or v.type}_{k}"
    return variables


def hashtype(self):
    """A hash of the type of an object."""
    kind = type(self)
    return hash(kind.__name__) ^ hash(kind.__module__)


def to_return_values(values):
    """The only one of a list, or the list."""
    return values[0] if len(values) == 1 else values


def from_return_values(values):
    """A list, of one if it was none."""
    return list(values) if isinstance(values, (list, tuple)) else [values]


__getattr__ = forward("theano.gof.utils", "pytensor.graph.utils", "pytensor.utils")
