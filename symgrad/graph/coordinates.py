"""Index tuples by NumPy's rules: which axes they index, and coordinates as one number.

An index tuple has one entry per axis. The entries that are integers choose *coordinates*, and the
slices span what NumPy calls the sliced dimensions of the result.
"""

from collections.abc import Sequence
from typing import TypeAlias

import pytensor.tensor as pt
from pytensor.graph.basic import Variable, equal_computations

from symgrad.ops.check_index import CheckIndex

__all__ = [
    "ALL",
    "IndexEntry",
    "IndexTuple",
    "flat",
    "layout",
    "one_entry_per_axis",
    "positions",
    "ravel",
    "row_numbers",
    "same_indices",
    "unravel",
]

IndexEntry: TypeAlias = slice | Variable
IndexTuple: TypeAlias = tuple[IndexEntry, ...]

ALL = slice(None)


def one_entry_per_axis(indices: Sequence, ndim: int) -> IndexTuple:
    """An index tuple with boolean masks as coordinates, and full slices for the remaining axes."""
    entries: list[IndexEntry] = []
    for entry in indices:
        if isinstance(entry, slice):
            entries.append(entry)
            continue
        index = pt.as_tensor(entry)
        entries.extend(index.nonzero() if index.type.dtype == "bool" else [index])
    return (*entries, *[ALL] * (ndim - len(entries)))


def layout(indices: IndexTuple) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """``(axes with coordinates, dimensions of the result that lie within a row)``.

    Integer indices that stand side by side put their dimensions in their own place, and integer
    indices with a slice between them put their dimensions first. Without any integer index, the
    axes of which a slice takes a part count as those with coordinates.
    """
    integers = {axis: e for axis, e in enumerate(indices) if not isinstance(e, slice)}
    chosen = list(integers)
    if not chosen:
        axes = tuple(axis for axis, entry in enumerate(indices) if entry != ALL)
        axes = axes or (0,)
        return axes, tuple(axis for axis in range(len(indices)) if axis not in axes)
    side_by_side = chosen == list(range(chosen[0], chosen[-1] + 1))
    first = chosen[0] if side_by_side else 0
    n_index = max(entry.type.ndim for entry in integers.values())
    n_rest = len(indices) - len(chosen)
    dims = [dim if dim < first else dim + n_index for dim in range(n_rest)]
    return tuple(chosen), tuple(dims)


def same_indices(first: Sequence, second: Sequence) -> bool:
    """Are two index tuples equal, as far as the graph tells?"""
    return len(first) == len(second) and all(map(_same_entry, first, second))


def _same_entry(a: object, b: object) -> bool:
    if isinstance(a, slice) and isinstance(b, slice):
        return all(map(_same_entry, (a.start, a.stop, a.step), (b.start, b.stop, b.step)))
    if isinstance(a, Variable) and isinstance(b, Variable):
        return a is b or bool(equal_computations([a], [b]))
    return not isinstance(a, (slice, Variable)) and not isinstance(b, (slice, Variable)) and a == b


def positions(table: Variable, axis: int, entry: IndexEntry) -> Variable:
    """Coordinates along an axis: integers as they are, a slice as the range that it takes."""
    if isinstance(entry, slice):
        return pt.arange(table.shape[axis])[entry]
    return entry


def ravel(coordinates: Sequence[Variable], sizes: Sequence[Variable]) -> Variable:
    """One number per tuple of coordinates, row-major.

    Several coordinates may be negative, which count from the end, and are checked against `sizes`.
    A single coordinate is returned as it is.
    """
    if len(coordinates) == 1:
        return coordinates[0]
    number = 0
    for coordinate, size in zip(coordinates, sizes, strict=True):
        number = number * size + CheckIndex()(coordinate, size)
    return number


def row_numbers(indices: Sequence, shape: Sequence) -> Variable:
    """A number for each choice of the integers in an index tuple; equal numbers are one choice.

    The integers are not negative. Those of a single axis are the numbers themselves.
    """
    weight, numbers = 1, []
    for axis, entry in reversed(list(enumerate(indices))):
        if not isinstance(entry, slice):
            numbers.append(entry * weight)
            weight = weight * shape[axis]
    return sum(numbers[1:], numbers[0])


def unravel(number: Variable, sizes: Sequence[Variable]) -> tuple[Variable, ...]:
    """The coordinates that :func:`ravel` makes a number of, for numbers from 0."""
    coordinates = []
    for size in reversed(sizes[1:]):
        coordinates.append(number % size)
        number = number // size
    return (number, *reversed(coordinates))


def flat(x: Variable, n_dims: int) -> Variable:
    """`x` with its first `n_dims` dimensions joined into a single dimension."""
    return x if n_dims == 1 else pt.join_dims(x, 0, n_dims)
