"""From the parameters of a rule to blocks: which rows of which tables move, and their gradients."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.connected import connected
from symgrad.cost.gradients import (
    check_float,
    check_paths,
    connected_gradients,
    disconnected,
)
from symgrad.cost.join import Spread, distinct_place, joined_place, spread
from symgrad.cost.lookups import Subset, lookups
from symgrad.cost.place import Place, whole
from symgrad.errors import (
    DenseReadError,
    DuplicateUpdateError,
    GradientShapeError,
    NotSharedError,
    OptionError,
)
from symgrad.graph.index_reads import Read, describe, describe_node, read_of

__all__ = ["Block", "Param", "Target", "blocks", "by_table", "differentiate", "listed", "target_of"]

logger = logging.getLogger("symgrad")

# A shared variable, a subset ``table[index]`` of it, or a Subset.
Param: TypeAlias = SharedVariable | Variable | Subset


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
        The whole table is updated although the cost reads it by index, as was asked for or logged.
    spread : Spread or None
        Given if the rows must be brought up to date before they are read. Then `value` is a free
        variable for the rows that are up to date, and the reads are in terms of it.
    """

    table: SharedVariable
    place: Place
    gradient: Variable
    mask: Variable | None = None
    dense: bool = False
    spread: Spread | None = None
    value: Variable = field(init=False)

    def __post_init__(self) -> None:
        value = self.spread.rows if self.spread else self.place.read(self.table)
        object.__setattr__(self, "value", value)

    def with_gradient(self, gradient: Variable) -> "Block":
        """The same block with another gradient, kept in the table's dtype."""
        return replace(self, gradient=pt.cast(gradient, self.table.type.dtype))


@dataclass
class Part:
    """One read of a table, or the whole table (`read` is None), with its gradient and mask."""

    variable: Variable
    read: Read | None = None
    gradient: Variable | None = None
    mask: Variable | None = None


@dataclass
class Target:
    """A table to be updated: its parts that the cost reads, and a mask of the table's own shape."""

    table: SharedVariable
    parts: list[Part]
    mask: Variable | None = None
    dense: bool = False


def blocks(
    cost_or_grads: Variable | Sequence,
    params: Param | Iterable[Param],
    *,
    require_lookups: bool,
    unused: str,
    mask: Any,
    distinct: bool,
) -> list[Block]:
    """One :class:`Block` for each table among `params`.

    With `distinct`, each row of a table occurs once, and its gradient is the sum over its reads.
    The other arguments are the options of the rules, see :class:`symgrad.emit.options.Options`.
    """
    params = listed(params)
    masks = _masks(mask, params)
    if isinstance(cost_or_grads, Variable):
        cost = cost_or_grads
        targets = [
            target_of(param, mask, cost, require_lookups)
            for param, mask in zip(params, masks, strict=True)
        ]
        targets = by_table(targets)
        differentiate(cost, targets)
        if _is_connected(mask):
            _mask_connected(cost, targets)
    else:
        if _is_connected(mask):
            raise OptionError(
                "mask='connected' was given with gradients, but the mask is made from the cost: "
                "give the cost, or masks made by sg.connected(cost, wrt)"
            )
        gradients = listed(cost_or_grads, "the cost, or the gradients")
        if len(gradients) != len(params):
            raise GradientShapeError(
                f"{len(gradients)} gradients were given for {len(params)} parameters: give one "
                "for each"
            )
        targets = [target_of(param, mask) for param, mask in zip(params, masks, strict=True)]
        for target, gradient in zip(targets, gradients, strict=True):
            _attach(target, listed(gradient, "a gradient"))
        targets = by_table(targets)
    return [_block(target, unused, distinct) for target in targets]


def listed(items: Any, what: str = "parameters") -> list:
    """A single variable, or several, as a list."""
    if isinstance(items, (Variable, Subset)):
        return [items]
    if isinstance(items, Iterable):
        return list(items)
    raise NotSharedError(f"{items!r} was given as {what}: give a variable or a list of variables")


