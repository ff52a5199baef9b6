"""Indexed reads and writes: which nodes they are, what they index, and their names in messages.

PyTensor's classes of index Ops change from version to version, so that nodes are recognised by what
their Ops can do.
"""

from dataclasses import dataclass
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.basic import ScalarFromTensor
from pytensor.tensor.reshape import JoinDims
from pytensor.tensor.shape import Reshape

from symgrad.graph.coordinates import IndexTuple, unravel
from symgrad.pytensor_compat import indices_from_subtensor

__all__ = [
    "Read",
    "describe",
    "describe_node",
    "indices_of",
    "is_flattened",
    "is_index_read",
    "is_index_write",
    "read_of",
]


@dataclass(frozen=True)
class Read:
    """One indexed read of a table.

    Attributes
    ----------
    table : shared variable
    variable : variable
        The result of the read, which the cost was built from.
    chain : tuple of tuple
        Index tuples applied one after the other: ``table[chain[0]][chain[1]]...``; a single one,
        unless the read is nested.
    """

    table: SharedVariable
    variable: Variable
    chain: tuple[tuple, ...]


def read_of(variable: Variable) -> Read | None:
    """The :class:`Read` whose result `variable` is, or None."""
    node = variable.owner
    if node is None or not is_index_read(node):
        return None
    source, indices = node.inputs[0], indices_of(node)
    if isinstance(source, SharedVariable):
        return Read(source, variable, (indices,))
    if is_flattened(source) and not any(isinstance(entry, slice) for entry in indices):
        table = source.owner.inputs[0]
        return Read(table, variable, (_of_flattened(indices[0], table),))
    inner = read_of(source)
    return inner and Read(inner.table, variable, (*inner.chain, indices))


def is_index_read(node: Apply) -> bool:
    """Does the node read its first input by index?"""
    return hasattr(node.op, "idx_list") and not hasattr(node.op, "set_instead_of_inc")


def is_index_write(node: Apply) -> bool:
    """Does the node return its first input with some entries incremented or set?"""
    return hasattr(node.op, "idx_list") and hasattr(node.op, "set_instead_of_inc")


def indices_of(node: Apply) -> tuple:
    """The index tuple of an indexed read or write, as one would write it in Python."""
    n_others = 2 if is_index_write(node) else 1
    entries = indices_from_subtensor(node.inputs[n_others:], node.op.idx_list)
    return tuple(_plain(entry) for entry in entries)


def _plain(entry: Any) -> Any:
    """An index entry with its variables as tensors, and constant bounds of slices as integers."""
    if isinstance(entry, slice):
        bounds = (_plain(bound) for bound in (entry.start, entry.stop, entry.step))
        return slice(*(int(b.data) if isinstance(b, Constant) else b for b in bounds))
    if isinstance(entry, Constant):
        return pt.constant(entry.data)
    if isinstance(entry, Variable):
        wrapped = entry.owner is not None and isinstance(entry.owner.op, ScalarFromTensor)
        return entry.owner.inputs[0] if wrapped else pt.as_tensor(entry)
    return entry


def is_flattened(variable: Variable) -> bool:
    """Is this ``table.flatten()``, for a shared table?"""
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, (Reshape, JoinDims))
        and isinstance(node.inputs[0], SharedVariable)
        and variable.type.ndim == 1
    )


def _of_flattened(index: Variable, table: SharedVariable) -> IndexTuple:
    """The index tuple of a table that chooses what `index` chooses of the flattened table."""
    sizes = [table.shape[axis] for axis in range(table.type.ndim)]
    number = pt.switch(pt.lt(index, 0), index + pt.prod(pt.stack(sizes)), index)
    return unravel(number, sizes)


def describe(variable: Variable) -> str:
    """A variable in a message: its name, or how it was read, or its type."""
    if variable.name:
        return str(variable.name)
    read = read_of(variable)
    if read is None:
        return f"<unnamed {variable.type}>"
    keys = (", ".join(map(_describe_entry, indices)) for indices in read.chain)
    return describe(read.table) + "".join(f"[{key}]" for key in keys)


def _describe_entry(entry: Any) -> str:
    if entry == slice(None):
        return ":"
    return str(getattr(entry, "name", None) or "...")


def describe_node(node: Apply) -> str:
    """A node in a message: its Op and its inputs."""
    inputs = ", ".join(map(describe, node.inputs))
    return f"{node.op}({inputs})"
