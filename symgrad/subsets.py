"""Which rows of which table does a cost read, and what else of the table reaches it?"""

from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.gradient import DisconnectedGrad, ZeroGrad
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar.basic import Second
from pytensor.tensor.basic import ScalarFromTensor
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.reshape import JoinDims
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import indices_from_subtensor
from pytensor.tensor.type import discrete_dtypes

from symgrad.errors import NotSharedError

__all__ = ["Read", "Subset", "lookups"]

# Through these no gradient flows, though their outputs are floats.
_NO_GRADIENT = (DisconnectedGrad, ZeroGrad)


@dataclass(frozen=True)
class Read:
    """One indexed read of a table.

    `chain` holds index tuples applied one after the other: ``table[chain[0]][chain[1]]...``; it
    has one entry except for nested reads.
    """

    table: SharedVariable
    variable: Variable
    chain: tuple[tuple, ...]


@dataclass(frozen=True)
class Subset:
    """All indexed reads of one table that a cost makes, and what else of the table reaches it.

    Attributes
    ----------
    table : shared variable
    reads : tuple of Read
    dense : tuple of Apply
        Nodes on the way to the cost that read the table without an index.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((5, 2)), name="W"), pt.lvector("index")
    >>> subset = sg.lookups((W[index] ** 2).sum() + W[0].sum(), W)
    >>> len(subset.reads), subset.dense
    (2, ())
    """

    table: SharedVariable
    reads: tuple[Read, ...]
    dense: tuple[Apply, ...]


def lookups(cost, table):
    """Find the indexed reads of `table` on which `cost` depends.

    Parameters
    ----------
    cost : variable
    table : shared variable

    Returns
    -------
    Subset
        Its `reads` are in the order in which the graph is walked, each variable once.

    Raises
    ------
    NotSharedError
        If `table` is not a shared variable.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W = sg.shared(np.ones((5, 2)), name="W")
    >>> sg.lookups(W[pt.lvector()].sum() + W.sum(), W).dense[0].op.__class__.__name__
    'Sum'
    """
    if not isinstance(table, SharedVariable):
        raise NotSharedError(
            f"lookups was given {table!r} as a table, which is not a shared variable: "
            "make it with sg.shared(values)"
        )
    reads, dense = {}, {}
    for variable, consumer in paths(cost):
        if variable is not table:
            continue
        for output in consumer.outputs if consumer else ():
            found = read_of(output)
            if found is not None:
                reads[output] = found
            elif is_flattened(output):
                _collect_flat_reads(cost, output, reads, dense)
            else:
                dense[consumer] = None
    return Subset(table, tuple(reads.values()), tuple(dense))


def _collect_flat_reads(cost, flat, reads, dense):
    """Sort the readers of a flattened table: ``take(table, index)`` reads by index, too."""
    for variable, consumer in paths(cost):
        if variable is flat and consumer is not None:
            for output in consumer.outputs:
                found = read_of(output)
                if found is None:
                    dense[consumer] = None
                else:
                    reads[output] = found


def paths(cost, blocked=()):
    """``(variable, consumer)`` for each step back along which a gradient of `cost` may flow.

    The walk does not look behind the variables in `blocked`, behind integers and Ops that pass no
    gradient, nor into indices.
    """
    stack, seen = [(cost, None)], set(blocked)
    while stack:
        variable, consumer = stack.pop()
        yield variable, consumer
        node = variable.owner
        if variable in seen or node is None or not passes_gradient(variable):
            continue
        seen.add(variable)
        stack.extend((one, node) for one in reversed(differentiable_inputs(node)))


def differentiable_inputs(node):
    """The inputs of a node that can have a gradient: not indices, not the model of a fill."""
    if is_index_read(node):
        return node.inputs[:1]
    if isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Second):
        return node.inputs[1:]
    return node.inputs


def passes_gradient(variable):
    """May a gradient flow from this variable to what it was made of?"""
    dtype = getattr(variable.type, "dtype", "float64")
    return dtype not in discrete_dtypes and not isinstance(variable.owner.op, _NO_GRADIENT)


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
