"""The steps of rows in calls that did not read them, which their averages alone determine."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.link.c.op import COp
from pytensor.scalar.basic import upcast

from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.pytensor_compat import node_and_shapes

__all__ = ["MissedSteps"]


class MissedSteps(COp):
    """``(m, root, first, last, history, beta1, beta) -> steps``, one sum for each entry of `m`.

    Law, for a row and ``i = 1, 2, ...`` while ``s = first + i - 1 <= last``::

        rate, scale, epsilon, kept = history[s, :4]
        steps = kept * steps + rate * beta1**i * m / (scale * beta**i * root + epsilon)

    `m` and `root` have one shape, rows before entries within a row; `first` and `last` are vectors
    with one call for each row, and `history`, a float64 matrix, has one line for each call.
    A row takes one pass for each call that it missed, so that all rows together cost no more than
    a dense update in every call.
    """

    __props__ = ()
    reads_rows_of = (4,)  # for the audit: of the history, some lines

    def make_node(self, m, root, first, last, history, beta1, beta):
        m, root, history = pt.as_tensor(m), pt.as_tensor(root), pt.as_tensor(history)
        dtype = upcast(m.type.dtype, root.type.dtype)
        m, root = pt.cast(m, dtype), pt.cast(root, dtype)
        first, last = (pt.cast(pt.as_tensor(call), "int64") for call in (first, last))
        beta1, beta = (pt.cast(pt.as_tensor(decay), "float64") for decay in (beta1, beta))
        dims = [variable.type.ndim for variable in (root, first, last, history, beta1, beta)]
        if dims != [m.type.ndim, 1, 1, 2, 0, 0] or history.type.dtype != "float64":
            raise TypeError(
                "MissedSteps wants two blocks, two vectors, a float64 matrix and two scalars"
            )
        return Apply(self, [m, root, first, last, history, beta1, beta], [m.type()])

    def infer_shape(self, *args):
        _, shapes = node_and_shapes(args)
        return [shapes[0]]

    def perform(self, node, inputs, output_storage):
        m, root, first, last, history, beta1, beta = inputs
        shape = (len(first), -1) if m.size else (len(first), 0)
        rows, roots = m.reshape(shape), root.reshape(shape)
        steps = np.zeros_like(rows)
        if m.size and (first.min() < 0 or last.max() >= len(history)):
            raise IndexError("MissedSteps: a call is not in the history")
        for i in range(1, 1 + int((last - first + 1).max(initial=0))):
            late = np.flatnonzero(first + i - 1 <= last)
            rate, scale, epsilon, kept = history[first[late] + i - 1, :4].T[..., None]
            step = rate * beta1**i * rows[late] / (scale * beta**i * roots[late] + epsilon)
            steps[late] = kept * steps[late] + step
        output_storage[0][0] = steps.reshape(m.shape)

    def c_code_cache_version(self):
        return (1,)

    def c_code(self, node, name, inputs, outputs, sub):
        dtype = node.outputs[0].type.dtype
        if dtype not in ("float32", "float64"):
            raise NotImplementedError(f"no C code for blocks of {dtype}")
        names = ("m", "root", "first", "last", "history", "beta1", "beta")
        return C_MISSED_STEPS.format(
            **dict(zip(names, inputs, strict=True)),
            steps=outputs[0],
            ctype="npy_" + dtype,
            typenum="NPY_" + dtype.upper(),
            fail=sub["fail"],
        )


C_MISSED_STEPS = r"""
{{
    const npy_intp n = PyArray_DIM({first}, 0);
    const npy_intp width = n ? PyArray_SIZE({m}) / n : 0;
    const npy_float64 beta1 = *(npy_float64 *)PyArray_DATA({beta1});
    const npy_float64 beta = *(npy_float64 *)PyArray_DATA({beta});
    PyArrayObject *m = (PyArrayObject *)PyArray_GETCONTIGUOUS({m});
    PyArrayObject *root = (PyArrayObject *)PyArray_GETCONTIGUOUS({root});
    PyArrayObject *history = (PyArrayObject *)PyArray_GETCONTIGUOUS({history});
    PyArrayObject *steps = (PyArrayObject *)PyArray_ZEROS(
        PyArray_NDIM({m}), PyArray_DIMS({m}), {typenum}, 0);
    int fine = m && root && history && steps;
    if (fine && (PyArray_SIZE(root) != n * width || PyArray_DIM({last}, 0) != n)) {{
        PyErr_SetString(PyExc_ValueError, "MissedSteps: the blocks are not of one shape");
        fine = 0;
    }}
    for (npy_intp row = 0; fine && row < n; row++) {{
        const npy_int64 first = *(npy_int64 *)PyArray_GETPTR1({first}, row);
        const npy_int64 last = *(npy_int64 *)PyArray_GETPTR1({last}, row);
        if (first < 0 || last >= PyArray_DIM(history, 0)) {{
            PyErr_SetString(PyExc_IndexError, "MissedSteps: a call is not in the history");
            fine = 0;
            break;
        }}
        const {ctype} *a = ({ctype} *)PyArray_DATA(m) + row * width;
        const {ctype} *b = ({ctype} *)PyArray_DATA(root) + row * width;
        {ctype} *sum = ({ctype} *)PyArray_DATA(steps) + row * width;
        npy_float64 power1 = 1, power = 1;
        for (npy_int64 s = first; s <= last; s++) {{
            const npy_float64 *at = (npy_float64 *)PyArray_GETPTR2(history, s, 0);
            power1 *= beta1;
            power *= beta;
            const {ctype} rate = at[0] * power1, scale = at[1] * power, epsilon = at[2];
            const {ctype} kept = at[3];
            for (npy_intp j = 0; j < width; j++)
                sum[j] = kept * sum[j] + rate * a[j] / (scale * b[j] + epsilon);
        }}
    }}
    Py_XDECREF(m);
    Py_XDECREF(root);
    Py_XDECREF(history);
    if (!fine) {{
        Py_XDECREF(steps);
        if (!PyErr_Occurred()) PyErr_NoMemory();
        {fail}
    }}
    Py_XDECREF({steps});
    {steps} = steps;
}}
"""


def _register_numba() -> None:
    from symgrad.pytensor_compat import numba_njit, register_funcify_default_op_cache_key

    @register_funcify_default_op_cache_key(MissedSteps)
    def numba_funcify_MissedSteps(op, node, **kwargs):
        real = np.dtype(node.outputs[0].type.dtype).type

        @numba_njit
        def missed_steps(m, root, first, last, history, beta1, beta):
            n = len(first)
            width = m.size // n if n else 0
            steps = np.zeros(m.size, m.dtype)
            a, b = np.ascontiguousarray(m).ravel(), np.ascontiguousarray(root).ravel()
            for row in range(n):
                if first[row] < 0 or last[row] >= len(history):
                    raise IndexError("MissedSteps: a call is not in the history")
                power1, power = 1.0, 1.0
                for s in range(first[row], last[row] + 1):
                    power1 *= beta1.item()
                    power *= beta.item()
                    rate, scale = real(history[s, 0] * power1), real(history[s, 1] * power)
                    epsilon, kept = real(history[s, 2]), real(history[s, 3])
                    for j in range(row * width, (row + 1) * width):
                        steps[j] = kept * steps[j] + rate * a[j] / (scale * b[j] + epsilon)
            return steps.reshape(m.shape)

        version = 1
        return missed_steps, version


def _register_jax() -> None:
    import jax
    import jax.numpy as jnp

    from symgrad.pytensor_compat import jax_funcify

    @jax_funcify.register(MissedSteps)
    def jax_funcify_MissedSteps(op, **kwargs):
        def missed_steps(m, root, first, last, history, beta1, beta):
            if m.size == 0:
                return m
            rows, roots = m.reshape(len(first), -1), root.reshape(len(first), -1)

            def add_step(i, steps):
                at = history[jnp.minimum(first + i - 1, last), :4]
                rate, scale, epsilon, kept = at.T[..., None]
                rate, scale = rate * beta1**i, scale * beta**i
                rate, scale, epsilon, kept = (
                    factor.astype(m.dtype) for factor in (rate, scale, epsilon, kept)
                )
                new = kept * steps + rate * rows / (scale * roots + epsilon)
                return jnp.where((first + i - 1 <= last)[:, None], new, steps)

            count = jnp.maximum(jnp.max(last - first) + 1, 0)
            steps = jax.lax.fori_loop(1, count + 1, add_step, jnp.zeros_like(rows))
            return steps.reshape(m.shape)

        return missed_steps


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)
