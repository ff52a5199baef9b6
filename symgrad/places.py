"""Where in a table a block lies: how to read it, how to write it, how to make its rows distinct.

A *block* is what a rule works on. It is the whole of a dense parameter, or the rows of a table that
one call uses. In an index tuple, the axes with integers choose *coordinates*, and what lies along
the other axes is a *row*; ``W[idx]`` chooses rows of axis 0, ``W[:, idx]`` of axis 1, and
``W[iv, jv]`` rows that are single entries.
"""

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import grad
from pytensor.graph.basic import Constant, Variable, equal_computations
from pytensor.scalar.basic import IntDiv, Mod
from pytensor.tensor.basic import ARange, Nonzero
from pytensor.tensor.elemwise import Elemwise

from symgrad.ops.checks import CheckIndex
from symgrad.ops.coalesce import Coalesce, coalesce

__all__ = ["Place", "Spread", "distinct_place", "joined_place", "spread", "whole"]

ALL = slice(None)


@dataclass(frozen=True)
class Place:
    """Where a block lies in its table.

    Attributes
    ----------
    indices : tuple
        One entry per axis of the table; empty for the whole table.
    axes : tuple of int
        The axes with coordinates.
    row_dims : tuple of int
        The dimensions of the block that lie within a row.
    distinct : bool
        No entry of the table occurs twice in the block.
    used : variable or None
        Boolean, broadcasts to the block: False in slots that are no row (JAX has static shapes,
        and fills the slots that coalescing leaves over). None when there are no such slots.
    """

    indices: tuple
    axes: tuple[int, ...]
    row_dims: tuple[int, ...]
    distinct: bool = True
    used: Variable | None = None

    @property
    def key(self):
        """The index as one would write it: without full slices at the end."""
        last = max((k for k, one in enumerate(self.indices) if one != ALL), default=0)
        return self.indices[: last + 1]

    def read(self, table):
        """The block of `table`."""
        return table[self.key] if self.indices else table

    def write(self, table, block):
        """`table` with the block set."""
        return pt.set_subtensor(table[self.key], block) if self.indices else block

    def add(self, table, step):
        """`table` with `step` added to the block; repeated rows add up."""
        return pt.inc_subtensor(table[self.key], step) if self.indices else table + step

    def of_rows(self):
        """The place of the same rows in a slot with one number per row, see `row_shape`."""
        kept = tuple(one if axis in self.axes else ALL for axis, one in enumerate(self.indices))
        return Place(kept, self.axes, self.row_dims, self.distinct, self.used)

    def with_whole_rows(self):
        """The same place; an axis of which a slice takes a part is one with coordinates."""
        others = [axis for axis in range(len(self.indices)) if axis not in self.axes]
        dims = zip(others, sorted(self.row_dims), strict=True)
        row_dims = tuple(dim for axis, dim in dims if self.indices[axis] == ALL)
        parts = [axis for axis in others if self.indices[axis] != ALL]
        return replace(self, axes=tuple(sorted([*self.axes, *parts])), row_dims=row_dims)

    def row_shape(self, shape):
        """Shape of a slot with one number per row of a table of the given shape."""
        return tuple(size if axis in self.axes else 1 for axis, size in enumerate(shape))

    def row_mean(self, block):
        """Mean within each row, keeping the dimensions."""
        if not self.row_dims:
            return block
        size = reduce(lambda a, b: a * b, (block.shape[dim] for dim in self.row_dims))
        total = pt.sum(block, axis=self.row_dims, keepdims=True)
        return total / pt.cast(size, block.type.dtype)  # JAX would make float64 of an integer

    def only_used(self, block):
        """`block` with zeros where a slot is no row."""
        if self.used is None:
            return block
        return pt.switch(self.used, block, np.zeros((), block.type.dtype))


def whole(table):
    """The place of a dense parameter: all of it. Its rows lie along axis 0."""
    ndim = table.type.ndim
    return Place((), (0,) if ndim else (), tuple(range(1, ndim)))


def joined_place(reads, gradients):
    """One place for all reads of a table, rows repeated, and the joined gradient.

    Returns None if the reads do not choose along the same axes of the same window.
    """
    if len(reads) == 1 and len(reads[0].chain) == 1:
        indices = index_tuple(reads[0])
        axes, row_dims = layout(indices)
        return Place(indices, axes, row_dims, is_distinct(indices)), gradients[0]
    forms = [_row_form(read, gradient) for read, gradient in zip(reads, gradients, strict=True)]
    if not _same_form(forms) or len(forms[0].axes) > 1:
        return None
    index, gradient = _join(forms)
    place, block, _ = _placed(forms[0], (index,), gradient)
    return place, block


