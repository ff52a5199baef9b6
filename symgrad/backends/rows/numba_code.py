"""What Numba runs for :class:`~symgrad.backends.rows.op.RowUpdate`."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply

from symgrad.backends.rows.program import RowProgram
from symgrad.backends.rows.stages import Stage
from symgrad.ops.coalesce import Coalesce

__all__ = ["numba_row_update"]

_VERSION = 1


def numba_row_update(op: RowProgram, node: Apply) -> tuple[Any, str | None]:
    """The jitted function, and the key under which Numba caches it."""
    from symgrad.pytensor_compat import (
        compile_numba_function_src,
        numba_funcify_and_cache_key,
        numba_njit,
    )

    laws = [
        numba_funcify_and_cache_key(stage.scalar_op, node=stage.apply_node()) for stage in op.stages
    ]
    if op.summed is not None:
        _, (index,), length, operands = op.split(node.inputs)
        applied = Coalesce().make_node(index, operands[op.summed], length)
        laws.append(numba_funcify_and_cache_key(applied.op, node=applied))
    source = _Source(op, node).text()
    keys = [key for _, key in laws]
    key = None
    if None not in keys:
        key = sha256(repr((_VERSION, source, keys)).encode()).hexdigest()
    names = {f"law{k}": law for k, (law, _) in enumerate(laws)}
    function = compile_numba_function_src(
        source,
        "row_update",
        {"np": np} | names,
        write_to_disk=True,
        cache_key=key,
    )
    return numba_njit(function), key


class _Source:
    """The Python source of a loop over the rows."""

    def __init__(self, op: RowProgram, node: Apply) -> None:
        self.op, self.values = op, op.values(node)
        tables, indices, length, operands = op.split(node.inputs)
        self.n_tables, self.n_indices = len(tables), len(indices)
        self.types = [variable.type for variable in [*tables, *operands]]
        self.given = range(len(self.types))
        self.ndim = tables[0].type.ndim
        self.wide = [k for k in self.given if self.values[k][0] == "entry"]
        self.has_length = length is not None

    def text(self) -> str:
        indices = [f"i{k}" for k in range(self.n_indices)] + ["length"] * self.has_length
        names = [f"t{k}" for k in self.given]
        arguments = [*names[: self.n_tables], *indices, *names[self.n_tables :]]
        results = ", ".join(f"t{k}" for k in range(self.op.n_written))
        body = [*self.checks(), *self.start(), "for i in range(n):", *_indented(self.row())]
        lines = [*body, f"return {results}"]
        return "\n".join([f"def row_update({', '.join(arguments)}):", *_indented(lines)])

    def index(self, k: int) -> str:
        return f"i{self.op.index_of[k]}"

    def checks(self) -> Iterator[str]:
        """All that can fail, before the first row is written."""
        yield "n = len(i0)"
        equal = [f"len(i{k}) == n" for k in range(1, self.n_indices)]
        equal += [
            f"t{k}.shape[{axis}] == t{self.wide[0]}.shape[{axis}]"
            for k in self.wide[1:]
            for axis in range(1, self.ndim)
        ]
        for k in self.given[self.n_tables :]:
            if k - self.n_tables != self.op.summed and self.varies(k):
                equal.append(f"len(t{k}) == n")
        if equal:
            yield f"if not ({' and '.join(equal)}):"
            yield '    raise ValueError("row update: the index and the rows do not have one shape")'
        if self.op.summed is not None:
            summed = f"t{self.n_tables + self.op.summed}"
            yield f"i0, {summed}, _ = law{len(self.op.stages)}(i0, {summed}, length)"
            yield "n = len(i0)"
        for k in range(self.n_tables):
            yield f"for row in {self.index(k)}:"
            yield f"    if row < -len(t{k}) or row >= len(t{k}):"
            yield '        raise IndexError("row update: an index is out of range")'

    def varies(self, k: int) -> bool:
        return self.types[k].ndim > 0 and self.types[k].shape[0] != 1

    def start(self) -> Iterator[str]:
        if not self.op.inplace:
            yield from (f"t{k} = t{k}.copy()" for k in range(self.op.n_written))
        for k in self.given:
            if self.values[k][0] == "call":
                yield f"v{k} = t{k}.item()" if not self.types[k].ndim else f"v{k} = {self.at(k, 0)}"

    def at(self, k: int, row: object) -> str:
        return f"t{k}[{', '.join([str(row)] + ['0'] * (self.types[k].ndim - 1))}]"

    def place(self, k: int) -> str:
        """The row of table k, or of an operand."""
        if k < self.n_tables:
            return f"r{k}"
        return "i" if self.varies(k) or k - self.n_tables == self.op.summed else "0"

    def row(self) -> Iterator[str]:
        for k in range(self.n_tables):
            yield f"r{k} = {self.index(k)}[i]"
            yield f"if r{k} < 0:"
            yield f"    r{k} += len(t{k})"
        for k in self.given:
            if k in self.wide:
                yield f"x{k} = t{k}[{self.place(k)}]"
            elif self.values[k][0] == "row":
                yield f"v{k} = {self.at(k, self.place(k))}"
        number = len(self.given)
        entries: list[str] = []
        for at, stage in enumerate(self.op.stages):
            outputs = range(number, number := number + len(stage.dtypes))
            call = f"law{at}({', '.join(f'v{k}' for k in stage.reads)})"
            if stage.kind == "row":
                yield f"{', '.join(f'v{k}' for k in outputs)} = {call}"
            elif stage.kind == "sum":
                yield from self.sum(stage, outputs, call)
            else:
                entries = [f"{', '.join(f'v{k}' for k in outputs)} = {call}"]
        yield from self.write(entries)

    def loads(self) -> list[str]:
        return [f"v{k} = x{k}[{self.entry()}]" for k in self.wide]

    def entry(self) -> str:
        return ", ".join(f"j{axis}" for axis in range(1, self.ndim))

    def loop(self, body: list[str]) -> list[str]:
        """Nested loops over the entries of a row."""
        for axis in range(self.ndim - 1, 0, -1):
            body = [f"for j{axis} in range(t{self.wide[0]}.shape[{axis}]):", *_indented(body)]
        return body

    def sum(self, stage: Stage, outputs: Iterable[int], call: str) -> Iterator[str]:
        for k, (inner, _) in zip(outputs, stage.sums, strict=True):
            yield f"a{k} = np.{inner}(0)"
        names = [f"s{k}" for k in outputs]
        added = [f"a{k} += s{k}" for k in outputs]
        yield from self.loop([*self.loads(), f"{', '.join(names)} = {call}", *added])
        for k, (_, dtype) in zip(outputs, stage.sums, strict=True):
            yield f"v{k} = np.{dtype}(a{k})"

    def write(self, entries: list[str]) -> list[str]:
        rows: list[str] = []
        for k, (new, adds) in enumerate(zip(self.op.new, self.op.adds, strict=True)):
            sign = "+=" if adds else "="
            if k in self.wide:
                entries = [*entries, f"x{k}[{self.entry()}] {sign} v{new}"]
            else:
                rows.append(f"{self.at(k, f'r{k}')} {sign} v{new}")
        return [*(self.loop([*self.loads(), *entries]) if entries else []), *rows]


def _indented(lines: Iterable[str]) -> list[str]:
    return ["    " + line for line in lines]
