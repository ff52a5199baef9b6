"""Updates that leave everything as it was in a call in which something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.tensor.type import TensorType, float_dtypes

from symgrad.graph.index_reads import indices_of
from symgrad.graph.index_writes import ignores_duplicates, rows_written, write_chain
from symgrad.graph.replace import substitute

__all__ = ["hold_back", "not_finite"]

Updates = dict[SharedVariable, Variable]


def not_finite(updates: Updates) -> Updates:
    """For each update that writes floats, whether it would write NaN or infinity, as 0 or 1."""
    bad: Updates = {}
    for shared, new in updates.items():
        values = [rows for rows in rows_written(new, shared) if rows.type.dtype in float_dtypes]
        if values:
            each = [pt.any(pt.isnan(rows) | pt.isinf(rows)) for rows in values]
            bad[shared] = pt.cast(pt.any(pt.stack(each)), "int64")
    return bad


def hold_back(
    outputs: Sequence[Variable], updates: Updates, fine: Variable
) -> tuple[list[Variable], Updates]:
    """Outputs and updates that have the old values unless `fine`."""
    held = {shared: _held(new, shared, fine) for shared, new in updates.items()}
    seen = set(ancestors(outputs))
    replaced = {new: held[shared] for shared, new in updates.items() if new in seen}
    return (substitute(outputs, replaced) if replaced else list(outputs)), held


def _held(new: Variable, table: SharedVariable, fine: Variable) -> Variable:
    """`new`, or `table` as it was unless `fine`; rows only, where `new` writes rows."""
    if new is table or not isinstance(new.type, TensorType):
        return new
    chain = write_chain(new)
    if not chain.writes or chain.source is not table:
        return pt.switch(fine, new, table)
    held: Any = table
    for node in reversed(chain.writes):
        chosen, rows = held[indices_of(node)], node.inputs[1]
        if node.op.set_instead_of_inc:
            held = pt.set_subtensor(chosen, pt.switch(fine, rows, chosen))
        else:
            ignore = ignores_duplicates(node)
            step = pt.switch(fine, rows, np.zeros((), rows.type.dtype))
            held = pt.inc_subtensor(chosen, step, ignore_duplicates=ignore)
    return held
