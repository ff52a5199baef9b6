"""All reads of a table as one block: joined, and with each row once."""

from dataclasses import dataclass, replace
from functools import reduce

import pytensor.tensor as pt
from pytensor.gradient import grad
from pytensor.graph.basic import Variable, equal_computations

from symgrad.cost.place import Place
from symgrad.graph.coordinates import (
    ALL,
    coordinates_of,
    flat,
    index_tuple,
    layout,
    positions,
    ravel,
    same_indices,
)
from symgrad.graph.distinct import is_distinct
from symgrad.ops.coalesce import coalesce

__all__ = ["Spread", "distinct_place", "joined_place", "spread"]


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
    place, block, at = _placed(forms[0], coordinates_of(rows, sizes), summed)
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
    coordinates = [positions(table, axis, indices[axis]) for axis in axes]
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
        position = positions(table, axis, indices[axis])
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
