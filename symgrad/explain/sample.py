"""The point at which an explanation is evaluated: the user's values, or random ones."""

from collections.abc import Mapping

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant

from symgrad.errors import HyperparameterError
from symgrad.explain.notation import is_float
from symgrad.explain.trace import as_written
from symgrad.graph.index_reads import describe

__all__ = ["leaves_of", "random_point", "user_point"]


def leaves_of(outputs):
    """The inputs and shared variables behind the outputs, in the order in which they are met."""
    found = {}
    for node in as_written(outputs):
        found |= dict.fromkeys(one for one in node.inputs if one.owner is None)
    found |= dict.fromkeys(one for one in outputs if one.owner is None)
    return [one for one in found if not isinstance(one, Constant)]


def user_point(leaves, values):
    """A value for each leaf, of those that the user gave and of the shared variables' own.

    Parameters
    ----------
    leaves : list of variables
    values : mapping
        Of variables, or of their names, to values.
    """
    if not isinstance(values, Mapping):
        raise HyperparameterError(
            f"values is {type(values).__name__}: give a mapping from variables, or their names, "
            "to values"
        )
    given = {_named(key, leaves): value for key, value in values.items()}
    point = {}
    for one in leaves:
        if one in given:
            value = np.asarray(given[one], one.type.dtype)
            if value.ndim != one.type.ndim:
                raise HyperparameterError(
                    f"the value of {describe(one)} has {value.ndim} dimensions, but it is "
                    f"{one.type}: give an array of {one.type.ndim} dimensions"
                )
            point[one] = value
        elif isinstance(one, SharedVariable):
            point[one] = one.get_value()
        else:
            raise HyperparameterError(
                f"values has nothing for the input {describe(one)}: give values={{..., "
                f"{one.name or 'the variable'!r}: ...}}"
            )
    return point


def _named(key, leaves):
    if not isinstance(key, str):
        return key
    found = [one for one in leaves if one.name == key]
    if len(found) == 1:
        return found[0]
    known = ", ".join(sorted({one.name for one in leaves if one.name}))
    raise HyperparameterError(
        f"values has {key!r}, which names {len(found)} of the inputs: the names are {known}; "
        "use the variables themselves where names are not unique"
    )


def random_point(leaves, lengths, rng, around=None):
    """Random values: near those given, else in (0.3, 0.9); indices of 0 and 1.

    Parameters
    ----------
    leaves : list of variables
    lengths : Lengths
    rng : numpy Generator
    around : dict, optional
        Leaf to value.
    """
    sizes, point = {}, {}
    for one in leaves:
        near = (around or {}).get(one)
        if near is None and isinstance(one, SharedVariable):
            near = one.get_value()
        if near is not None:
            point[one] = near
            if is_float(one):
                point[one] = near + 0.05 * rng.standard_normal(np.shape(near))
            continue
        shape = [
            int(length) if length.isdigit() else sizes.setdefault(length, 2 + len(sizes) % 3)
            for length in lengths.of(one)
        ]
        point[one] = _random(one, shape, rng)
    return point


def _random(variable, shape, rng):
    if is_float(variable):
        return rng.uniform(0.3, 0.9, shape)
    return rng.integers(0, 2, shape).astype(variable.type.dtype)
