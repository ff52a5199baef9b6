"""Where an index and a length come from: what the emitter knew, recovered from the plain graph."""

from __future__ import annotations

from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.traversal import ancestors
from pytensor.scalar.basic import IntDiv, Mod
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.variable import TensorVariable

from symgrad.graph.index_reads import indices_of, is_index_read
from symgrad.ops.check_index import CheckIndex
from symgrad.ops.coalesce import Coalesce

__all__ = [
    "Coalesced",
    "coalesced",
    "dimension_of",
    "is_elemwise",
    "table_of_length",
    "unchecked",
]


@dataclass(frozen=True)
class Coalesced:
    """The distinct rows, and the sums, that one :func:`symgrad.coalesce` makes.

    Attributes
    ----------
    node : Apply
        Of the Op :class:`Coalesce`.
    """

    node: Apply

    @property
    def rows(self) -> Variable:
        """The distinct rows. On JAX, empty slots hold the length of the table."""
        return self.node.outputs[0]

    @property
    def summed(self) -> Variable:
        """The gradient of each of the rows."""
        return self.node.outputs[1]

    @property
    def index(self) -> Variable:
        """The index before it was coalesced: rows may be repeated."""
        return self.node.inputs[0]

    @property
    def gradient(self) -> Variable:
        """The gradient of each entry of the index."""
        return self.node.inputs[1]

    @property
    def length(self) -> Variable:
        """The number of rows there are to choose from."""
        return self.node.inputs[2]

    @property
    def table(self) -> SharedVariable | None:
        """The table whose rows these are: the rows lie in its range."""
        return table_of_length(self.length)

    @property
    def used(self) -> TensorVariable:
        """For each slot, whether it holds a row."""
        return pt.lt(self.rows, self.length)


def coalesced(index: Variable) -> Coalesced | None:
    """The Coalesce whose rows an index is, or is a coordinate of; None if there is none."""
    while is_elemwise(index, (IntDiv, Mod)):
        index = index.owner.inputs[0]
    node = index.owner
    if node is None or not isinstance(node.op, Coalesce) or index is not node.outputs[0]:
        return None
    return Coalesced(node)


def unchecked(index: Variable) -> Variable:
    """The index without its checks, which do not change which rows it chooses."""
    while index.owner is not None and isinstance(index.owner.op, CheckIndex):
        index = index.owner.inputs[0]
    return index


def table_of_length(length: Variable) -> SharedVariable | None:
    """The shared variable of which a length is a dimension, or a product of dimensions."""
    shared = (v for v in ancestors([length]) if isinstance(v, SharedVariable))
    return next(shared, None)


def dimension_of(length: Variable) -> tuple[SharedVariable | None, int | None]:
    """``(table, axis)`` if a length is ``table.shape[axis]``."""
    node = length.owner
    while node is not None and not is_index_read(node):
        node = node.inputs[0].owner  # a cast
    if node is None or node.inputs[0].owner is None:
        return None, None
    table = node.inputs[0].owner.inputs[0]
    (axis,) = indices_of(node)
    return (table if isinstance(table, SharedVariable) else None), int(axis.data)


def is_elemwise(variable: Variable, scalar_ops: type | tuple[type, ...]) -> bool:
    """Is the variable computed entry by entry by one of these scalar Ops?"""
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, Elemwise)
        and isinstance(node.op.scalar_op, scalar_ops)
    )
