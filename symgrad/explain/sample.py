"""The point at which an explanation is evaluated: the user's values, or random ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.errors import ArgumentError
from symgrad.explain.derive.shapes import Lengths
from symgrad.explain.graph import is_float
from symgrad.graph.index_reads import describe

__all__ = ["Point", "random_point", "user_point"]

# The value of each input and shared variable.
Point = dict[Variable, Any]


def user_point(leaves: Sequence[Variable], values: Mapping[Variable | str, Any]) -> Point:
    """A value for each leaf: the user's, or the shared variable's own.

    Parameters
    ----------
    leaves : list of variables
    values : mapping
        From variables, or their names, to values.
    """
    if not isinstance(values, Mapping):
        raise ArgumentError(
            f"values is {type(values).__name__}: give a mapping from variables, or their names, "
            "to values"
        )
    given = {_variable_of(key, leaves): value for key, value in values.items()}
    point: Point = {}
    for leaf in leaves:
        if leaf in given:
            point[leaf] = _value_like(leaf, given[leaf])
        elif isinstance(leaf, SharedVariable):
            point[leaf] = leaf.get_value()
        else:
            raise ArgumentError(
                f"values has nothing for the input {describe(leaf)}: give values={{..., "
                f"{leaf.name or 'the variable'!r}: ...}}"
            )
    return point


def _value_like(leaf: Variable, value: Any) -> np.ndarray:
    value = np.asarray(value, leaf.type.dtype)
    if value.ndim != leaf.type.ndim:
        raise ArgumentError(
            f"the value of {describe(leaf)} has {value.ndim} dimensions, but the variable is "
            f"{leaf.type}: give an array of {leaf.type.ndim} dimensions"
        )
    return value


def _variable_of(key: Variable | str, leaves: Sequence[Variable]) -> Variable:
    if not isinstance(key, str):
        return key
    matches = [leaf for leaf in leaves if leaf.name == key]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(sorted({leaf.name for leaf in leaves if leaf.name}))
    raise ArgumentError(
        f"values has {key!r}, which names {len(matches)} of the inputs: the names are {known}; "
        "use the variables themselves where names are not unique"
    )


def random_point(
    leaves: Sequence[Variable],
    lengths: Lengths,
    rng: np.random.Generator,
    around: Point | None = None,
) -> Point:
    """Random values: near given values, else from (0.3, 0.9); indices are 0 or 1.

    Parameters
    ----------
    leaves : list of variables
    lengths : Lengths
    rng : numpy Generator
    around : mapping, optional
        Leaf to value.
    """
    sizes: dict[str, int] = {}
    point: Point = {}
    for leaf in leaves:
        near = (around or {}).get(leaf)
        if near is None and isinstance(leaf, SharedVariable):
            near = leaf.get_value()
        if near is None:
            shape = [_size(length, sizes) for length in lengths.of(leaf)]
            point[leaf] = _random_value(leaf, shape, rng)
        elif is_float(leaf):
            point[leaf] = near + 0.05 * rng.standard_normal(np.shape(near))
        else:
            point[leaf] = near
    return point


def _size(length: str, sizes: dict[str, int]) -> int:
    """A length as a number; each letter stands for the same number everywhere."""
    return int(length) if length.isdigit() else sizes.setdefault(length, 2 + len(sizes) % 3)


def _random_value(variable: Variable, shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    if is_float(variable):
        return rng.uniform(0.3, 0.9, shape)
    return rng.integers(0, 2, shape).astype(variable.type.dtype)
