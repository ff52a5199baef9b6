"""From parameters to blocks: which rows of which tables move, and the gradient of each."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.connected import connected
from symgrad.cost.gradients import (
    check_float,
    check_paths,
    connected_gradients,
    describe_node,
    disconnected,
)
from symgrad.cost.join import Spread, distinct_place, joined_place, spread
from symgrad.cost.lookups import Subset, lookups
from symgrad.cost.place import Place, whole
from symgrad.errors import (
    DenseReadError,
    DuplicateUpdateError,
    GradientShapeError,
    HyperparameterError,
    NotSharedError,
)
from symgrad.graph.index_reads import Read, describe, read_of

__all__ = ["Block", "blocks", "by_table", "differentiate", "listed", "source_of"]

logger = logging.getLogger("symgrad")


@dataclass(frozen=True)
class Block:
    """What transforms and rules work on: a block of a table and its gradient.

    Attributes
    ----------
    table : shared variable
    place : Place
        Where in the table the block lies.
    gradient : variable
        d cost / d block, each row of the table once.
    value : variable
        The block of the table before the step.
    mask : variable or None
        Boolean, of the block's shape: where False, value and slots stay.
    dense : bool
        The whole table is updated although the cost reads it by index; the caller knows.
    spread : Spread or None
        If the rows have to be brought up to date before they are read: `value` and the reads in
        terms of a variable for the rows that are.
    """

    table: SharedVariable
    place: Place
    gradient: Variable
    mask: Variable | None = None
    dense: bool = False
    spread: Spread | None = None
    value: Variable = field(init=False)

    def __post_init__(self):
        value = self.spread.rows if self.spread else self.place.read(self.table)
        object.__setattr__(self, "value", value)

    def with_gradient(self, gradient):
        """The same block with another gradient, kept in the table's dtype."""
        return replace(self, gradient=pt.cast(gradient, self.table.type.dtype))


@dataclass
class _Part:
    """One read of a table, or all of it (`read` is None), with its gradient and mask."""

    variable: Variable
    read: Read | None = None
    gradient: Variable | None = None
    mask: Variable | None = None


@dataclass
class _Source:
    """A table to be updated: what was read of it, and a mask of the table's own shape."""

    table: SharedVariable
    parts: list[_Part]
    mask: Variable | None = None
    dense: bool = False


def blocks(cost_or_grads, params, *, require_lookups, unused, mask, distinct):
    """One :class:`Block` for each table among `params`.

    With `distinct`, each row of a table is there once, and its gradient is the sum over its reads.
    The other arguments are the options of the rules, see :class:`symgrad.emit.options.Options`.
    """
    params = listed(params)
    masks = _masks(mask, params)
    if isinstance(cost_or_grads, Variable):
        cost = cost_or_grads
        sources = [
            source_of(param, mask, cost, require_lookups)
            for param, mask in zip(params, masks, strict=True)
        ]
        sources = by_table(sources)
        differentiate(cost, sources)
        if _is_connected(mask):
            _mask_connected(cost, sources)
    else:
        if _is_connected(mask):
            raise HyperparameterError(
                "mask='connected' was given with gradients, but it is found in the cost: give "
                "the cost, or masks made by sg.connected(cost, wrt)"
            )
        gradients = listed(cost_or_grads, "the cost, or the gradients")
        if len(gradients) != len(params):
            raise GradientShapeError(
                f"{len(gradients)} gradients were given for {len(params)} parameters: give one "
                "for each"
            )
        sources = [source_of(param, mask) for param, mask in zip(params, masks, strict=True)]
        for source, gradient in zip(sources, gradients, strict=True):
            _attach(source, listed(gradient, "a gradient"))
        sources = by_table(sources)
    return [_block(source, unused, distinct) for source in sources]


def listed(items, what="parameters"):
    """A variable or several, as a list."""
    if isinstance(items, (Variable, Subset)):
        return [items]
    if isinstance(items, Iterable):
        return list(items)
    raise NotSharedError(f"{items!r} was given as {what}: give a variable or a list of variables")


def _masks(mask, params):
    """One mask, or None, for each parameter."""
    if _is_connected(mask):
        return [None] * len(params)
    if isinstance(mask, Mapping):
        unknown = [key for key in mask if all(key is not param for param in params)]
        if unknown:
            raise HyperparameterError(
                f"mask= names {unknown}, which are not among the parameters: use the very "
                "variables of params as keys"
            )
        return [mask.get(param) for param in params]
    masks = list(mask) if isinstance(mask, (list, tuple)) else [mask]
    if mask is None:
        return [None] * len(params)
    if len(masks) != len(params):
        raise HyperparameterError(
            f"mask= has {len(masks)} entries for {len(params)} parameters: give a list with one "
            "mask or None for each, or a mapping {param: mask}"
        )
    return masks


def _is_connected(mask):
    """Is it ``mask="connected"``? Other words are mistakes."""
    if isinstance(mask, str) and mask != "connected":
        raise HyperparameterError(f"mask is {mask!r}: give boolean masks, or the word 'connected'")
    return isinstance(mask, str)


def _mask_connected(cost, sources):
    """Let an entry move only in the calls whose cost depends on it."""
    parts = [part for source in sources for part in source.parts]
    masks = iter(connected(cost, [part.variable for part in parts]))
    for source in sources:
        for part in source.parts:
            part.mask = next(masks)
        if source.parts[0].read is None:
            source.mask = source.parts[0].mask


