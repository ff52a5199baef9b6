"""Make the rows of a call distinct and sum the gradients of repeated rows."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.link.c.op import COp
from pytensor.tensor.shape import Shape_i
from pytensor.tensor.type import TensorType

from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.pytensor_compat import node_and_shapes

__all__ = ["Coalesce", "coalesce"]


class Coalesce(COp):
    """``(index, gradient, length) -> (rows, summed, group)``, see :func:`coalesce`."""

    __props__ = ()

    def make_node(self, index, gradient, length):
        index = pt.cast(pt.as_tensor(index), "int64")
        gradient = pt.as_tensor(gradient)
        length = pt.cast(pt.as_tensor(length), "int64")
        if index.type.ndim != 1 or gradient.type.ndim < 1 or length.type.ndim != 0:
            raise TypeError(
                "coalesce wants an index vector, gradient rows of at least one dimension and a "
                f"scalar length, not {index.type}, {gradient.type} and {length.type}: "
                "flatten the index and give one gradient row per entry of it"
            )
        # Not even a static length of the index is kept: repeats make the result shorter.
        row_shape = gradient.type.shape[1:]
        return Apply(
            self,
            [index, gradient, length],
            [
                TensorType("int64", shape=(None,))(),
                TensorType(gradient.type.dtype, shape=(None, *row_shape))(),
                TensorType("int64", shape=index.type.shape)(),
            ],
        )

    def perform(self, node, inputs, output_storage):
        index, gradient, length = inputs
        if len(gradient) != len(index):
            raise ValueError(
                f"coalesce: {len(gradient)} gradient rows were given for {len(index)} "
                "indices: give one row per index"
            )
        outside = (index < -length) | (index >= length)
        if outside.any():
            raise IndexError(
                f"coalesce: index {index[outside][0]} is out of range for {length} rows"
            )
        _, first, group = np.unique(
            np.where(index < 0, index + length, index), return_index=True, return_inverse=True
        )
        # np.unique sorts, but rows come in the order of their first appearance.
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        rows = index[first[order]]
        summed = np.zeros((len(order), *gradient.shape[1:]), gradient.dtype)
        group = rank[group.reshape(-1)]
        np.add.at(summed, group, gradient)
        output_storage[0][0] = np.where(rows < 0, rows + length, rows)
        output_storage[1][0] = summed
        output_storage[2][0] = group.astype("int64")

    def infer_shape(self, *args):
        node, (index_shape, gradient_shape, _) = node_and_shapes(args)
        n_rows = Shape_i(0)(node.outputs[0])
        return [(n_rows,), (n_rows, *gradient_shape[1:]), index_shape]

    def connection_pattern(self, node):
        return [[False] * 3, [False, True, False], [False] * 3]

    def pullback(self, inputs, outputs, cotangents):
        if isinstance(cotangents[1].type, DisconnectedType):
            return [disconnected_type() for _ in inputs]
        return [disconnected_type(), cotangents[1][outputs[2]], disconnected_type()]

    def pushforward(self, inputs, outputs, tangents):
        index, _, length = inputs
        if isinstance(tangents[1].type, DisconnectedType):
            return [disconnected_type() for _ in outputs]
        summed = self(index, tangents[1], length)[1]
        return [disconnected_type(), summed, disconnected_type()]

    def c_code_cache_version(self):
        return (1,)

    def c_support_code(self, **kwargs):
        return C_GROUP_ROWS

    def c_code(self, node, name, inputs, outputs, sub):
        dtype = node.inputs[1].type.dtype
        if dtype not in ("float32", "float64"):
            raise NotImplementedError(f"no C code for gradients of {dtype}")
        index, gradient, length = inputs
        rows, summed, group = outputs
        return C_COALESCE.format(
            index=index,
            gradient=gradient,
            length=length,
            rows=rows,
            summed=summed,
            group=group,
            ctype="npy_" + dtype,
            typenum="NPY_" + dtype.upper(),
            fail=sub["fail"],
        )


# Open addressing with linear probing on Fibonacci hashes: one pass, memory O(n), no sort.
C_GROUP_ROWS = r"""
static npy_intp symgrad_group_rows(
    const npy_int64 *index, npy_intp n, npy_int64 length,
    npy_int64 *rows, npy_int64 *group, npy_int64 *offender)
{
    int bits = 4;
    while (((npy_intp)1 << bits) < 2 * n) bits++;
    const npy_uint64 last = ((npy_uint64)1 << bits) - 1;
    npy_int64 *cell = (npy_int64 *)malloc((last + 1) * sizeof(npy_int64));
    if (cell == NULL) return -2;
    memset(cell, 0xff, (last + 1) * sizeof(npy_int64));
    npy_intp distinct = 0;
    for (npy_intp k = 0; k < n; k++) {
        npy_int64 row = index[k];
        if (row < -length || row >= length) {
            *offender = row;
            free(cell);
            return -1;
        }
        if (row < 0) row += length;
        npy_uint64 at = ((npy_uint64)row * 11400714819323198485ull) >> (64 - bits);
        while (cell[at] >= 0 && rows[cell[at]] != row) at = (at + 1) & last;
        if (cell[at] < 0) {
            cell[at] = distinct;
            rows[distinct++] = row;
        }
        group[k] = cell[at];
    }
    free(cell);
    return distinct;
}
"""

C_COALESCE = r"""
{{
    const npy_intp n = PyArray_DIM({index}, 0);
    const npy_int64 length = *(npy_int64 *)PyArray_DATA({length});
    if (PyArray_DIM({gradient}, 0) != n) {{
        PyErr_Format(PyExc_ValueError,
            "coalesce: %lld gradient rows were given for %lld indices: give one row per index",
            (long long)PyArray_DIM({gradient}, 0), (long long)n);
        {fail}
    }}
    PyArrayObject *idx = (PyArrayObject *)PyArray_GETCONTIGUOUS({index});
    PyArrayObject *grad = (PyArrayObject *)PyArray_GETCONTIGUOUS({gradient});
    PyArrayObject *grp = (PyArrayObject *)PyArray_SimpleNew(1, (npy_intp *)&n, NPY_INT64);
    npy_int64 *found = (npy_int64 *)malloc((n + 1) * sizeof(npy_int64));
    npy_int64 offender = 0;
    npy_intp distinct = -2;
    PyArrayObject *out_rows = NULL, *out_sum = NULL;
    if (idx && grad && grp && found)
        distinct = symgrad_group_rows((npy_int64 *)PyArray_DATA(idx), n, length, found,
                                      (npy_int64 *)PyArray_DATA(grp), &offender);
    if (distinct >= 0) {{
        npy_intp dims[NPY_MAXDIMS];
        memcpy(dims, PyArray_DIMS(grad), PyArray_NDIM(grad) * sizeof(npy_intp));
        dims[0] = distinct;
        out_rows = (PyArrayObject *)PyArray_SimpleNew(1, dims, NPY_INT64);
        out_sum = (PyArrayObject *)PyArray_SimpleNew(PyArray_NDIM(grad), dims, {typenum});
    }}
    if (out_rows && out_sum) {{
        npy_intp width = 1;
        for (int d = 1; d < PyArray_NDIM(grad); d++) width *= PyArray_DIM(grad, d);
        const npy_int64 *g = (npy_int64 *)PyArray_DATA(grp);
        const {ctype} *from = ({ctype} *)PyArray_DATA(grad);
        {ctype} *to = ({ctype} *)PyArray_DATA(out_sum);
        memcpy(PyArray_DATA(out_rows), found, distinct * sizeof(npy_int64));
        npy_int64 seen = 0;
        for (npy_intp k = 0; k < n; k++) {{
            {ctype} *row = to + g[k] * width;
            if (g[k] == seen) {{
                memcpy(row, from + k * width, width * sizeof({ctype}));
                seen++;
            }} else
                for (npy_intp j = 0; j < width; j++) row[j] += from[k * width + j];
        }}
    }}
    free(found);
    Py_XDECREF(idx);
    Py_XDECREF(grad);
    if (!out_rows || !out_sum) {{
        Py_XDECREF(grp);
        Py_XDECREF(out_rows);
        Py_XDECREF(out_sum);
        if (distinct == -1)
            PyErr_Format(PyExc_IndexError,
                "coalesce: index %lld is out of range for %lld rows",
                (long long)offender, (long long)length);
        else if (!PyErr_Occurred())
            PyErr_NoMemory();
        {fail}
    }}
    Py_XDECREF({rows});
    Py_XDECREF({summed});
    Py_XDECREF({group});
    {rows} = out_rows;
    {summed} = out_sum;
    {group} = grp;
}}
"""


def _register_numba() -> None:
    from symgrad.pytensor_compat import numba_njit, register_funcify_default_op_cache_key

    @register_funcify_default_op_cache_key(Coalesce)
    def numba_funcify_Coalesce(op, node, **kwargs):
        @numba_njit
        def coalesce(index, gradient, length):
            n, limit = len(index), length.item()
            if len(gradient) != n:
                raise ValueError("coalesce: give one gradient row per index")
            bits = 4
            while (1 << bits) < 2 * n:
                bits += 1
            last = (1 << bits) - 1
            cell = np.full(last + 1, -1, np.int64)
            rows = np.empty(n, np.int64)
            group = np.empty(n, np.int64)
            distinct = 0
            for k in range(n):
                row = index[k]
                if row < -limit or row >= limit:
                    raise IndexError("coalesce: an index is out of range")
                if row < 0:
                    row += limit
                hashed = np.uint64(row) * np.uint64(11400714819323198485)
                at = np.int64(hashed >> np.uint64(64 - bits))
                while cell[at] >= 0 and rows[cell[at]] != row:
                    at = (at + 1) & last
                if cell[at] < 0:
                    cell[at] = distinct
                    rows[distinct] = row
                    distinct += 1
                group[k] = cell[at]
            summed = np.zeros((distinct, *gradient.shape[1:]), gradient.dtype)
            for k in range(n):
                summed[group[k]] += gradient[k]
            return rows[:distinct].copy(), summed, group

        version = 1
        return coalesce, version


def _register_jax() -> None:
    import jax.numpy as jnp

    from symgrad.pytensor_compat import jax_funcify

    @jax_funcify.register(Coalesce)
    def jax_funcify_Coalesce(op, **kwargs):
        def coalesce(index, gradient, length):
            if gradient.shape[0] != index.shape[0]:
                raise ValueError(
                    f"coalesce: {gradient.shape[0]} gradient rows were given for "
                    f"{index.shape[0]} indices: give one row per index"
                )
            # XLA wants static shapes: as many slots as indices. The slots that are left over
            # point just behind the table, where JAX drops every write.
            index = jnp.where(index < 0, index + length, index)
            index = jnp.where((index < 0) | (index >= length), length, index)
            order = jnp.argsort(index)
            ordered = index[order]
            new = jnp.concatenate([jnp.ones(1, bool), ordered[1:] != ordered[:-1]])
            group_of_ordered = jnp.cumsum(new[: len(index)]) - 1
            rows = jnp.full(index.shape, length, index.dtype).at[group_of_ordered].set(ordered)
            group = jnp.zeros_like(index).at[order].set(group_of_ordered.astype(index.dtype))
            return rows, jnp.zeros_like(gradient).at[group].add(gradient), group

        return coalesce


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)


def coalesce(index: Variable, gradient: Variable, length: Variable) -> list[Variable]:
    """Distinct rows of an index and the summed gradient of each.

    Law::

        rows      = the distinct values of index, negative ones counted from the end
        summed[r] = sum of gradient[k] over all k with index[k] == rows[r]
        group[k]  = r

    Parameters
    ----------
    index : integer vector, shape ``(n,)``
        Rows of a table. They may repeat, and count from the end if negative.
    gradient : variable, shape ``(n, ...)``
        One gradient row per entry of `index`.
    length : integer scalar
        Number of rows of the table.

    Returns
    -------
    rows : int64 vector, shape ``(m,)``
        In order of first appearance in C, Numba and Python. JAX needs static shapes: there
        ``m = n``, the rows are sorted, and slots left over hold `length`, where JAX drops
        writes.
    summed : variable, shape ``(m, ...)``, dtype of `gradient`
        Slots left over on JAX are zero.
    group : int64 vector, shape ``(n,)``

    Raises
    ------
    IndexError
        When run, for an index outside ``-length .. length - 1`` (not on JAX, which cannot raise:
        :func:`symgrad.function` checks there).
    ValueError
        When run, if `gradient` has not one row per index.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> index, gradient = pt.lvector(), pt.dmatrix()
    >>> rows, summed, group = coalesce(index, gradient, 10)
    >>> f = pytensor.function([index, gradient], [rows, summed], mode="FAST_COMPILE")
    >>> for value in f([7, 2, -3], [[1.0], [10.0], [100.0]]):
    ...     print(value.tolist())
    [7, 2]
    [[101.0], [10.0]]
    """
    outputs: Any = Coalesce()(index, gradient, length)
    return outputs
