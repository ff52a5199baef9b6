"""Write rows of a table in C, where PyTensor calls NumPy."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.link.c.op import COp

from symgrad.backends.rows import c_code
from symgrad.pytensor_compat import node_and_shapes

__all__ = ["RowWrite"]


class RowWrite(COp):
    """``(table, index, rows) -> table``, with rows added or set one after the other.

    Law::

        table[index[i]] += or = rows[i], for every position i of the index, in order

    Parameters
    ----------
    adds : bool
    inplace : bool

    Notes
    -----
    `rows` are repeated where they are shorter, by the rules of NumPy. All indices are checked
    before the first row is written.
    """

    __props__ = ("adds", "inplace")
    reads_rows_of = range(1)

    def __init__(self, adds: bool, inplace: bool = False) -> None:
        self.adds, self.inplace = adds, inplace
        if inplace:
            self.destroy_map = {0: [0]}

    def in_place(self) -> "RowWrite":
        """The same, but in the memory of the table."""
        return RowWrite(self.adds, inplace=True)

    def make_node(self, table, index, rows):
        inputs = [pt.as_tensor(table), pt.cast(index, "int64"), pt.as_tensor(rows)]
        return Apply(self, inputs, [inputs[0].type()])

    def infer_shape(self, *args):
        return node_and_shapes(args)[1][:1]

    def perform(self, node, inputs, output_storage):
        table, index, rows = inputs
        table = table if self.inplace else table.copy()
        if self.adds:
            np.add.at(table, index, rows)
        else:
            table[index] = rows
        output_storage[0][0] = table

    def c_code_cache_version(self):
        return (1, c_code.VERSION)

    def c_support_code(self, **kwargs):
        return c_code.SUPPORT + SUPPORT

    def c_code(self, node, name, inputs, outputs, sub):
        (table, index, rows), (out,) = inputs, outputs
        return CODE.format(
            table=table,
            index=index,
            rows=rows,
            out=out,
            dtype=node.inputs[0].type.dtype,
            new=f"{table}; Py_INCREF(T)" if self.inplace else f"{COPY.format(table=table)}",
            sign="+=" if self.adds else "=",
            fail=sub["fail"],
        )


COPY = "(PyArrayObject *)PyArray_NewCopy({table}, NPY_KEEPORDER)"

SUPPORT = r"""
/* A row of the table for each index, without gaps; a new reference. */
static PyArrayObject *symgrad_row_each(PyArrayObject *rows, PyArrayObject *index,
                                       PyArrayObject *table)
{
    const int chosen = PyArray_NDIM(index), ndim = chosen + PyArray_NDIM(table) - 1;
    npy_intp dims[2 * NPY_MAXDIMS];
    for (int d = 0; d < ndim; d++)
        dims[d] = d < chosen ? PyArray_DIM(index, d) : PyArray_DIM(table, d - chosen + 1);
    if (PyArray_NDIM(rows) == ndim && PyArray_CompareLists(PyArray_DIMS(rows), dims, ndim)
            && PyArray_TYPE(rows) == PyArray_TYPE(table))
        return PyArray_GETCONTIGUOUS(rows);
    PyArrayObject *all = (PyArrayObject *)PyArray_SimpleNew(ndim, dims, PyArray_TYPE(table));
    if (all && PyArray_CopyInto(all, rows) < 0) Py_CLEAR(all);
    return all;
}
"""

CODE = r"""
{{
    const npy_intp n = PyArray_SIZE({index}), width = symgrad_row_size({table});
    npy_int64 offender = 0, limit = -1;
    PyArrayObject *I = (PyArrayObject *)PyArray_GETCONTIGUOUS({index}), *R = NULL, *T = NULL;
    char *scratch = NULL;
    int done = 0;
    do {{
        if (!I || !(R = symgrad_row_each({rows}, {index}, {table}))) break;
        const npy_int64 *const at = (npy_int64 *)PyArray_DATA(I);
        if (!symgrad_in_range(at, n, PyArray_DIM({table}, 0), &offender, &limit)) break;
        T = {new};
        if (!T || PyArray_FailUnlessWriteable(T, "a table") < 0) break;
        const int plain = symgrad_rows_are_contiguous(T);
        const npy_intp length = PyArray_DIM(T, 0), stride = PyArray_STRIDE(T, 0), ahead = 12;
        if (!(scratch = (char *)malloc(width * sizeof(npy_{dtype}) + 1))) {{
            PyErr_NoMemory();
            break;
        }}
        char *const start = PyArray_BYTES(T);
        for (npy_intp i = 0; i < n; i++) {{
            if (i + ahead < n)
                symgrad_prefetch_1(start + symgrad_row(at[i + ahead], length) * stride,
                                   width * sizeof(npy_{dtype}));
            char *const row = start + symgrad_row(at[i], length) * stride;
            npy_{dtype} *const to = (npy_{dtype} *)(plain ? row : scratch);
            const npy_{dtype} *const from = (npy_{dtype} *)PyArray_DATA(R) + i * width;
            if (!plain) symgrad_move_row(T, row, scratch, 0);
            #pragma GCC ivdep
            for (npy_intp j = 0; j < width; j++) to[j] {sign} from[j];
            if (!plain) symgrad_move_row(T, row, scratch, 1);
        }}
        Py_XDECREF({out});
        {out} = T;
        T = NULL;
        done = 1;
    }} while (0);
    free(scratch);
    Py_XDECREF(I);
    Py_XDECREF(R);
    Py_XDECREF(T);
    if (!done) {{
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for axis 0 with size %lld",
                (long long)offender, (long long)limit);
        {fail}
    }}
}}
"""