def _masks(mask: Any, params: list) -> list:
    """One mask, or None, for each parameter."""
    if _is_connected(mask):
        return [None] * len(params)
    if isinstance(mask, Mapping):
        unknown = [key for key in mask if all(key is not param for param in params)]
        if unknown:
            raise OptionError(
                f"mask= names {unknown}, which are not among the parameters: use the variables of "
                "params themselves as keys"
            )
        return [mask.get(param) for param in params]
    masks = list(mask) if isinstance(mask, (list, tuple)) else [mask]
    if mask is None:
        return [None] * len(params)
    if len(masks) != len(params):
        raise OptionError(
            f"mask= has {len(masks)} entries for {len(params)} parameters: give a list with one "
            "mask or None for each, or a mapping {param: mask}"
        )
    return masks


def _is_connected(mask: Any) -> bool:
    """Is it ``mask="connected"``? Any other word is a mistake."""
    if isinstance(mask, str) and mask != "connected":
        raise OptionError(f"mask is {mask!r}: give boolean masks, or the word 'connected'")
    return isinstance(mask, str)


def _mask_connected(cost: Variable, targets: list[Target]) -> None:
    """Let an entry move only in the calls whose cost depends on it."""
    parts = [part for target in targets for part in target.parts]
    masks = connected(cost, [part.variable for part in parts])
    for part, mask in zip(parts, masks, strict=True):
        part.mask = mask
    for target in targets:
        if target.parts[0].read is None:
            target.mask = target.parts[0].mask


def target_of(
    param: Param, mask: Any, cost: Variable | None = None, require_lookups: bool = False
) -> Target:
    """The table and the parts of it that a parameter stands for.

    A shared variable stands for its lookups in the cost, if the cost has lookups and nothing else
    of it.
    """
    mask = None if mask is None else pt.cast(pt.as_tensor(mask), "bool")
    if isinstance(param, SharedVariable):
        check_float(param)
        subset = Subset(param, (), ()) if cost is None else lookups(cost, param)
        if subset.reads and subset.dense:
            _report_dense_read(subset, require_lookups)
        if subset.dense or not subset.reads:
            return Target(param, [Part(param)], mask, dense=bool(subset.reads))
        return Target(param, _parts(subset), mask)
    if isinstance(param, Subset):
        check_float(param.table)
        return Target(param.table, _parts(param), mask)
    read = read_of(param) if isinstance(param, Variable) else None
    if read is None:
        raise NotSharedError(
            f"{param} is neither a shared variable nor a subset of one, so there is nothing to "
            "update. Give sg.shared(...) variables, or table[index] variables of them"
        )
    check_float(read.table)
    return Target(read.table, [Part(param, read, mask=mask)])


def _parts(subset: Subset) -> list[Part]:
    return [Part(read.variable, read) for read in subset.reads]


def _report_dense_read(subset: Subset, require_lookups: bool) -> None:
    message = (
        f"table {describe(subset.table)} is read by index, but "
        f"{describe_node(subset.dense[0])} reads all of it, so every row has a gradient"
    )
    if require_lookups:
        raise DenseReadError(
            f"{message}, and lookups='require' was given. Take that read out of the cost, or "
            "give lookups='auto' for a dense update"
        )
    logger.warning("%s: its update is dense", message)


def by_table(targets: Iterable[Target]) -> list[Target]:
    """One target for each table: subsets of the same table come together."""
    by_table: dict[SharedVariable, Target] = {}
    for target in targets:
        before = by_table.setdefault(target.table, target)
        if before is target:
            continue
        parts = before.parts + target.parts
        variables = {part.variable for part in parts}
        if target.table in variables or len(variables) < len(parts):
            name = describe(target.table)
            raise DuplicateUpdateError(
                f"the parameters name table {name} twice. Give the table once, as in "
                f"sg.adam(cost, [{name}]), or each of its subsets once"
            )
        before.parts = parts
    return list(by_table.values())


