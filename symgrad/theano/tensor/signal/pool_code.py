"""What C, Numba and JAX run for pooling: one loop over the windows, five bodies."""

from functools import cache
from importlib.util import find_spec

import numpy as np
from pytensor.graph.basic import Constant

__all__ = ["c_code", "register_backends"]

_VERSION = 1

# What is done with a window. `x`, `y` and `v` are the inputs and `z` is the output; `at` is the
# place of the window and `k` that of an entry in it. The first line is before the entries, the
# second for each, the third after them.
C_BODIES = {
    "max": (
        "dtype most = x[(lo[0] * n[1] + lo[1]) * n[2] + lo[2]];",
        "most = x[k] > most ? x[k] : most;",
        "z[at] = most;",
    ),
    "sum": ("dtype sum = 0;", "sum += x[k];", "z[at] = sum;"),
    "average": ("dtype sum = 0;", "sum += x[k];", "z[at] = sum / count;"),
    "max_grad": (
        "const dtype top = y[at], part = v[at];",
        "z[k] += x[k] == top ? part : (dtype)0;",
        "",
    ),
    "sum_grad": ("", "z[k] += y[at];", ""),
    "average_grad": ("const dtype part = y[at] / count;", "z[k] += part;", ""),
    "max_gather": ("dtype sum = 0;", "if (x[k] == y[at]) sum += v[k];", "z[at] = sum;"),
}

PYTHON_BODIES = {
    "max": ("most = x[t, lo0, lo1, lo2]", "most = max(most, x[k])", "z[at] = most"),
    "sum": ("total = zero", "total += x[k]", "z[at] = total"),
    "average": ("total = zero", "total += x[k]", "z[at] = total / count"),
    "max_grad": ("top = y[at]", "z[k] += v[at] if x[k] == top else zero", "pass"),
    "sum_grad": ("part = y[at]", "z[k] += part", "pass"),
    "average_grad": ("part = y[at] / count", "z[k] += part", "pass"),
    "max_gather": ("total = zero", "total += v[k] if x[k] == y[at] else zero", "z[at] = total"),
}


def _body(op):
    if op.kind == "pool":
        return op.mode if op.mode in ("max", "sum") else "average"
    if op.kind == "average_grad":
        return "sum_grad" if op.mode == "sum" else "average_grad"
    return op.kind


def c_code(op, node, inputs, outputs, sub):
    """C for the Op; NotImplementedError where NumPy has to do."""
    dtype = node.inputs[0].type.dtype
    if op.ndim > 3 or dtype not in ("float32", "float64"):
        raise NotImplementedError(f"no C code to pool {dtype} over {op.ndim} axes")
    before, each, after = C_BODIES[_body(op)]
    names = ("x", "y", "v")[: op.n_tensors]
    like_windows = op.kind in ("pool", "max_gather")
    window = node.inputs[op.n_tensors]
    known = window.data.tolist() if isinstance(window, Constant) else ["unknown"] * op.ndim
    sizes = [1] * (3 - op.ndim) + known
    return C_LOOP % {
        **{f"size{d}": f"size[{d}]" if isinstance(n, str) else n for d, n in enumerate(sizes)},
        "dtype": "npy_" + dtype,
        "typenum": "NPY_" + dtype.upper(),
        "pooled": op.ndim,
        "ndim": node.inputs[0].type.ndim,
        "ignore_border": int(op.ignore_border),
        "whole_count": int(op.mode == "average_inc_pad" and op.ignore_border),
        "like_windows": int(like_windows),
        "arrays": ", ".join(f"(PyArrayObject *)PyArray_GETCONTIGUOUS({one})" for one in inputs),
        "n_inputs": len(inputs),
        "n_tensors": op.n_tensors,
        "pointers": "\n".join(
            f"const dtype *{name} = (const dtype *)PyArray_DATA(in[{k}]) + t * "
            + ("entries;" if k == 0 or (op.kind == "max_gather" and k == 2) else "windows;")
            for k, name in enumerate(names)
        ),
        "before": before,
        "each": each,
        "after": after,
        "z": outputs[0],
        "fail": sub["fail"],
    }