def distinct_place(reads, gradients):
    """A place for all reads of a table with each row once, and the gradient summed.

    Reads that are distinct as they stand need no summing. Reads of different kinds (rows and
    columns, say) meet at the level of single entries.
    """
    if len(reads) == 1 and len(reads[0].chain) == 1:
        indices = index_tuple(reads[0])
        if is_distinct(indices):
            axes, row_dims = layout(indices)
            return Place(indices, axes, row_dims), gradients[0]
    forms = [_row_form(read, gradient) for read, gradient in zip(reads, gradients, strict=True)]
    if not _same_form(forms):
        forms = [_entry_form(r, g) for r, g in zip(reads, gradients, strict=True)]
    index, gradient = _join(forms)
    table = reads[0].table
    sizes = [table.shape[axis] for axis in forms[0].axes]
    length = reduce(lambda a, b: a * b, sizes)
    rows, summed, _ = coalesce(index, gradient, length)
    place, block, at = _placed(forms[0], _unravel(rows, sizes), summed)
    used = pt.lt(rows, length).dimshuffle(
        *(0 if dim == at else "x" for dim in range(block.type.ndim))
    )
    return replace(place, distinct=True, used=used), block


@dataclass(frozen=True)
class Spread:
    """The distinct rows of a table as a free variable, and the reads made of it.

    Attributes
    ----------
    place : Place
    rows : variable
        Free: of the type of the block.
    reads : dict
        Each read's variable, and what it is when the rows are `rows`.
    """

    place: Place
    rows: Variable
    reads: dict


def spread(reads):
    """The :class:`Spread` of all reads of a table.

    Summing occurrences into rows is linear, and its transpose copies rows to occurrences. So
    whatever the index, the reads are the gradient of <summed, rows>.
    """
    # Only their shape counts. That of zeros would be a formula, for which JAX cannot compile.
    occurrences = [read.variable.owner.clone().outputs[0] for read in reads]
    place, summed = distinct_place(reads, occurrences)
    rows = place.read(reads[0].table).type()
    copies = zip(reads, grad(pt.sum(summed * rows), occurrences), strict=True)
    # As a replacement, each copy must be of the very type of its read.
    of_reads = {r.variable: r.variable.type.filter_variable(copy) for r, copy in copies}
    return Spread(place, rows, of_reads)


@dataclass(frozen=True)
class _Form:
    """A read as one index vector along `axes` within `window`, with one gradient row each."""

    axes: tuple[int, ...]
    window: tuple
    index: Variable | None
    gradient: Variable


def _row_form(read, gradient):
    """The form of a plain read; None for a nested one."""
    if len(read.chain) > 1:
        return None
    table, indices = read.table, index_tuple(read)
    axes, row_dims = layout(indices)
    window = tuple(ALL if axis in axes else one for axis, one in enumerate(indices))
    coordinates = [_positions(table, axis, indices[axis]) for axis in axes]
    if len(axes) > 1 and isinstance(indices[axes[0]], slice):
        return None
    index = ravel(coordinates, [table.shape[axis] for axis in axes])
    n_index = index.type.ndim
    outer = [dim for dim in range(gradient.type.ndim) if dim not in row_dims]
    gradient = gradient.dimshuffle(*outer, *row_dims)
    return _Form(axes, window, flat(index, n_index), flat(gradient, n_index))


def _entry_form(read, gradient):
    """The form of any read at all: each entry of the table has a number."""
    table = read.table
    indices = index_tuple(read)
    ndim = table.type.ndim
    shape = [table.shape[axis] for axis in range(ndim)]
    _axes, row_dims = layout(indices)
    sliced = [axis for axis, one in enumerate(indices) if isinstance(one, slice)]
    chosen = [axis for axis in range(ndim) if axis not in sliced]
    block_ndim = read.table[indices].type.ndim
    # Block dimensions of the slices: all that the integers do not take, in order.
    dims = [dim for dim in range(block_ndim) if dim in row_dims] if chosen else list(range(ndim))
    taken = [dim for dim in range(block_ndim) if dim not in dims]
    coordinates = []
    for axis in range(ndim):
        position = _positions(table, axis, indices[axis])
        where = [dims[sliced.index(axis)]] if axis in sliced else taken
        where = where[len(where) - position.type.ndim :]
        coordinates.append(
            position.dimshuffle(
                *(where.index(dim) if dim in where else "x" for dim in range(block_ndim))
            )
        )
    entries = ravel(coordinates, shape)
    for deeper in read.chain[1:]:
        entries = entries[deeper]
    return _Form(
        tuple(range(ndim)),
        (ALL,) * ndim,
        flat(entries, entries.type.ndim),
        flat(gradient, gradient.type.ndim),
    )


def _same_form(forms):
    first = forms[0]
    return all(
        form is not None and form.axes == first.axes and same_indices(form.window, first.window)
        for form in forms
    )


