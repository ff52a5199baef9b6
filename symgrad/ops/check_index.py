"""Checks that run inside a compiled function, before its first write.

Both Ops raise with numbers alone. One of these is the number of the check: whoever compiled the
function knows which table and which index it is about (:mod:`symgrad.compile.failures`). Names stay
out of the Ops so that C code is compiled once for all.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.link.c.op import COp

from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.pytensor_compat import node_and_shapes

__all__ = [
    "CheckFailed",
    "CheckIndex",
    "CheckLength",
    "IndexCheckFailed",
    "LengthCheckFailed",
    "check_shape",
    "failed_check",
]


class CheckFailed(Exception):
    """What the Ops raise, with the numbers ``(given, limit)`` or ``(given, limit, number)``."""

    @property
    def given(self) -> int:
        """The entry of the index, or the length, that is wrong."""
        return int(self.args[0])

    @property
    def limit(self) -> int:
        """The length of the axis, or the length that is wanted."""
        return int(self.args[1])

    @property
    def number(self) -> int | None:
        """The number of the check, if it has one."""
        return int(self.args[2]) if len(self.args) > 2 else None


class IndexCheckFailed(CheckFailed, IndexError):
    """An entry of an index lies outside ``-limit .. limit - 1``."""

    def __str__(self):
        return _text(self, "index {} is out of range for an axis of length {}")


class LengthCheckFailed(CheckFailed, ValueError):
    """Rows do not have the length that their index chooses."""

    def __str__(self):
        return _text(self, "{} rows, or entries of a row, are written where {} are chosen")


def _text(error: CheckFailed, words: str) -> str:
    # PyTensor may add its report of the node to the text, and make an error of that alone.
    return words.format(*error.args) if len(error.args) > 1 else "".join(map(str, error.args))


def failed_check(error: BaseException | None) -> CheckFailed | None:
    """The error of a check as it was raised, if `error` is one or was made while handling one."""
    while error is not None and not (isinstance(error, CheckFailed) and len(error.args) > 1):
        error = error.__context__
    return error


class CheckIndex(COp):
    """``(index, length[, number]) -> index``, int64, negative entries counted from the end.

    Raises an :class:`IndexCheckFailed` for an entry outside ``-length .. length - 1``. JAX cannot
    raise: there the index is only normalised. In the graph that a user gets, checks have no number;
    :mod:`symgrad.compile.check_indices` gives each of them one.
    """

    __props__ = ()

    def make_node(self, index, length, *number):
        inputs = [pt.cast(pt.as_tensor(x), "int64") for x in (index, length, *number)]
        return Apply(self, inputs, [inputs[0].type()])

    def do_constant_folding(self, *args):
        return False  # a constant index can be wrong, too: say so at the call

    def perform(self, node, inputs, output_storage):
        index, length, *number = inputs
        outside = (index < -length) | (index >= length)
        if outside.any():
            raise IndexCheckFailed(int(index[outside].flat[0]), int(length), *map(int, number))
        output_storage[0][0] = np.asarray(np.where(index < 0, index + length, index))

    def infer_shape(self, *args):
        return [node_and_shapes(args)[1][0]]

    def connection_pattern(self, node):
        return [[False]] * len(node.inputs)

    def pullback(self, inputs, outputs, cotangents):
        return [disconnected_type() for _ in inputs]

    def c_code_cache_version(self):
        return (2,)

    def c_support_code(self, **kwargs):
        return C_RAISE

    def c_code(self, node, name, inputs, outputs, sub):
        index, length, *number = inputs
        numbers = ["(long long)i[k]", "(long long)length", *map(_c_value, number)]
        return C_CHECK_INDEX.format(
            index=index,
            length=length,
            raised=_c_raise("IndexCheckFailed", numbers),
            out=outputs[0],
            fail=sub["fail"],
        )


# An error with numbers in it, not with a text.
C_RAISE = r"""
static void symgrad_raise(const char *name, PyObject *numbers)
{
    PyObject *module = PyImport_ImportModule("symgrad.ops.check_index");
    PyObject *error = module ? PyObject_GetAttrString(module, name) : NULL;
    if (error && numbers) PyErr_SetObject(error, numbers);
    Py_XDECREF(error);
    Py_XDECREF(module);
    Py_XDECREF(numbers);
}
"""


def _c_raise(name: str, numbers: list[str]) -> str:
    """The C statement that raises an error of this module."""
    made = f'Py_BuildValue("({"L" * len(numbers)})", {", ".join(numbers)})'
    return f'symgrad_raise("{name}", {made});'


def _c_value(scalar: str) -> str:
    """The C expression of the value of an int64 scalar."""
    return f"(long long)*(npy_int64 *)PyArray_DATA({scalar})"


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
            {raised}
            {fail}
        }}
        if (i[k] < 0) i[k] += length;
    }}
}}
"""


