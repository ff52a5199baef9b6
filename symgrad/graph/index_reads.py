"""Indexed reads and writes: which Ops they are, and what they take of which table."""

from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.basic import ScalarFromTensor
from pytensor.tensor.reshape import JoinDims
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import indices_from_subtensor

__all__ = [
    "Read",
    "describe",
    "indices_of",
    "is_flattened",
    "is_index_read",
    "is_index_write",
    "read_of",
    "unravel",
]


@dataclass(frozen=True)
class Read:
    """One indexed read of a table.

    `chain` holds index tuples applied one after the other: ``table[chain[0]][chain[1]]...``; it
    has one entry except for nested reads.
    """

    table: SharedVariable
    variable: Variable
    chain: tuple[tuple, ...]


def read_of(variable):
    """The :class:`Read` that made `variable`, or None."""
    node = variable.owner
    if node is None or not is_index_read(node):
        return None
    source, indices = node.inputs[0], indices_of(node)
    if isinstance(source, SharedVariable):
        return Read(source, variable, (indices,))
    if is_flattened(source) and not any(isinstance(one, slice) for one in indices):
        table = source.owner.inputs[0]
        return Read(table, variable, (unravel(indices[0], table),))
    inner = read_of(source)
    return inner and Read(inner.table, variable, (*inner.chain, indices))


def is_index_read(node):
    """Does the node read its first input by index? Judged by capability: classes change."""
    return hasattr(node.op, "idx_list") and not hasattr(node.op, "set_instead_of_inc")


def is_index_write(node):
    """Does the node return its first input with some entries incremented or set?"""
    return hasattr(node.op, "idx_list") and hasattr(node.op, "set_instead_of_inc")


def indices_of(node):
    """The index tuple of an indexed read or write, as one would write it in Python."""
    skip = 2 if is_index_write(node) else 1
    entries = indices_from_subtensor(node.inputs[skip:], node.op.idx_list)
    return tuple(_plain(one) for one in entries)


def _plain(entry):
    """An index entry with its variables as tensors, and constant bounds of slices as integers."""
    if isinstance(entry, slice):
        bounds = (_plain(one) for one in (entry.start, entry.stop, entry.step))
        return slice(*(int(b.data) if isinstance(b, Constant) else b for b in bounds))
    if isinstance(entry, Constant):
        return pt.constant(entry.data)
    if isinstance(entry, Variable):
        wrapped = entry.owner is not None and isinstance(entry.owner.op, ScalarFromTensor)
        return entry.owner.inputs[0] if wrapped else pt.as_tensor(entry)
    return entry


def is_flattened(variable):
    """Is this ``table.flatten()``?"""
    node = variable.owner
    return (
        node is not None
        and isinstance(node.op, (Reshape, JoinDims))
        and isinstance(node.inputs[0], SharedVariable)
        and variable.type.ndim == 1
    )


def unravel(flat, table):
    """Index of the flattened table -> index tuple of the table."""
    shape = [table.shape[axis] for axis in range(table.type.ndim)]
    flat = pt.switch(pt.lt(flat, 0), flat + pt.prod(pt.stack(shape)), flat)
    coordinates = []
    for size in reversed(shape[1:]):
        coordinates.append(flat % size)
        flat = flat // size
    return (flat, *reversed(coordinates))


def describe(variable):
    """A variable in an error message: its name, or how it was read, or what it is."""
    if variable.name:
        return variable.name
    read = read_of(variable)
    if read is None:
        return f"<unnamed {variable.type}>"
    keys = (", ".join(map(_describe_entry, chosen)) for chosen in read.chain)
    return describe(read.table) + "".join(f"[{key}]" for key in keys)


def _describe_entry(entry):
    if entry == slice(None):
        return ":"
    return getattr(entry, "name", None) or "..."
