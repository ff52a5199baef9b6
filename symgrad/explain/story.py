"""The subset story: a selection of rows against a scatter-add, and what each of them costs."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from symgrad.explain.maths import Maths, bar, call, number
from symgrad.explain.rebuild import evaluator
from symgrad.explain.sample import leaves_of
from symgrad.graph.index_reads import read_of

__all__ = ["RepeatedRow", "SubsetStory", "stories"]


@dataclass(frozen=True)
class RepeatedRow:
    """A row that one call reads more than once.

    Attributes
    ----------
    row : int
    positions : tuple of int
        Where in the index it stands.
    parts : list
        The adjoint of each of its reads.
    inc, set : list
        What the table's row receives with ``inc_subtensor``, all parts, and with
        ``set_subtensor``, the last.
    """

    row: int
    positions: tuple[int, ...]
    parts: list
    inc: list
    set: list


@dataclass(frozen=True)
class SubsetStory:
    """How a subset is read, and how its gradient goes back to the table.

    Attributes
    ----------
    table, subset : str
    select, scatter : Maths
        The read, and what would be the gradient of the table.
    table_rows, table_entries : int
        V rows, and all their entries: the full gradient.
    subset_shape : tuple of str
        The gradient that is kept.
    subset_entries : int or None
        Its number of entries at the user's inputs.
    rows : tuple of int
        The rows that the user's index reads, in its order.
    repeated : tuple of RepeatedRow
    inc, set : str
        What the two ways to write do with a row that is read twice.
    """

    table: str
    subset: str
    select: Maths
    scatter: Maths
    table_rows: int
    table_entries: int
    subset_shape: tuple[str, ...]
    subset_entries: int | None
    rows: tuple[int, ...]
    repeated: tuple[RepeatedRow, ...]
    inc: str = "adds each of them: the row receives the sum"
    set: str = "writes one after the other: the last one wins, the others are lost"


def stories(found, names, point=None):
    """A story for each of `wrt` that is an indexed read of a table."""
    reads = [read for one in found.wrt if (read := read_of(one)) and len(read.chain) == 1]
    return tuple(_story(read, found, names, point) for read in reads)


def _story(read, found, names, point):
    select = names.forward(next(x for x in found.lines if read.variable in x.step.outputs))
    subset, table = names.names[read.variable], names.formula(read.table).plain()
    shape = np.shape(read.table.container.storage[0])
    scattered = Maths("index", (number(0), *select.args[1:]))
    rows, repeated, entries, kept = (), (), None, names.lengths.of(read.variable)
    if point is not None:
        rows, repeated, block = _at(read, found, point)
        entries, kept = block.size, tuple(map(str, block.shape))
    return SubsetStory(
        table=table,
        subset=subset,
        select=select,
        scatter=call("scatter_add", scattered, bar(subset)),
        table_rows=shape[0],
        table_entries=int(np.prod(shape)),
        subset_shape=kept,
        subset_entries=entries,
        rows=rows,
        repeated=repeated,
    )


def _at(read, found, point):
    """Rows, repeated rows, and the subset, at the user's inputs."""
    adjoint = found.adjoints.get(read.variable)
    (chosen,) = read.chain
    index = chosen[0]
    wanted = [read.variable] if adjoint is None else [read.variable, adjoint]
    leading = hasattr(index, "type") and getattr(index.type, "ndim", 0) == 1
    leading = leading and index.type.dtype != "bool" and all(_is_all(one) for one in chosen[1:])
    outputs = [*wanted, index] if leading else wanted
    inside = {one: value for one, value in point.items() if one in leaves_of(outputs)}
    values = evaluator(list(inside), outputs)(*inside.values())
    if not leading:
        return (), (), values[0]
    n_rows = np.shape(read.table.container.storage[0])[0]
    rows = [int(one) % n_rows for one in values[-1]]
    parts = values[1] if adjoint is not None else np.zeros_like(values[0])
    repeated = tuple(
        _repeated(row, rows, parts) for row, times in Counter(rows).items() if times > 1
    )
    return tuple(rows), repeated, values[0]


def _is_all(one):
    return isinstance(one, slice) and one == slice(None)


def _repeated(row, rows, parts):
    positions = tuple(k for k, one in enumerate(rows) if one == row)
    mine = parts[list(positions)]
    return RepeatedRow(row, positions, mine.tolist(), mine.sum(0).tolist(), mine[-1].tolist())