class CheckLength(COp):
    """``(rows, number, length) -> rows``, a view.

    Raises a :class:`LengthCheckFailed` unless ``rows.shape[axis] == length``.
    """

    __props__ = ("axis",)
    view_map = {0: [0]}

    def __init__(self, axis):
        self.axis = axis

    def make_node(self, rows, number, length):
        number, length = (pt.cast(pt.as_tensor(x), "int64") for x in (number, length))
        return Apply(self, [rows, number, length], [rows.type()])

    def perform(self, node, inputs, output_storage):
        rows, number, length = inputs
        if rows.shape[self.axis] != length:
            raise LengthCheckFailed(rows.shape[self.axis], int(length), int(number))
        output_storage[0][0] = rows

    def infer_shape(self, *args):
        return [node_and_shapes(args)[1][0]]

    def connection_pattern(self, node):
        return [[True], [False], [False]]

    def pullback(self, inputs, outputs, cotangents):
        return [cotangents[0], disconnected_type(), disconnected_type()]

    def pushforward(self, inputs, outputs, tangents):
        return [tangents[0]]

    def c_code_cache_version(self):
        return (2,)

    def c_support_code(self, **kwargs):
        return C_RAISE

    def c_code(self, node, name, inputs, outputs, sub):
        rows, number, length = inputs
        given = f"(long long)PyArray_DIM({rows}, {self.axis})"
        return C_CHECK_LENGTH.format(
            rows=rows,
            axis=self.axis,
            length=length,
            raised=_c_raise("LengthCheckFailed", [given, _c_value(length), _c_value(number)]),
            out=outputs[0],
            fail=sub["fail"],
        )


C_CHECK_LENGTH = r"""
if (PyArray_DIM({rows}, {axis}) != *(npy_int64 *)PyArray_DATA({length})) {{
    {raised}
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


def _register_numba() -> None:
    from symgrad.pytensor_compat import numba_njit, register_funcify_default_op_cache_key

    @register_funcify_default_op_cache_key(CheckIndex)
    def numba_funcify_CheckIndex(op, node, **kwargs):
        @numba_njit
        def check_index(index, length, number=None):
            limit = length.item()
            checked = index.copy()
            for k, row in np.ndenumerate(index):
                if row < -limit or row >= limit:
                    if number is None:
                        raise IndexCheckFailed(row, limit)
                    raise IndexCheckFailed(row, limit, number.item())
                if row < 0:
                    checked[k] += limit
            return checked

        version = 2
        return check_index, version

    @register_funcify_default_op_cache_key(CheckLength)
    def numba_funcify_CheckLength(op, node, **kwargs):
        axis = op.axis

        @numba_njit
        def check_length(rows, number, length):
            if rows.shape[axis] != length.item():
                raise LengthCheckFailed(rows.shape[axis], length.item(), number.item())
            return rows

        version = 2
        return check_length, version


def _register_jax() -> None:
    import jax
    import jax.numpy as jnp

    from symgrad.pytensor_compat import jax_funcify

    @jax_funcify.register(CheckIndex)
    def jax_funcify_CheckIndex(op, **kwargs):
        def check_index(index, length, number=None):
            # What is known while JAX traces stays known: see symgrad.backends.xla.lengths.
            traced = any(isinstance(x, jax.core.Tracer) for x in (index, length))
            lib = jnp if traced else np
            return lib.where(lib.asarray(index) < 0, lib.asarray(index) + length, index)

        return check_index

    @jax_funcify.register(CheckLength)
    def jax_funcify_CheckLength(op, **kwargs):
        def check_length(rows, number, length):
            # Shapes are static while JAX traces, so a mismatch raises before anything runs.
            given = jnp.shape(rows)[op.axis]
            if not isinstance(length, jax.core.Tracer) and given != int(length):
                raise LengthCheckFailed(given, int(length), int(number))
            return rows

        return check_length


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)
