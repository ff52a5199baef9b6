"""The story of a subset: a selection of rows against a scatter-add, and the cost of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pytensor.graph.basic import Variable

from symgrad.explain.derive.derivation import Derivation
from symgrad.explain.derive.rebuild import evaluator
from symgrad.explain.graph import leaves_of
from symgrad.explain.maths import Maths, bar, call, number
from symgrad.explain.sample import Point
from symgrad.graph.index_reads import Read, read_of
from symgrad.pytensor_compat import stored_shape

__all__ = ["RepeatedRow", "SubsetStory", "subset_stories"]


@dataclass(frozen=True)
class RepeatedRow:
    """A row that one call reads more than once.

    Attributes
    ----------
    row : int
    positions : tuple of int
        Its positions in the index.
    parts : list
        The adjoint of each of its reads.
    inc, set : list
        What the row of the table receives with ``inc_subtensor``, all parts, and with
        ``set_subtensor``, the last part.
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
        The read, and the gradient that the table would get.
    table_rows, table_entries : int
        The size of the table, which is that of the full gradient.
    subset_shape : tuple of str
        The shape of the gradient that is kept.
    subset_entries : int or None
        Its number of entries at the user's inputs.
    rows : tuple of int
        The rows that the user's index reads, in its order.
    repeated : tuple of RepeatedRow
    inc, set : str
        What the two ways of writing do with a row that is read twice.
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


def subset_stories(derivation: Derivation, point: Point | None = None) -> tuple[SubsetStory, ...]:
    """A story for each of `wrt` that is an indexed read of a table."""
    reads = [read for x in derivation.trace.wrt if (read := read_of(x)) and len(read.chain) == 1]
    return tuple(_story(read, derivation, point) for read in reads)


def _story(read: Read, derivation: Derivation, point: Point | None) -> SubsetStory:
    trace, names = derivation.trace, derivation.names
    line = next(line for line in trace.lines if read.variable in line.step.outputs)
    select, subset = names.forward(line), names.names[read.variable]
    table_shape = stored_shape(read.table)
    scattered = Maths("index", (number(0), *select.args[1:]))
    rows: tuple[int, ...] = ()
    repeated: tuple[RepeatedRow, ...] = ()
    entries, shape = None, names.lengths.of(read.variable)
    if point is not None:
        rows, repeated, block = _rows_at(point, read, trace.adjoints.get(read.variable))
        entries, shape = block.size, tuple(map(str, block.shape))
    return SubsetStory(
        table=names.formula(read.table).plain(),
        subset=subset,
        select=select,
        scatter=call("scatter_add", scattered, bar(subset)),
        table_rows=table_shape[0],
        table_entries=int(np.prod(table_shape)),
        subset_shape=shape,
        subset_entries=entries,
        rows=rows,
        repeated=repeated,
    )


def _rows_at(
    point: Point, read: Read, adjoint: Variable | None
) -> tuple[tuple[int, ...], tuple[RepeatedRow, ...], np.ndarray]:
    """Rows, repeated rows, and the values of the subset, at the user's inputs."""
    (index,) = read.chain
    outputs = [read.variable] if adjoint is None else [read.variable, adjoint]
    is_by_row = _is_vector_of_rows(index)
    outputs += [index[0]] if is_by_row else []
    needed = set(leaves_of(outputs))
    inputs = {leaf: value for leaf, value in point.items() if leaf in needed}
    values = evaluator(list(inputs), outputs)(*inputs.values())
    if not is_by_row:
        return (), (), values[0]
    n_rows = stored_shape(read.table)[0]
    rows = [int(row) % n_rows for row in values[-1]]
    parts = values[1] if adjoint is not None else np.zeros_like(values[0])
    repeated = tuple(
        _repeated_row(row, rows, parts) for row, times in Counter(rows).items() if times > 1
    )
    return tuple(rows), repeated, values[0]


def _is_vector_of_rows(index: tuple) -> bool:
    """Is the index a vector of row numbers, with all other axes taken whole?"""
    rows, *others = index
    is_vector = hasattr(rows, "type") and getattr(rows.type, "ndim", 0) == 1
    are_whole = all(isinstance(entry, slice) and entry == slice(None) for entry in others)
    return is_vector and rows.type.dtype != "bool" and are_whole


def _repeated_row(row: int, rows: Sequence[int], parts: np.ndarray) -> RepeatedRow:
    positions = tuple(k for k, other in enumerate(rows) if other == row)
    mine = parts[list(positions)]
    return RepeatedRow(row, positions, mine.tolist(), mine.sum(0).tolist(), mine[-1].tolist())
