"""Index tuples by NumPy's rules: axes, rows, and coordinates as one number."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable, equal_computations

from symgrad.ops.check_index import CheckIndex

__all__ = ["ALL", "flat", "index_tuple", "layout", "ravel", "same_indices"]


ALL = slice(None)


def index_tuple(read):
    """The first index of a read, one entry per axis: slices and integer variables only."""
    entries = []
    for one in read.chain[0]:
        if isinstance(one, slice):
            entries.append(one)
            continue
        one = pt.as_tensor(one)
        entries.extend(one.nonzero() if one.type.dtype == "bool" else [one])
    return (*entries, *[ALL] * (read.table.type.ndim - len(entries)))


def layout(indices):
    """``(axes with coordinates, dimensions of the result within a row)`` by NumPy's rules."""
    chosen = [axis for axis, one in enumerate(indices) if not isinstance(one, slice)]
    if not chosen:
        axes = tuple(axis for axis, one in enumerate(indices) if one != ALL)
        axes = axes or (0,)
        return axes, tuple(axis for axis in range(len(indices)) if axis not in axes)
    together = chosen == list(range(chosen[0], chosen[-1] + 1))
    first = chosen[0] if together else 0
    n_index = max(indices[axis].type.ndim for axis in chosen)
    n_rest = len(indices) - len(chosen)
    dims = [dim if dim < first else dim + n_index for dim in range(n_rest)]
    return tuple(chosen), tuple(dims)


def same_indices(first, second):
    """Are two index tuples equal, as far as the graph tells?"""
    return len(first) == len(second) and all(map(_same_entry, first, second))


def _same_entry(a, b):
    if isinstance(a, slice) and isinstance(b, slice):
        return all(map(_same_entry, (a.start, a.stop, a.step), (b.start, b.stop, b.step)))
    if isinstance(a, Variable) and isinstance(b, Variable):
        return a is b or equal_computations([a], [b])
    return not isinstance(a, (slice, Variable)) and not isinstance(b, (slice, Variable)) and a == b


def positions(table, axis, entry):
    """Coordinates along an axis: the integers as they are, a slice as the range it takes."""
    if isinstance(entry, slice):
        return pt.arange(table.shape[axis])[entry]
    return entry


def ravel(coordinates, sizes):
    """One number per tuple of coordinates, row-major; negative ones are counted from the end."""
    if len(coordinates) == 1:
        return coordinates[0]
    number = 0
    for coordinate, size in zip(coordinates, sizes, strict=True):
        number = number * size + CheckIndex()(coordinate, size, -1)
    return number


def coordinates_of(number, sizes):
    coordinates = []
    for size in reversed(sizes[1:]):
        coordinates.append(number % size)
        number = number // size
    return (number, *reversed(coordinates))


def flat(x, n_dims):
    """`x` with its first `n_dims` dimensions made one."""
    return x if n_dims == 1 else pt.join_dims(x, 0, n_dims)
