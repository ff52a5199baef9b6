"""Read rows of tables, apply a law to them, and write them back, in one pass."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor import config
from pytensor.graph.basic import Apply
from pytensor.link.c.op import OpenMPOp

from symgrad.backends.rows import c_code
from symgrad.backends.rows.jax_code import jax_row_update
from symgrad.backends.rows.numba_code import numba_row_update
from symgrad.backends.rows.program import RowProgram
from symgrad.backends.rows.stages import Stage
from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.ops.coalesce import Coalesce
from symgrad.pytensor_compat import node_and_shapes

__all__ = ["RowUpdate"]


class RowUpdate(RowProgram, OpenMPOp):
    """``(tables, indices, operands) -> written tables``: read rows, apply a law, write them.

    Law::

        row i of table k is T[k][u[k][i]], read once
        T[k][u[k][i]] += or = law_k(those rows, operands at i)

    Parameters
    ----------
    stages : tuple of Stage
        The law.
    index_of : tuple of int
        For each table, which of the indices chooses its rows.
    new : tuple of int
        For each table that is written (the first ones), the number of the value written.
    adds : tuple of bool
        For each table that is written, whether the value is added.
    distinct : bool
        No row is chosen twice. Rows that may repeat are updated one after the other.
    summed : int or None
        The operand that has one row for each entry of an index with repeats. Rows of the same
        index are summed first, as :func:`~symgrad.ops.coalesce.coalesce` does; there is one index
        then, and behind it the length that it counts in.
    inplace : bool
    openmp : bool, optional
        Work on rows in parallel; default: PyTensor's ``openmp``.

    Notes
    -----
    All indices and shapes are checked before the first row is written.
    """

    __props__ = ("adds", "distinct", "index_of", "inplace", "new", "openmp", "stages", "summed")

    def __init__(
        self,
        stages: tuple[Stage, ...],
        index_of: tuple[int, ...],
        new: tuple[int, ...],
        adds: tuple[bool, ...],
        distinct: bool = True,
        summed: int | None = None,
        inplace: bool = False,
        openmp: bool | None = None,
    ) -> None:
        super().__init__(openmp=openmp)
        self.stages, self.index_of, self.new, self.adds = stages, index_of, new, adds
        self.distinct, self.summed, self.inplace = distinct, summed, inplace
        self.n_tables, self.n_written = len(index_of), len(new)
        self.n_indices = max(index_of) + 1
        self.reads_rows_of = range(self.n_tables)
        if inplace:
            self.destroy_map = {k: [k] for k in range(self.n_written)}

    def in_place(self) -> "RowUpdate":
        """The same, but in the memory of the tables."""
        props = {name: getattr(self, name) for name in self.__props__}
        return RowUpdate(**props | {"inplace": True})

    def __str__(self):
        return f"RowUpdate{{{', '.join('inc' if adds else 'set' for adds in self.adds)}}}"

    def make_node(self, *inputs):
        tensors = [pt.as_tensor(variable) for variable in inputs]
        first = self.n_tables
        last = first + self.n_indices + (self.summed is not None)
        tensors[first:last] = [pt.cast(index, "int64") for index in tensors[first:last]]
        return Apply(self, tensors, [table.type() for table in tensors[: self.n_written]])

    def infer_shape(self, *args):
        return node_and_shapes(args)[1][: self.n_written]

    def perform(self, node, inputs, output_storage):
        tables, indices, length, operands = self.split(inputs)
        if self.summed is not None:
            coalesced: list[list] = [[None], [None], [None]]
            Coalesce().perform(None, (indices[0], operands[self.summed], length), coalesced)
            indices = [coalesced[0][0]]
            operands = [*operands]
            operands[self.summed] = coalesced[1][0]
        pairs = list(zip(tables, self.index_of, strict=True))
        rows = [checked(indices[at], len(table)) for table, at in pairs]
        values = [table[at] for table, at in zip(tables, rows, strict=True)]
        values += [
            operand.reshape(-1, *[1] * (tables[0].ndim - 1)) if operand.ndim == 1 else operand
            for operand in operands
        ]
        for stage in self.stages:
            values += evaluated(stage, [values[at] for at in stage.reads])
        for k, (new, adds) in enumerate(zip(self.new, self.adds, strict=True)):
            table = tables[k] if self.inplace else tables[k].copy()
            chosen = np.broadcast_to(values[new], (len(rows[k]), *table.shape[1:]))
            if adds:
                np.add.at(table, rows[k], chosen)
            else:
                table[rows[k]] = chosen
            output_storage[k][0] = table

    def c_code_cache_version_apply(self, node):
        laws = [
            stage.scalar_op.c_code_cache_version_apply(stage.apply_node()) for stage in self.stages
        ]
        version = (c_code.VERSION, self.openmp, config.openmp_elemwise_minsize)
        return (*version, *laws) if all(laws) else ()

    def c_headers(self, **kwargs):
        return [*super().c_headers(**kwargs), *self._of_stages("c_headers", **kwargs)]

    def c_header_dirs(self, **kwargs):
        return self._of_stages("c_header_dirs", **kwargs)

    def c_libraries(self, **kwargs):
        return self._of_stages("c_libraries", **kwargs)

    def c_lib_dirs(self, **kwargs):
        return self._of_stages("c_lib_dirs", **kwargs)

    def c_compile_args(self, **kwargs):
        own = ["-fopenmp-simd", *super().c_compile_args(**kwargs)]
        return own + self._of_stages("c_compile_args", **kwargs)

    def _of_stages(self, method: str, **kwargs: Any) -> list[str]:
        return [
            item for stage in self.stages for item in getattr(stage.scalar_op, method)(**kwargs)
        ]

    def c_support_code(self, **kwargs):
        of_stages = sorted({stage.scalar_op.c_support_code(**kwargs) for stage in self.stages})
        return "\n".join([*of_stages, c_code.SUPPORT])

    def c_support_code_apply(self, node, name):
        return c_code.kernel(self, node, name)

    def c_code(self, node, name, inputs, outputs, sub):
        return c_code.update(self, node, name, inputs, outputs, sub)


def checked(index: np.ndarray, length: int) -> np.ndarray:
    """An index with negative entries counted from the end, all within `length`."""
    outside = (index < -length) | (index >= length)
    if outside.any():
        raise IndexError(f"row update: index {index[outside][0]} is out of range for {length} rows")
    return np.where(index < 0, index + length, index)


def evaluated(stage: Stage, values: list[np.ndarray]) -> list[np.ndarray]:
    """The outputs of a stage, in NumPy."""
    dtypes = [type_.dtype for type_ in stage.scalar_op.outputs_type]
    outputs = np.frompyfunc(stage.scalar_op.impl, len(values), len(dtypes))(*values)
    outputs = outputs if len(dtypes) > 1 else (outputs,)
    outputs = [np.asarray(output, dtype) for output, dtype in zip(outputs, dtypes, strict=True)]
    if stage.kind != "sum":
        return outputs
    return [
        output.sum(axis=tuple(range(1, output.ndim)), dtype=inner, keepdims=True).astype(dtype)
        for output, (inner, dtype) in zip(outputs, stage.sums, strict=True)
    ]


def _register_numba() -> None:
    from symgrad.pytensor_compat import register_funcify_and_cache_key

    @register_funcify_and_cache_key(RowUpdate)
    def numba_funcify_RowUpdate(op, node, **kwargs):
        return numba_row_update(op, node)


def _register_jax() -> None:
    from symgrad.pytensor_compat import jax_funcify

    @jax_funcify.register(RowUpdate)
    def jax_funcify_RowUpdate(op, node, **kwargs):
        return jax_row_update(op, node)


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)
