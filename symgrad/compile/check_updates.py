"""The updates that a function is given, checked for mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.elemwise import DimShuffle, Elemwise

from symgrad.errors import (
    DtypeMismatchError,
    DuplicateUpdateError,
    MissingWriteError,
    NotSharedError,
)
from symgrad.graph.index_reads import describe, is_index_read, is_index_write

__all__ = ["UpdatesLike", "check_updates"]

# What `updates=` takes.
UpdatesLike = Mapping[SharedVariable, Any] | Iterable[tuple[SharedVariable, Any]] | None


def check_updates(updates: UpdatesLike) -> dict[SharedVariable, Variable]:
    """The updates as a dict, checked for mistakes; see :func:`symgrad.function`."""
    pairs = list(updates.items()) if isinstance(updates, Mapping) else list(updates or ())
    checked = {}
    for shared, new in pairs:
        if not isinstance(shared, SharedVariable):
            hint = ""
            if isinstance(shared, Variable) and shared.owner and is_index_read(shared.owner):
                table = describe(shared.owner.inputs[0])
                hint = f": write ({table}, inc_subtensor({table}[index], step))"
            raise NotSharedError(
                f"an update is given for {shared}, which is not a shared variable{hint}"
            )
        if shared in checked:
            raise DuplicateUpdateError(
                f"{describe(shared)} is given two updates: chain them into one expression, e.g. "
                "inc_subtensor of inc_subtensor, or let one rule update all its subsets"
            )
        checked[shared] = _checked_update(shared, new)
    return checked


def _checked_update(shared: SharedVariable, new: Any) -> Variable:
    if not isinstance(new, Variable):
        return shared.type.filter_variable(pt.as_tensor(new, dtype=shared.type.dtype))
    name = describe(shared)
    read = _forgotten_write(shared, new)
    if read is not None:
        raise MissingWriteError(
            f"the update of {name} has the shape of the subset {describe(read)}, so the table "
            f"would shrink to it. Write the rows back: ({name}, set_subtensor({name}[index], "
            f"rows)) or ({name}, inc_subtensor({name}[index], step))"
        )
    try:
        return shared.type.filter_variable(new)
    except TypeError:
        pass
    raise DtypeMismatchError(
        f"the update of {name} is {new.type}, but {name} is {shared.type}: cast it, e.g. "
        f"new.astype('{getattr(shared.type, 'dtype', '')}'), or make the table of that dtype"
    )


def _forgotten_write(shared: SharedVariable, new: Variable) -> Variable | None:
    """The subset of the table that an update was computed from and never written back to."""
    stack, seen, subset = [new], set(), None
    while stack:
        variable = stack.pop()
        if variable is shared:
            return None
        node = variable.owner
        if node is None or variable in seen:
            continue
        seen.add(variable)
        if is_index_write(node):
            stack.append(node.inputs[0])
        elif is_index_read(node) and node.inputs[0] is shared:
            if variable.type.ndim == shared.type.ndim:
                subset = variable
        elif isinstance(node.op, (Elemwise, DimShuffle)):
            stack.extend(node.inputs)
    return subset
