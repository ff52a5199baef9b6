"""Indexed writes: the chain of them that makes an update, its table, and the rows written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import TensorType

from symgrad.graph.coordinates import layout, one_entry_per_axis, same_indices
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write
from symgrad.graph.provenance import coalesced

__all__ = [
    "WriteChain",
    "has_shape_of",
    "ignores_duplicates",
    "row_index",
    "rows_written",
    "table_of",
    "write_chain",
    "writes_into",
]


@dataclass(frozen=True)
class WriteChain:
    """Indexed writes, each into the result of the one before.

    Attributes
    ----------
    source : variable
        What the first write changes.
    writes : tuple of Apply
        The last write comes first.
    """

    source: Variable
    writes: tuple[Apply, ...]


def write_chain(variable: Variable, views: bool = False) -> WriteChain:
    """The chain of indexed writes that ends in a variable; empty if it is not written by index.

    Parameters
    ----------
    variable : variable
    views : bool
        Follow the chain through Ops that return a view of their first input, as rewrites and type
        conversions put between writes.
    """
    writes = []
    while variable.owner is not None:
        if is_index_write(variable.owner):
            writes.append(variable.owner)
        elif not (views and variable.owner.op.view_map):
            break
        variable = variable.owner.inputs[0]
    return WriteChain(variable, tuple(writes))


def table_of(variable: Variable) -> SharedVariable | None:
    """The shared variable that a chain of indexed writes changes, or the variable itself is."""
    source = write_chain(variable).source
    return source if isinstance(source, SharedVariable) else None


def writes_into(node: Apply, variable: Variable) -> bool:
    """Does the node write into this variable by index?"""
    return is_index_write(node) and node.inputs[0] is variable


def ignores_duplicates(node: Apply) -> bool:
    """Does an indexed increment add only one of the values that are given for a repeated index?"""
    return getattr(node.op, "ignore_duplicates", False)


def rows_written(new: Variable, table: SharedVariable) -> list[Variable]:
    """The values that an update puts into its table: rows, or all of the table."""
    chain = write_chain(new)
    if chain.source is not table:
        return [new] if isinstance(new.type, TensorType) else []
    return [_without_padding(node) for node in chain.writes]


def _without_padding(node: Apply) -> Variable:
    """The rows that a node writes; zero in the slots that `coalesce` leaves empty on JAX."""
    rows, indices = node.inputs[1], one_entry_per_axis(indices_of(node), node.inputs[0].type.ndim)
    origins = [coalesced(entry) for entry in indices if not isinstance(entry, slice)]
    origin = next(filter(None, origins), None)
    if origin is None:
        return rows
    _, row_dims = layout(indices)
    used = origin.used.dimshuffle(*("x" if dim in row_dims else 0 for dim in range(rows.type.ndim)))
    return pt.switch(used, rows, np.zeros((), rows.type.dtype))


def row_index(node: Apply) -> Variable | None:
    """The integers by which a read or write chooses rows of axis 0, or None.

    They may have any number of dimensions, but one at least.
    """
    first, *rest = indices_of(node) or (None,)
    if not isinstance(first, Variable) or any(entry != slice(None) for entry in rest):
        return None
    is_tensor = isinstance(first.type, TensorType) and first.type.ndim > 0
    return first if is_tensor and first.type.dtype != "bool" else None


def has_shape_of(rows: Variable, indices: Sequence) -> bool:
    """Do rows have the shape that the indices choose, because they are made of such rows?"""
    node = rows.owner
    if node is None:
        return False
    if is_index_read(node) and isinstance(node.inputs[0], SharedVariable):
        return same_indices(indices_of(node), indices)
    return isinstance(node.op, Elemwise) and any(
        has_shape_of(operand, indices)
        for operand in node.inputs
        if operand.type.ndim == rows.type.ndim
    )
