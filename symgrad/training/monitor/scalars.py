"""What is measured of one parameter: expressions of the block that moves, over distinct rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symgrad.cost.join import distinct_place
from symgrad.cost.place import Place
from symgrad.emit.updates import Move
from symgrad.graph.index_reads import Read, read_of
from symgrad.pytensor_compat import stored_shape

__all__ = ["ages", "measures", "with_distinct_rows"]


def with_distinct_rows(move: Move) -> Move:
    """The same move with each row once; steps and gradients of repeated rows add up."""
    if move.place.distinct:
        return move
    read = _read_of(move)
    place, step = distinct_place([read], [move.step])
    _, gradient = distinct_place([read], [move.gradient])
    value = place.read(move.table)
    return replace(move, place=place, value=value, gradient=gradient, step=step)


def measures(move: Move) -> dict[str, Variable]:
    """``{measure: float64 scalar}`` of a move with distinct rows, see :func:`monitor`."""
    used = move.place.only_used
    blocks = (move.value, move.gradient, move.step)
    value, gradient, step = (pt.cast(used(block), "float64") for block in blocks)
    value_norm, step_norm = _norm(value), _norm(step)
    return {
        "value_norm": value_norm,
        "gradient_norm": _norm(gradient),
        "step_norm": step_norm,
        "update_to_weight": _ratio(step_norm, value_norm),
        "nonfinite": _float(_not_finite(gradient) + _not_finite(step)),
    }


def ages(
    move: Move, now: TensorVariable, name: str
) -> tuple[dict[str, Variable], dict[SharedVariable, Variable]]:
    """Rows, their coverage and age, and what has to be kept for that.

    Parameters
    ----------
    move : Move
        Of a table that is read by index.
    now : int64 scalar variable
        The number of this call; the first is 1.
    name : str
        Of the table.

    Returns
    -------
    scalars : dict
    updates : dict
        Of two new slots: the last call that touched each row, 0 for never, and how many rows
        have been touched.
    """
    place, table = _rows_of(move).of_rows(), move.table
    last = pytensor.shared(
        np.zeros(place.row_shape(stored_shape(table)), "int64"),
        name=f"last_call/{name}",
        borrow=True,
        shape=place.row_shape(table.type.shape),
    )
    # No slot "<kind>/<table>": those have a row for each row of the table.
    touched = pytensor.shared(np.array(0), name=f"{name}/rows_touched")
    before = place.read(last)
    rows = place.only_used(pt.ones_like(before))
    known = place.only_used(pt.cast(pt.gt(before, 0), "int64"))
    n_rows, n_known = pt.sum(rows), pt.sum(known)
    total = touched + n_rows - n_known
    scalars = {
        "rows": _float(n_rows),
        "coverage": _float(total) / _float(pt.maximum(last.size, 1)),
        "age": _float(pt.sum(known * (now - before))) / _float(pt.maximum(n_known, 1)),
    }
    return scalars, {last: place.write(last, pt.maximum(before, now)), touched: total}


def _rows_of(move: Move) -> Place:
    """The place of the rows, each once, found without a look at gradients and steps.

    It is part of the function that steps, which must compute the very numbers that it would
    without it; another reader of the step would have the compiler fuse it otherwise.
    """
    place = move.place
    if place.distinct:
        return place
    n_dims = move.value.type.ndim
    outer = iter(range(n_dims))
    index = sum(entry for entry in place.indices if not isinstance(entry, slice))
    nothing = pt.cast(0 * index, "float32").dimshuffle(
        *("x" if dim in place.row_dims else next(outer) for dim in range(n_dims))
    )
    return distinct_place([_read_of(move)], [nothing])[0]


def _read_of(move: Move) -> Read:
    """The read of a block in which rows may repeat; only an index makes them."""
    read = read_of(move.place.read(move.table))
    assert read is not None
    return read


def _norm(block: TensorVariable) -> TensorVariable:
    return pt.sqrt(pt.sum(block**2))


def _not_finite(block: TensorVariable) -> TensorVariable:
    return pt.sum(pt.cast(pt.isnan(block) | pt.isinf(block), "int64"))


def _ratio(step: TensorVariable, value: TensorVariable) -> TensorVariable:
    """Step over value; where the value is 0, infinity, or 0 if the step is 0 too."""
    nothing = pt.eq(value, 0)
    of_nothing = pt.switch(pt.eq(step, 0), _number(0), _number(np.inf))
    return pt.switch(nothing, of_nothing, step / pt.switch(nothing, _number(1), value))


def _number(value: float) -> np.ndarray:
    return np.asarray(value, "float64")


def _float(count: TensorVariable) -> TensorVariable:
    return pt.cast(count, "float64")
