"""Can an index choose an entry twice? What the graph proves of it."""

import numpy as np
from pytensor.graph.basic import Constant, equal_computations
from pytensor.scalar.basic import IntDiv, Mod
from pytensor.tensor.basic import ARange, Nonzero
from pytensor.tensor.elemwise import Elemwise

from symgrad.ops.check_index import CheckIndex
from symgrad.ops.coalesce import Coalesce

__all__ = ["coalesced_by", "has_distinct_values", "is_distinct"]


def is_distinct(indices):
    """Can no entry of the table be chosen twice?"""
    chosen = [one for one in indices if not isinstance(one, slice)]
    n_index = max((one.type.ndim for one in chosen), default=0)
    if n_index == 0 or _same_nonzero(chosen) or _unravelled(chosen):
        return True
    arrays = [one for one in chosen if one.type.ndim]
    return len(arrays) == 1 and has_distinct_values(arrays[0])


def _unravelled(chosen):
    """Are these all the coordinates that `coordinates_of` makes of distinct numbers?"""
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
