"""Read rows of tables, apply a law to them, and write them back, in one pass."""

from functools import cache
from importlib.util import find_spec

import numpy as np
import pytensor.tensor as pt
from pytensor import config
from pytensor.graph.basic import Apply
from pytensor.link.c.op import OpenMPOp

from symgrad.backends.rows import c as row_update_c
from symgrad.backends.rows import jit as row_update_jit
from symgrad.backends.rows.law import level
from symgrad.ops.coalesce import Coalesce

__all__ = ["RowUpdate"]


class RowUpdate(OpenMPOp):
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
        self, stages, index_of, new, adds, distinct=True, summed=None, inplace=False, openmp=None
    ):
        super().__init__(openmp=openmp)
        register_backends()
        self.stages, self.index_of, self.new, self.adds = stages, index_of, new, adds
        self.distinct, self.summed, self.inplace = distinct, summed, inplace
        self.n_tables, self.n_written = len(index_of), len(new)
        self.n_indices = max(index_of) + 1
        self.reads_rows_of = range(self.n_tables)
        if inplace:
            self.destroy_map = {k: [k] for k in range(self.n_written)}

    def in_place(self):
        """The same, but in the memory of the tables."""
        props = {name: getattr(self, name) for name in self.__props__}
        return RowUpdate(**props | {"inplace": True})

    def __str__(self):
        return f"RowUpdate{{{', '.join('inc' if adds else 'set' for adds in self.adds)}}}"

    def make_node(self, *inputs):
        inputs = [pt.as_tensor(one) for one in inputs]
        first = self.n_tables
        last = first + self.n_indices + (self.summed is not None)
        inputs[first:last] = [pt.cast(one, "int64") for one in inputs[first:last]]
        return Apply(self, inputs, [one.type() for one in inputs[: self.n_written]])

    def split(self, inputs):
        """Inputs as tables, indices, the length that an index with repeats counts in, operands."""
        tables, rest = inputs[: self.n_tables], inputs[self.n_tables :]
        indices, rest = rest[: self.n_indices], rest[self.n_indices :]
        if self.summed is None:
            return tables, indices, None, rest
        return tables, indices, rest[0], rest[1:]

    def values(self, node):
        """``(level, dtype)`` of all values that the law knows, by number."""
        tables, _, _, operands = self.split(node.inputs)
        values = [(level(one.type, is_table=True), one.type.dtype) for one in tables]
        for k, one in enumerate(operands):
            values.append((level(one.type, is_table=k == self.summed), one.type.dtype))
        for stage in self.stages:
            kind = "entry" if stage.kind == "entry" else "row"
            values.extend((kind, dtype) for dtype in stage.dtypes)
        return values

    def infer_shape(self, *args):
        return args[-1][: self.n_written]

    def perform(self, node, inputs, output_storage):
        tables, indices, length, operands = self.split(inputs)
        if self.summed is not None:
            found = [[None], [None], [None]]
            Coalesce().perform(None, (indices[0], operands[self.summed], length), found)
            indices = [found[0][0]]
            operands = [*operands]
            operands[self.summed] = found[1][0]
        pairs = list(zip(tables, self.index_of, strict=True))
        rows = [checked(indices[at], len(table)) for table, at in pairs]
        values = [table[at] for table, at in zip(tables, rows, strict=True)]
        values += [
            one.reshape(-1, *[1] * (tables[0].ndim - 1)) if one.ndim == 1 else one
            for one in operands
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
        laws = [s.law.c_code_cache_version_apply(s.apply_node()) for s in self.stages]
        version = (row_update_c.VERSION, self.openmp, config.openmp_elemwise_minsize)
        return (*version, *laws) if all(laws) else ()

    def c_headers(self, **kwargs):
        return [*super().c_headers(**kwargs), *self._of_laws("c_headers", **kwargs)]

    def c_header_dirs(self, **kwargs):
        return self._of_laws("c_header_dirs", **kwargs)

    def c_libraries(self, **kwargs):
        return self._of_laws("c_libraries", **kwargs)

    def c_lib_dirs(self, **kwargs):
        return self._of_laws("c_lib_dirs", **kwargs)

    def c_compile_args(self, **kwargs):
        own = ["-fopenmp-simd", *super().c_compile_args(**kwargs)]
        return own + self._of_laws("c_compile_args", **kwargs)

    def _of_laws(self, what, **kwargs):
        return [one for stage in self.stages for one in getattr(stage.law, what)(**kwargs)]

    def c_support_code(self, **kwargs):
        laws = sorted({stage.law.c_support_code(**kwargs) for stage in self.stages})
        return "\n".join([*laws, row_update_c.SUPPORT])

    def c_support_code_apply(self, node, name):
        return row_update_c.kernel(self, node, name)

    def c_code(self, node, name, inputs, outputs, sub):
        return row_update_c.update(self, node, name, inputs, outputs, sub)


def checked(index, length):
    """An index with negative entries counted from the end, all within `length`."""
    outside = (index < -length) | (index >= length)
    if outside.any():
        raise IndexError(f"row update: index {index[outside][0]} is out of range for {length} rows")
    return np.where(index < 0, index + length, index)


def evaluated(stage, values):
    """The outputs of a stage, in NumPy."""
    dtypes = [one.dtype for one in stage.law.outputs_type]
    law = np.frompyfunc(stage.law.impl, len(values), len(dtypes))
    found = law(*values)
    found = found if len(dtypes) > 1 else (found,)
    found = [np.asarray(one, dtype) for one, dtype in zip(found, dtypes, strict=True)]
    if stage.kind != "sum":
        return found
    return [
        one.sum(axis=tuple(range(1, one.ndim)), dtype=inner, keepdims=True).astype(dtype)
        for one, (inner, dtype) in zip(found, stage.sums, strict=True)
    ]


@cache
def register_backends():
    """Tell the installed backends how to run the Op, once, when the first one is made."""
    if find_spec("numba"):
        row_update_jit.register_numba(RowUpdate)
    if find_spec("jax"):
        row_update_jit.register_jax(RowUpdate)