C_LOOP = r"""
{
    typedef %(dtype)s dtype;
    PyArrayObject *in[] = {%(arrays)s};
    npy_intp n[3] = {1, 1, 1}, m[3] = {1, 1, 1}, size[3] = {1, 1, 1}, step[3] = {1, 1, 1};
    npy_intp pad[3] = {0, 0, 0}, dims[%(ndim)s], outer = 1;
    const char *wrong = NULL;
    for (int k = 0; k < %(n_inputs)s; k++)
        if (!in[k]) wrong = "pooling: no memory";
    for (int k = %(n_tensors)s; !wrong && k < %(n_inputs)s; k++)
        if (PyArray_DIM(in[k], 0) != %(pooled)s)
            wrong = "pooling: window, stride and pad need one entry for each pooled axis";
    for (int i = 0; !wrong && i < %(ndim)s; i++) {
        const int axis = i - %(ndim)s + %(pooled)s, to = 3 - %(pooled)s + axis;
        dims[i] = PyArray_DIM(in[0], i);
        if (axis < 0) {
            outer *= dims[i];
            continue;
        }
        n[to] = dims[i];
        size[to] = ((npy_int64 *)PyArray_DATA(in[%(n_tensors)s]))[axis];
        step[to] = ((npy_int64 *)PyArray_DATA(in[%(n_tensors)s + 1]))[axis];
        pad[to] = ((npy_int64 *)PyArray_DATA(in[%(n_tensors)s + 2]))[axis];
        if (size[to] < 1 || step[to] < 1) {
            wrong = "pooling: window and stride must be 1 or more";
            break;
        }
        if (pad[to] && !%(ignore_border)s) wrong = "pooling: pad needs ignore_border=True";
        const npy_intp length = n[to] + 2 * pad[to];
        if (%(ignore_border)s)
            m[to] = length < size[to] ? 0 : (length - size[to]) / step[to] + 1;
        else if (step[to] >= size[to] || length <= size[to])
            m[to] = length < 1 ? 0 : (step[to] >= size[to] ? (length - 1) / step[to] : 0) + 1;
        else
            m[to] = (length - 1 - size[to]) / step[to] + 2;
        for (int k = 1; k < %(n_tensors)s; k++) {
            const int gathered = %(like_windows)s && k == 2;
            if (PyArray_DIM(in[k], i) != (gathered ? n[to] : m[to]))
                wrong = "pooling: the shape of the gradient is not that of the pooled tensor";
        }
        if (%(like_windows)s) dims[i] = m[to];
    }
    const npy_intp entries = n[0] * n[1] * n[2], windows = m[0] * m[1] * m[2];
    if (!wrong) {
        Py_XDECREF(%(z)s);
        %(z)s = (PyArrayObject *)(%(like_windows)s
            ? PyArray_EMPTY(%(ndim)s, dims, %(typenum)s, 0)
            : PyArray_ZEROS(%(ndim)s, dims, %(typenum)s, 0));
        if (!%(z)s) wrong = "pooling: no memory";
    }
    for (npy_intp t = 0; !wrong && t < outer; t++) {
        %(pointers)s
        dtype *z = (dtype *)PyArray_DATA(%(z)s) + t * (%(like_windows)s ? windows : entries);
        npy_intp i[3], lo[3], hi[3], at = 0;
        for (i[0] = 0; i[0] < m[0]; i[0]++)
        for (i[1] = 0; i[1] < m[1]; i[1]++)
        for (i[2] = 0; i[2] < m[2]; i[2]++, at++) {
            for (int d = 0; d < 3; d++) {
                lo[d] = i[d] * step[d] - pad[d];
                hi[d] = lo[d] + size[d] < n[d] ? lo[d] + size[d] : n[d];
                if (lo[d] < 0) lo[d] = 0;
            }
            const dtype count = (dtype)(%(whole_count)s ? size[0] * size[1] * size[2]
                : (hi[0] - lo[0]) * (hi[1] - lo[1]) * (hi[2] - lo[2]));
            (void)count;
            %(before)s
            if (hi[0] - lo[0] == %(size0)s && hi[1] - lo[1] == %(size1)s
                && hi[2] - lo[2] == %(size2)s) {
                // The same with lengths that the compiler knows.
                const npy_intp corner = (lo[0] * n[1] + lo[1]) * n[2] + lo[2];
                for (npy_intp a = 0; a < %(size0)s; a++)
                for (npy_intp b = 0; b < %(size1)s; b++)
                for (npy_intp c = 0; c < %(size2)s; c++) {
                    const npy_intp k = corner + (a * n[1] + b) * n[2] + c;
                    %(each)s
                }
            } else
                for (npy_intp a = lo[0]; a < hi[0]; a++)
                for (npy_intp b = lo[1]; b < hi[1]; b++)
                for (npy_intp c = lo[2]; c < hi[2]; c++) {
                    const npy_intp k = (a * n[1] + b) * n[2] + c;
                    %(each)s
                }
            %(after)s
        }
    }
    for (int k = 0; k < %(n_inputs)s; k++) Py_XDECREF(in[k]);
    if (wrong) {
        PyErr_SetString(PyExc_ValueError, wrong);
        %(fail)s
    }
}
"""