def differentiate(cost: Variable, targets: Sequence[Target]) -> None:
    """Give each part its gradient, and drop parts that have none.

    Raises if a target has no part with a gradient.
    """
    parts = [part for target in targets for part in target.parts]
    check_paths(cost, [part.read for part in parts if part.read])
    gradients = connected_gradients(cost, [part.variable for part in parts])
    for part, gradient in zip(parts, gradients, strict=True):
        part.gradient = gradient
    for target in targets:
        connected_parts = [part for part in target.parts if part.gradient is not None]
        if not connected_parts:
            raise disconnected(cost, target.parts[0].variable)
        target.parts = connected_parts


def _attach(target: Target, gradients: list) -> None:
    """Give the parts of a target the gradients that the caller computed."""
    for part, gradient in zip(target.parts, gradients, strict=True):
        part.gradient = pt.as_tensor(gradient)
        if part.gradient.type.ndim != part.variable.type.ndim:
            raise GradientShapeError(
                f"the gradient for {describe(part.variable)} has {part.gradient.type.ndim} "
                f"dimensions, but the rows it belongs to have {part.variable.type.ndim}: give "
                "a gradient of the shape of the subset"
            )


def _block(target: Target, unused: str, distinct: bool) -> Block:
    """Find the place of a target and sum its gradient there."""
    table, parts = target.table, target.parts
    gradients = [pt.cast(part.gradient, table.type.dtype) for part in parts]
    reads = [part.read for part in parts if part.read]
    if not reads:
        mask = _mask_at(target.mask, table, whole(table))
        return Block(table, whole(table), gradients[0], mask, target.dense)
    if unused == "exact":
        spread_rows = spread(reads)
        _, gradient = distinct_place(reads, gradients)
        return Block(table, spread_rows.place, gradient, spread=spread_rows)
    if any(part.mask is not None for part in parts):
        place, gradient, mask = _masked(parts, gradients)
    else:
        joined = None if distinct else joined_place(reads, gradients)
        place, gradient = joined or distinct_place(reads, gradients)
        mask = _mask_at(target.mask, table, place)
    if unused == "decay":
        return _as_dense(table, place, gradient, mask)
    return Block(table, place, gradient, mask)


def _masked(parts: list[Part], gradients: list[Variable]) -> tuple[Place, Variable, Variable]:
    """Sum only what the masks of the reads let through.

    An entry stays as it is if the masks of all its reads are False.
    """
    masks = [
        pt.ones_like(gradient, dtype=bool) & (True if part.mask is None else part.mask)
        for part, gradient in zip(parts, gradients, strict=True)
    ]
    gradients = [
        pt.switch(mask, gradient, pt.zeros_like(gradient))
        for mask, gradient in zip(masks, gradients, strict=True)
    ]
    reads = [part.read for part in parts if part.read]
    place, gradient = distinct_place(reads, gradients)
    _, count = distinct_place(reads, [pt.cast(mask, gradient.type.dtype) for mask in masks])
    return place, gradient, pt.gt(count, 0)


def _mask_at(mask: Variable | None, table: SharedVariable, place: Place) -> Variable | None:
    """The part of a mask of the table's shape that belongs to a block."""
    if mask is None:
        return None
    if mask.type.ndim != table.type.ndim:
        raise OptionError(
            f"the mask for {describe(table)} has {mask.type.ndim} dimensions, the table has "
            f"{table.type.ndim}: give a boolean mask of the parameter's shape (dimensions of "
            "length 1 broadcast)"
        )
    broadcasts = [size == 1 for size in mask.type.shape]
    indices = tuple(
        entry if not broadcast else slice(None) if isinstance(entry, slice) else entry * 0
        for entry, broadcast in zip(place.indices, broadcasts, strict=False)
    )
    return mask[indices] if indices else mask


def _as_dense(
    table: SharedVariable, place: Place, gradient: Variable, mask: Variable | None
) -> Block:
    """The block of the whole table; rows that were not read have a gradient of zero."""
    dense = place.add(pt.zeros_like(table), gradient)
    if mask is not None:
        mask = place.write(pt.ones_like(table, dtype=bool), mask)
    return Block(table, whole(table), dense, mask, dense=True)
