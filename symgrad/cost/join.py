"""All reads of a table as one block: joined, or with each row of the table once.

Reads that choose along the same axes are joined into a single index vector. Reads that do not, as
``W[i]`` and ``W[:, j]``, are joined at the level of single entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import mul

import pytensor.tensor as pt
from pytensor.gradient import grad
from pytensor.graph.basic import Variable, equal_computations

from symgrad.cost.place import Place
from symgrad.graph.coordinates import (
    ALL,
    IndexTuple,
    flat,
    layout,
    one_entry_per_axis,
    positions,
    ravel,
    same_indices,
    unravel,
)
from symgrad.graph.distinct import is_distinct
from symgrad.graph.index_reads import Read
from symgrad.ops.coalesce import coalesce

__all__ = ["Spread", "distinct_place", "joined_place", "spread"]


def joined_place(
    reads: Sequence[Read], gradients: Sequence[Variable]
) -> tuple[Place, Variable] | None:
    """A place for all reads of a table, in which rows may repeat, and the joined gradient.

    Returns None if the reads do not choose along the same axes of the same window.
    """
    if len(reads) == 1 and len(reads[0].chain) == 1:
        indices = _indices(reads[0])
        axes, row_dims = layout(indices)
        return Place(indices, axes, row_dims, is_distinct(indices)), gradients[0]
    forms = _row_forms(reads, gradients)
    if forms is None or len(forms[0].axes) > 1:
        return None
    index, gradient = _join(forms)
    place, block, _ = _placed(forms[0], (index,), gradient)
    return place, block


def distinct_place(reads: Sequence[Read], gradients: Sequence[Variable]) -> tuple[Place, Variable]:
    """A place for all reads of a table with each row once, and the gradient summed over the reads.

    A single read that is distinct as it stands needs no summing.
    """
    if len(reads) == 1 and len(reads[0].chain) == 1:
        indices = _indices(reads[0])
        if is_distinct(indices):
            axes, row_dims = layout(indices)
            return Place(indices, axes, row_dims), gradients[0]
    forms = _row_forms(reads, gradients)
    if forms is None:
        pairs = zip(reads, gradients, strict=True)
        forms = [_entry_form(read, gradient) for read, gradient in pairs]
    index, gradient = _join(forms)
    table = reads[0].table
    sizes = [table.shape[axis] for axis in forms[0].axes]
    length = reduce(mul, sizes)
    rows, summed, _ = coalesce(index, gradient, length)
    place, block, row_dim = _placed(forms[0], unravel(rows, sizes), summed)
    order = (0 if dim == row_dim else "x" for dim in range(block.type.ndim))
    used = pt.lt(rows, length).dimshuffle(*order)
    return replace(place, distinct=True, used=used), block


@dataclass(frozen=True)
class Spread:
    """The distinct rows of a table as a free variable, and the reads as functions of it.

    Attributes
    ----------
    place : Place
    rows : variable
        A free variable of the type of the block.
    reads : dict
        The variable of each read, and the same in terms of `rows`.
    """

    place: Place
    rows: Variable
    reads: dict[Variable, Variable]


def spread(reads: Sequence[Read]) -> Spread:
    """The :class:`Spread` of all reads of a table.

    Summing occurrences into rows is linear, and its transpose copies rows to occurrences. So the
    reads are the gradient of <summed, rows> with respect to the occurrences, for every index.
    """
    # Only the shape of the occurrences counts. The shape of zeros would be computed, and JAX
    # cannot compile for computed shapes.
    occurrences = [read.variable.owner.clone().outputs[0] for read in reads]
    place, summed = distinct_place(reads, occurrences)
    rows = place.read(reads[0].table).type()
    copies = zip(reads, grad(pt.sum(summed * rows), occurrences), strict=True)
    # To replace its read, each copy must have exactly the type of the read.
    of_rows = {r.variable: r.variable.type.filter_variable(copy) for r, copy in copies}
    return Spread(place, rows, of_rows)


@dataclass(frozen=True)
class _Form:
    """A read as one index vector along `axes` within `window`; a row of `gradient` per index."""

    axes: tuple[int, ...]
    window: IndexTuple
    index: Variable
    gradient: Variable


def _indices(read: Read) -> IndexTuple:
    """The first index tuple of a read, with one entry per axis of the table."""
    return one_entry_per_axis(read.chain[0], read.table.type.ndim)


def _row_forms(reads: Sequence[Read], gradients: Sequence[Variable]) -> list[_Form] | None:
    """The forms of plain reads that choose along the same axes of the same window, else None."""
    forms: list[_Form] = []
    for read, gradient in zip(reads, gradients, strict=True):
        form = _row_form(read, gradient)
        if form is None or (forms and not _same_window(form, forms[0])):
            return None
        forms.append(form)
    return forms


def _same_window(form: _Form, other: _Form) -> bool:
    return form.axes == other.axes and same_indices(form.window, other.window)


def _row_form(read: Read, gradient: Variable) -> _Form | None:
    """The form of a plain read; None for a nested read, and for windows along several axes."""
    if len(read.chain) > 1:
        return None
    table, indices = read.table, _indices(read)
    axes, row_dims = layout(indices)
    window = tuple(ALL if axis in axes else entry for axis, entry in enumerate(indices))
    coordinates = [positions(table, axis, indices[axis]) for axis in axes]
    if len(axes) > 1 and isinstance(indices[axes[0]], slice):
        return None
    index = ravel(coordinates, [table.shape[axis] for axis in axes])
    n_index = index.type.ndim
    outer = [dim for dim in range(gradient.type.ndim) if dim not in row_dims]
    gradient = gradient.dimshuffle(*outer, *row_dims)
    return _Form(axes, window, flat(index, n_index), flat(gradient, n_index))


def _entry_form(read: Read, gradient: Variable) -> _Form:
    """The form of any read: each entry of the table has a number."""
    table = read.table
    indices = _indices(read)
    ndim = table.type.ndim
    shape = [table.shape[axis] for axis in range(ndim)]
    _axes, row_dims = layout(indices)
    sliced = [axis for axis, entry in enumerate(indices) if isinstance(entry, slice)]
    chosen = [axis for axis in range(ndim) if axis not in sliced]
    block_ndim = read.table[indices].type.ndim
    # The dimensions of the block that slices span, in order, and those that integers span.
    slice_dims = [d for d in range(block_ndim) if d in row_dims] if chosen else list(range(ndim))
    index_dims = [dim for dim in range(block_ndim) if dim not in slice_dims]
    coordinates = []
    for axis in range(ndim):
        position = positions(table, axis, indices[axis])
        dims = [slice_dims[sliced.index(axis)]] if axis in sliced else index_dims
        dims = dims[len(dims) - position.type.ndim :]
        order = (dims.index(dim) if dim in dims else "x" for dim in range(block_ndim))
        coordinates.append(position.dimshuffle(*order))
    entries = ravel(coordinates, shape)
    for nested_indices in read.chain[1:]:
        entries = entries[nested_indices]
    return _Form(
        tuple(range(ndim)),
        (ALL,) * ndim,
        flat(entries, entries.type.ndim),
        flat(gradient, gradient.type.ndim),
    )


def _join(forms: list[_Form]) -> tuple[Variable, Variable]:
    """One index vector and one gradient for all forms; gradients of equal indices are added."""
    no_forms: list[_Form] = []
    forms = reduce(_merged, forms, no_forms)
    if len(forms) == 1:
        return forms[0].index, forms[0].gradient
    return (
        pt.concatenate([pt.cast(form.index, "int64") for form in forms]),
        pt.concatenate([form.gradient for form in forms]),
    )


def _merged(forms: list[_Form], form: _Form) -> list[_Form]:
    """The forms with another form: added to the form of an equal index, or appended."""
    for k, other in enumerate(forms):
        if equal_computations([other.index], [form.index]):
            both = replace(other, gradient=other.gradient + form.gradient)
            return [*forms[:k], both, *forms[k + 1 :]]
    return [*forms, form]


def _placed(
    form: _Form, coordinates: Sequence[Variable], gradient: Variable
) -> tuple[Place, Variable, int]:
    """The place of index vectors, one per axis of the form, and the gradient as its block.

    The third result is the dimension of the block along which the vectors lie.
    """
    indices = list(form.window)
    for axis, coordinate in zip(form.axes, coordinates, strict=True):
        indices[axis] = coordinate
    axes, row_dims = layout(tuple(indices))
    (row_dim,) = set(range(gradient.type.ndim)) - set(row_dims)
    order = list(range(1, gradient.type.ndim))
    order.insert(row_dim, 0)
    place = Place(tuple(indices), axes, row_dims, distinct=False)
    return place, gradient.dimshuffle(*order), row_dim