def _python_source(op, node):
    """The loop as the source of a Python function, for Numba."""
    before, each, after = PYTHON_BODIES[_body(op)]
    names = ("x", "y", "v")[: op.n_tensors]
    ndim, first = node.inputs[0].type.ndim, 3 - op.ndim
    outer = [f"x0.shape[{axis}]" for axis in range(ndim - op.ndim)]
    lines = [f"def pool({', '.join(f'{name}0' for name in names)}, ws, stride, pad):"]
    for axis in range(3):
        at = axis - first
        length = f"x0.shape[{ndim - op.ndim + at}]" if at >= 0 else "1"
        lines.append(f"    n{axis} = {length}")
        for name, source in (("w", "ws"), ("s", "stride"), ("p", "pad")):
            alone = "0" if name == "p" else "1"
            lines.append(f"    {name}{axis} = {f'{source}[{at}]' if at >= 0 else alone}")
        lines.append(f"    m{axis} = count_windows(n{axis} + 2 * p{axis}, w{axis}, s{axis})")
    if not op.ignore_border:
        lines += ["    if p0 or p1 or p2:", "        raise ValueError('pad needs ignore_border')"]
    lines.append(f"    outer = {' * '.join(outer) or '1'}")
    for k, name in enumerate(names):
        letter = "n" if k == 0 or (op.kind == "max_gather" and k == 2) else "m"
        shape = f"outer, {letter}0, {letter}1, {letter}2"
        lines.append(f"    {name} = np.ascontiguousarray({name}0).reshape(({shape}))")
    letter = "m" if op.kind in ("pool", "max_gather") else "n"
    whole = op.mode == "average_inc_pad" and op.ignore_border
    count = "w0 * w1 * w2" if whole else "(hi0 - lo0) * (hi1 - lo1) * (hi2 - lo2)"
    result = ", ".join([*outer, *(f"{letter}{axis}" for axis in range(first, 3))])
    lines += [
        f"    z = np.zeros((outer, {letter}0, {letter}1, {letter}2), x.dtype)",
        "    zero = x.dtype.type(0)",
        "    for t in range(outer):",
    ]
    indent = "    " * 2
    for axis in range(3):
        lines.append(f"{indent}for i{axis} in range(m{axis}):")
        indent += "    "
        lines.append(f"{indent}lo{axis} = max(i{axis} * s{axis} - p{axis}, 0)")
        reach = f"i{axis} * s{axis} - p{axis} + w{axis}"
        lines.append(f"{indent}hi{axis} = min({reach}, n{axis})")
    at, entry = "t, i0, i1, i2", "t, a, b, c"
    lines += [f"{indent}count = x.dtype.type({count})", f"{indent}{before}"]
    inner = indent
    for letter, axis in zip("abc", range(3), strict=True):
        lines.append(f"{inner}for {letter} in range(lo{axis}, hi{axis}):")
        inner += "    "
    lines += [f"{inner}{each}", f"{indent}{after}", f"    return z.reshape(({result},))"]
    return "\n".join(lines).replace("[at]", f"[{at}]").replace("[k]", f"[{entry}]")


@cache
def register_backends():
    """Tell the backends that are installed how to run the Ops."""
    if find_spec("numba"):
        _register_numba()
    if find_spec("jax"):
        _register_jax()


def _register_numba():
    from hashlib import sha256

    from pytensor.link.numba.cache import compile_numba_function_src
    from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key

    from symgrad.theano.tensor.signal.pool_ops import PoolOp

    @register_funcify_and_cache_key(PoolOp)
    def numba_funcify_Pool(op, node, **kwargs):
        ignore_border = op.ignore_border

        @numba_njit
        def count_windows(length, window, step):
            if ignore_border:
                return max(length - window, -step) // step + 1
            if step >= window:
                return (length - 1) // step + 1
            return max(0, (length - 1 - window) // step + 1) + 1

        source = _python_source(op, node)
        key = sha256(repr((_VERSION, source, ignore_border)).encode()).hexdigest()
        function = compile_numba_function_src(
            source,
            "pool",
            {"np": np, "count_windows": count_windows},
            write_to_disk=True,
            cache_key=key,
        )
        return numba_njit(function), key


def _register_jax():
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    from symgrad.theano.tensor.signal.pool_ops import PoolOp

    @jax_funcify.register(PoolOp)
    def jax_funcify_Pool(op, node, **kwargs):
        given = node.inputs[op.n_tensors :]
        if not all(isinstance(one, Constant) for one in given):
            raise NotImplementedError("pooling on JAX: give window, stride and pad as numbers")
        layout = [[int(one) for one in each.data] for each in given]

        def pool(*inputs):
            tensors = [jnp.asarray(one) for one in inputs[: op.n_tensors]]
            windows = op.windows(tensors[0].shape[-op.ndim :], layout)
            return op.compute(jnp, windows, *tensors)

        return pool