def source_of(param, mask, cost=None, require_lookups=False):
    """What a parameter stands for; a shared variable for its lookups in the cost, if any."""
    mask = None if mask is None else pt.cast(pt.as_tensor(mask), "bool")
    if isinstance(param, SharedVariable):
        check_float(param)
        subset = Subset(param, (), ()) if cost is None else lookups(cost, param)
        if subset.reads and subset.dense:
            _report_dense_read(subset, require_lookups)
        if subset.dense or not subset.reads:
            return _Source(param, [_Part(param)], mask, dense=bool(subset.reads))
        return _Source(param, _parts(subset), mask)
    if isinstance(param, Subset):
        check_float(param.table)
        return _Source(param.table, _parts(param), mask)
    read = read_of(param) if isinstance(param, Variable) else None
    if read is None:
        raise NotSharedError(
            f"{param} is neither a shared variable nor a subset of one, so there is nothing to "
            "update. Give sg.shared(...) variables, or table[index] variables of them"
        )
    check_float(read.table)
    return _Source(read.table, [_Part(param, read, mask=mask)])


def _parts(subset):
    return [_Part(read.variable, read) for read in subset.reads]


def _report_dense_read(subset, require_lookups):
    message = (
        f"table {describe(subset.table)} is read by index, but "
        f"{describe_node(subset.dense[0])} reads all of it, so every row has a gradient"
    )
    if require_lookups:
        raise DenseReadError(
            f"{message}, and lookups='require' was asked. Take that read out of the cost, or "
            "say lookups='auto' for a dense update"
        )
    logger.warning("%s: its update is dense", message)


def by_table(sources):
    """One source for each table: subsets of one table come together."""
    found = {}
    for source in sources:
        before = found.setdefault(source.table, source)
        if before is source:
            continue
        parts = before.parts + source.parts
        variables = {part.variable for part in parts}
        if source.table in variables or len(variables) < len(parts):
            name = describe(source.table)
            raise DuplicateUpdateError(
                f"the parameters name table {name} twice. Give the table once, as in "
                f"sg.adam(cost, [{name}]), or each of its subsets once"
            )
        before.parts = parts
    return list(found.values())


def differentiate(cost, sources):
    """Give each part its gradient; drop parts without, but not all of a table."""
    parts = [part for source in sources for part in source.parts]
    check_paths(cost, [part.read for part in parts if part.read])
    gradients = connected_gradients(cost, [part.variable for part in parts])
    for part, gradient in zip(parts, gradients, strict=True):
        part.gradient = gradient
    for source in sources:
        connected = [part for part in source.parts if part.gradient is not None]
        if not connected:
            raise disconnected(cost, source.parts[0].variable)
        source.parts = connected


def _attach(source, gradients):
    """Give the parts of a source the gradients that the caller computed."""
    for part, gradient in zip(source.parts, gradients, strict=True):
        part.gradient = pt.as_tensor(gradient)
        if part.gradient.type.ndim != part.variable.type.ndim:
            raise GradientShapeError(
                f"the gradient for {describe(part.variable)} has {part.gradient.type.ndim} "
                f"dimensions, but the rows it belongs to have {part.variable.type.ndim}: give "
                "a gradient of the shape of the subset"
            )


def _block(source, unused, distinct):
    """Find the place of a source and sum its gradient there."""
    table, parts = source.table, source.parts
    gradients = [pt.cast(part.gradient, table.type.dtype) for part in parts]
    if parts[0].read is None:
        mask = _mask_at(source.mask, table, whole(table))
        return Block(table, whole(table), gradients[0], mask, source.dense)
    reads = [part.read for part in parts]
    if unused == "exact":
        of_rows = spread(reads)
        _, gradient = distinct_place(reads, gradients)
        return Block(table, of_rows.place, gradient, spread=of_rows)
    if any(part.mask is not None for part in parts):
        place, gradient, mask = _masked(parts, gradients)
    else:
        joined = None if distinct else joined_place(reads, gradients)
        place, gradient = joined or distinct_place(reads, gradients)
        mask = _mask_at(source.mask, table, place)
    if unused == "decay":
        return _as_dense(table, place, gradient, mask)
    return Block(table, place, gradient, mask)


def _masked(parts, gradients):
    """Sum only what the masks of the reads let through; an entry stays if all its reads do."""
    masks = [
        pt.ones_like(gradient, dtype=bool) & (True if part.mask is None else part.mask)
        for part, gradient in zip(parts, gradients, strict=True)
    ]
    gradients = [
        pt.switch(mask, gradient, pt.zeros_like(gradient))
        for mask, gradient in zip(masks, gradients, strict=True)
    ]
    reads = [part.read for part in parts]
    place, gradient = distinct_place(reads, gradients)
    _, count = distinct_place(reads, [pt.cast(mask, gradient.type.dtype) for mask in masks])
    return place, gradient, pt.gt(count, 0)


def _mask_at(mask, table, place):
    """The part of a mask of the table's shape that belongs to a block."""
    if mask is None:
        return None
    if mask.type.ndim != table.type.ndim:
        raise HyperparameterError(
            f"the mask for {describe(table)} has {mask.type.ndim} dimensions, the table has "
            f"{table.type.ndim}: give a boolean mask of the parameter's shape (dimensions of "
            "length 1 broadcast)"
        )
    one = [size == 1 for size in mask.type.shape]
    indices = tuple(
        entry if not broadcast else slice(None) if isinstance(entry, slice) else entry * 0
        for entry, broadcast in zip(place.indices, one, strict=False)
    )
    return mask[indices] if indices else mask


def _as_dense(table, place, gradient, mask):
    """The same gradient as a dense one: rows that were not read have a gradient of zero."""
    dense = place.add(pt.zeros_like(table), gradient)
    if mask is not None:
        mask = place.write(pt.ones_like(table, dtype=bool), mask)
    return Block(table, whole(table), dense, mask, dense=True)
