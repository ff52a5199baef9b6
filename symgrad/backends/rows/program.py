"""What a RowUpdate does, as the code of every backend reads it."""

from collections.abc import Sequence
from typing import Any

from pytensor.graph.basic import Apply

from symgrad.backends.rows.stages import Stage, level

__all__ = ["RowProgram"]


class RowProgram:
    """The base of :class:`~symgrad.backends.rows.op.RowUpdate`, which explains the attributes."""

    stages: tuple[Stage, ...]
    index_of: tuple[int, ...]
    new: tuple[int, ...]
    adds: tuple[bool, ...]
    distinct: bool
    summed: int | None
    inplace: bool
    openmp: bool
    n_tables: int
    n_written: int
    n_indices: int

    def split(self, inputs: Sequence) -> tuple[Sequence, Sequence, Any, Sequence]:
        """Inputs as tables, indices, the length that an index with repeats counts in, operands."""
        tables, rest = inputs[: self.n_tables], inputs[self.n_tables :]
        indices, rest = rest[: self.n_indices], rest[self.n_indices :]
        if self.summed is None:
            return tables, indices, None, rest
        return tables, indices, rest[0], rest[1:]

    def values(self, node: Apply) -> list[tuple[str, str]]:
        """``(level, dtype)`` of all values that the law knows, by number."""
        tables, _, _, operands = self.split(node.inputs)
        values = [(level(table.type, is_table=True), table.type.dtype) for table in tables]
        for k, operand in enumerate(operands):
            values.append((level(operand.type, is_table=k == self.summed), operand.type.dtype))
        for stage in self.stages:
            kind = "entry" if stage.kind == "entry" else "row"
            values.extend((kind, dtype) for dtype in stage.dtypes)
        return values
