"""Can an index choose an entry twice? Only what the graph proves counts as distinct."""

from collections.abc import Sequence

import numpy as np
from pytensor.graph.basic import Constant, Variable, equal_computations
from pytensor.scalar.basic import IntDiv, Mod
from pytensor.tensor.basic import ARange, Nonzero

from symgrad.graph.provenance import is_elemwise, unchecked
from symgrad.ops.check_index import CheckIndex
from symgrad.ops.coalesce import Coalesce

__all__ = ["has_distinct_values", "is_distinct"]


def is_distinct(indices: Sequence) -> bool:
    """Is every entry of a table chosen at most once by the index tuple?"""
    chosen = [entry for entry in indices if not isinstance(entry, slice)]
    n_index = max((entry.type.ndim for entry in chosen), default=0)
    if n_index == 0 or _same_nonzero(chosen) or _unravelled(chosen):
        return True
    arrays = [entry for entry in chosen if entry.type.ndim]
    return len(arrays) == 1 and has_distinct_values(arrays[0])


def _unravelled(chosen: list[Variable]) -> bool:
    """Are these all the coordinates that `unravel` makes of distinct numbers?"""
    number = chosen[0]
    for remainder in chosen[1:]:
        quotient = number
        if not (is_elemwise(quotient, IntDiv) and is_elemwise(remainder, Mod)):
            return False
        if not equal_computations(quotient.owner.inputs, remainder.owner.inputs):
            return False
        number = quotient.owner.inputs[0]
    return len(chosen) > 1 and has_distinct_values(number)


def _same_nonzero(chosen: list[Variable]) -> bool:
    """Are these the coordinates of a single ``mask.nonzero()``?"""
    owners = {id(entry.owner) for entry in chosen}
    return (
        len(owners) == 1
        and chosen[0].owner is not None
        and isinstance(chosen[0].owner.op, Nonzero)
        and len(chosen) == len(chosen[0].owner.outputs)
    )


def has_distinct_values(index: Variable) -> bool:
    """Does the index choose no entry twice, by the way it was made?"""
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
        return has_distinct_values(unchecked(index))
    if isinstance(node.op, Nonzero):
        return len(node.outputs) == 1
    if isinstance(node.op, Coalesce):
        return index is node.outputs[0]
    return isinstance(node.op, ARange)