def _join(forms):
    """One index vector and gradient of all forms; those of one index are added up."""
    forms = reduce(_merge, forms, [])
    if len(forms) == 1:
        return forms[0].index, forms[0].gradient
    return (
        pt.concatenate([pt.cast(form.index, "int64") for form in forms]),
        pt.concatenate([form.gradient for form in forms]),
    )


def _merge(forms, form):
    for k, other in enumerate(forms):
        if equal_computations([other.index], [form.index]):
            merged = replace(other, gradient=other.gradient + form.gradient)
            return [*forms[:k], merged, *forms[k + 1 :]]
    return [*forms, form]


def _placed(form, coordinates, gradient):
    """The place of index vectors, one per axis of the form, and the gradient as its block.

    Also the dimension of the block along which the vectors lie.
    """
    indices = list(form.window)
    for axis, one in zip(form.axes, coordinates, strict=True):
        indices[axis] = one
    axes, row_dims = layout(tuple(indices))
    (at,) = set(range(gradient.type.ndim)) - set(row_dims)
    order = list(range(1, gradient.type.ndim))
    order.insert(at, 0)
    place = Place(tuple(indices), axes, row_dims, distinct=False)
    return place, gradient.dimshuffle(*order), at


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


def is_distinct(indices):
    """Can no entry of the table be chosen twice?"""
    chosen = [one for one in indices if not isinstance(one, slice)]
    n_index = max((one.type.ndim for one in chosen), default=0)
    if n_index == 0 or _same_nonzero(chosen) or _unravelled(chosen):
        return True
    arrays = [one for one in chosen if one.type.ndim]
    return len(arrays) == 1 and has_distinct_values(arrays[0])


def _unravelled(chosen):
    """Are these all the coordinates that `_unravel` makes of distinct numbers?"""
    number = chosen[0]
    for remainder in chosen[1:]:
        quotient = number
        if not (_is_elemwise(quotient, IntDiv) and _is_elemwise(remainder, Mod)):
            return False
        if not equal_computations(quotient.owner.inputs, remainder.owner.inputs):
            return False
        number = quotient.owner.inputs[0]
    return len(chosen) > 1 and has_distinct_values(number)


def coalesced_by(index):
    """The Coalesce node whose rows an index is, or is a coordinate of; else None."""
    while _is_elemwise(index, (IntDiv, Mod)):
        index = index.owner.inputs[0]
    node = index.owner
    made = node is not None and isinstance(node.op, Coalesce) and index is node.outputs[0]
    return node if made else None


def _is_elemwise(variable, scalar_ops):
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, Elemwise)
        and isinstance(node.op.scalar_op, scalar_ops)
    )


def _same_nonzero(chosen):
    """Are these the coordinates of one ``mask.nonzero()``?"""
    owners = {id(one.owner) for one in chosen}
    return (
        len(owners) == 1
        and chosen[0].owner is not None
        and isinstance(chosen[0].owner.op, Nonzero)
        and len(chosen) == len(chosen[0].owner.outputs)
    )


def has_distinct_values(index):
    """Is the index distinct by construction? Then a `set` through it has one meaning."""
    if index.type.ndim == 0:
        return True
    if isinstance(index, Constant):
        values = index.data
        one_sign = values.size == 0 or values.min() >= 0 or values.max() < 0
        return bool(one_sign and np.unique(values).size == values.size)
    node = index.owner
    if node is None:
        return False
    if isinstance(node.op, CheckIndex):
        return has_distinct_values(node.inputs[0])
    if isinstance(node.op, Nonzero):
        return len(node.outputs) == 1
    if isinstance(node.op, Coalesce):
        return index is node.outputs[0]
    return isinstance(node.op, ARange)


def same_indices(first, second):
    """Are two index tuples equal, as far as the graph tells?"""
    return len(first) == len(second) and all(map(_same_entry, first, second))


def _same_entry(a, b):
    if isinstance(a, slice) and isinstance(b, slice):
        return all(map(_same_entry, (a.start, a.stop, a.step), (b.start, b.stop, b.step)))
    if isinstance(a, Variable) and isinstance(b, Variable):
        return a is b or equal_computations([a], [b])
    return not isinstance(a, (slice, Variable)) and not isinstance(b, (slice, Variable)) and a == b


def _positions(table, axis, entry):
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


def _unravel(number, sizes):
    coordinates = []
    for size in reversed(sizes[1:]):
        coordinates.append(number % size)
        number = number // size
    return (number, *reversed(coordinates))


def flat(x, n_dims):
    """`x` with its first `n_dims` dimensions made one."""
    return x if n_dims == 1 else pt.join_dims(x, 0, n_dims)
