"""``theano.shared``: variables with a value that stays between calls."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable as SharedVariable
from pytensor.graph.basic import Variable
from pytensor.link.c.type import generic as generic

from symgrad.theano.names import forward

_constructors: list[Callable[..., Any]] = []


def shared(value, name=None, strict=False, allow_downcast=None, **options):
    """A variable with a value that functions read and update.

    Parameters
    ----------
    value : array, number, sparse matrix, RandomState...
    name : str, optional
    strict, allow_downcast : bool
    **options
        ``borrow=True`` keeps the array itself; ``broadcastable`` is the broadcast pattern of an
        array; ``target`` (a device) is ignored.
    """
    if isinstance(value, Variable):
        raise TypeError("shared(value): a value is needed, not a graph of one")
    options.pop("target", None)
    for constructor in reversed(_constructors):
        try:
            return constructor(
                value, name=name, strict=strict, allow_downcast=allow_downcast, **options
            )
        except TypeError:
            continue
    return _default(value, name, strict, allow_downcast, options)


def _default(value, name, strict, allow_downcast, options):
    broadcastable = options.pop("broadcastable", None)
    if broadcastable is not None:
        options["shape"] = tuple(1 if stretches else None for stretches in broadcastable)
    if isinstance(value, bool):
        value = np.asarray(value, dtype="bool")
    return pytensor.shared(
        value, name=name, strict=strict, allow_downcast=allow_downcast, **options
    )


def shared_constructor(ctor: Callable[..., Any], remove: bool = False) -> Callable[..., Any]:
    """Add a function that ``shared`` tries first; it raises TypeError for values of other kinds."""
    if remove:
        _constructors.remove(ctor)
    else:
        _constructors.append(ctor)
    return ctor


__getattr__ = forward("theano.compile.sharedvalue", "pytensor.compile.sharedvalue")
