"""Checks that run inside a compiled function, before its first write.

Both Ops raise with the *number* of the check: :mod:`symgrad.compile.callable` knows which table
and which index that was, and says so. Names stay out of the Ops so that C code is compiled once
for all.
"""

import re
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.link.c.op import COp

__all__ = ["CheckIndex", "CheckLength", "check_shape", "failed_check"]

_FAILED = re.compile(r"symgrad (index|shape)\D+(\d+)\D+?(-?\d+)\D+?(\d+)")


def failed_check(error):
    """``(kind, number, given, limit)`` from the text of an error of these Ops, else None."""
    found = _FAILED.search(str(error))
    return found and (found[1], *map(int, found.groups()[1:]))


class CheckIndex(COp):
    """``(index, length, number) -> index``, int64, negative entries counted from the end.

    Raises an IndexError for an entry outside ``-length .. length - 1``. JAX cannot raise: there
    the index is only normalised.
    """

    __props__ = ()

    def __init__(self):
        register_backends()

    def make_node(self, index, length, number):
        index, length, number = (pt.cast(pt.as_tensor(x), "int64") for x in (index, length, number))
        return Apply(self, [index, length, number], [index.type()])

    def do_constant_folding(self, *args):
        return False  # a constant index can be wrong, too: say so at the call

    def perform(self, node, inputs, output_storage):
        index, length, number = inputs
        outside = (index < -length) | (index >= length)
        if outside.any():
            raise IndexError("symgrad index", int(number), int(index[outside].flat[0]), int(length))
        output_storage[0][0] = np.asarray(np.where(index < 0, index + length, index))

    def infer_shape(self, *args):
        return [args[-1][0]]

    def connection_pattern(self, node):
        return [[False]] * 3

    def pullback(self, inputs, outputs, cotangents):
        return [disconnected_type() for _ in inputs]

    def c_code_cache_version(self):
        return (1,)

    def c_code(self, node, name, inputs, outputs, sub):
        index, length, number = inputs
        return C_CHECK_INDEX.format(
            index=index, length=length, number=number, out=outputs[0], fail=sub["fail"]
        )


C_CHECK_INDEX = r"""
{{
    const npy_int64 length = *(npy_int64 *)PyArray_DATA({length});
    Py_XDECREF({out});
    {out} = (PyArrayObject *)PyArray_NewCopy({index}, NPY_CORDER);
    if ({out} == NULL) {{ {fail} }}
    npy_int64 *i = (npy_int64 *)PyArray_DATA({out});
    const npy_intp n = PyArray_SIZE({out});
    for (npy_intp k = 0; k < n; k++) {{
        if (i[k] < -length || i[k] >= length) {{
            PyErr_Format(PyExc_IndexError, "symgrad index %lld %lld %lld",
                (long long)*(npy_int64 *)PyArray_DATA({number}),
                (long long)i[k], (long long)length);
            {fail}
        }}
        if (i[k] < 0) i[k] += length;
    }}
}}
"""


class CheckLength(COp):
    """``(rows, number, length) -> rows``, a view.

    Raises a ValueError unless ``rows.shape[axis] == length``.
    """

    __props__ = ("axis",)
    view_map = {0: [0]}

    def __init__(self, axis):
        self.axis = axis
        register_backends()

    def make_node(self, rows, number, length):
        number, length = (pt.cast(pt.as_tensor(x), "int64") for x in (number, length))
        return Apply(self, [rows, number, length], [rows.type()])

    def perform(self, node, inputs, output_storage):
        rows, number, length = inputs
        if rows.shape[self.axis] != length:
            raise ValueError("symgrad shape", int(number), rows.shape[self.axis], int(length))
        output_storage[0][0] = rows

    def infer_shape(self, *args):
        return [args[-1][0]]

    def connection_pattern(self, node):
        return [[True], [False], [False]]

    def pullback(self, inputs, outputs, cotangents):
        return [cotangents[0], disconnected_type(), disconnected_type()]

    def pushforward(self, inputs, outputs, tangents):
        return [tangents[0]]

    def c_code_cache_version(self):
        return (1,)

    def c_code(self, node, name, inputs, outputs, sub):
        rows, number, length = inputs
        return C_CHECK_LENGTH.format(
            rows=rows,
            axis=self.axis,
            length=length,
            number=number,
            out=outputs[0],
            fail=sub["fail"],
        )


C_CHECK_LENGTH = r"""
if (PyArray_DIM({rows}, {axis}) != *(npy_int64 *)PyArray_DATA({length})) {{
    PyErr_Format(PyExc_ValueError, "symgrad shape %lld %lld %lld",
        (long long)*(npy_int64 *)PyArray_DATA({number}),
        (long long)PyArray_DIM({rows}, {axis}),
        (long long)*(npy_int64 *)PyArray_DATA({length}));
    {fail}
}}
Py_XDECREF({out});
{out} = {rows};
Py_INCREF({out});
"""


def check_shape(rows, number, shape):
    """`rows`, checked when run to fit `shape`; dimensions that are statically 1 broadcast."""
    extra = len(shape) - rows.type.ndim
    for axis, size in enumerate(rows.type.shape):
        if size != 1:
            rows = CheckLength(axis)(rows, number, shape[axis + extra])
    return rows


@cache
def register_backends():
    """Tell the installed backends how to run the Ops, once, when the first one is made."""
    if find_spec("numba"):
        _register_numba()
    if find_spec("jax"):
        _register_jax()


def _register_numba():
    from pytensor.link.numba.dispatch.basic import (
        numba_njit,
        register_funcify_default_op_cache_key,
    )

    @register_funcify_default_op_cache_key(CheckIndex)
    def numba_funcify_CheckIndex(op, node, **kwargs):
        @numba_njit
        def check_index(index, length, number):
            limit = length.item()
            checked = index.copy()
            for k, row in np.ndenumerate(index):
                if row < -limit or row >= limit:
                    raise IndexError("symgrad index", number.item(), row, limit)
                if row < 0:
                    checked[k] += limit
            return checked

        version = 1
        return check_index, version

    @register_funcify_default_op_cache_key(CheckLength)
    def numba_funcify_CheckLength(op, node, **kwargs):
        axis = op.axis

        @numba_njit
        def check_length(rows, number, length):
            if rows.shape[axis] != length.item():
                raise ValueError("symgrad shape", number.item(), rows.shape[axis], length.item())
            return rows

        version = 1
        return check_length, version


def _register_jax():
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(CheckIndex)
    def jax_funcify_CheckIndex(op, **kwargs):
        def check_index(index, length, number):
            # What is known while JAX traces stays known: see symgrad.backends.xla.lengths.
            traced = any(isinstance(one, jax.core.Tracer) for one in (index, length))
            lib = jnp if traced else np
            return lib.where(lib.asarray(index) < 0, lib.asarray(index) + length, index)

        return check_index

    @jax_funcify.register(CheckLength)
    def jax_funcify_CheckLength(op, **kwargs):
        def check_length(rows, number, length):
            # Shapes are static while JAX traces, so a mismatch raises before anything runs.
            given = jnp.shape(rows)[op.axis]
            if not isinstance(length, jax.core.Tracer) and given != int(length):
                raise ValueError("symgrad shape", int(number), given, int(length))
            return rows

        return check_length
