"""C code of pooling and its gradients: a loop over the windows, written for each Op."""

from pytensor.graph.basic import Constant

__all__ = ["c_code"]

# What is done with a window: before its entries, for each of them, and after them. `x`, `y` and
# `v` are the inputs and `z` is the output; `at` is the place of the window and `k` that of an
# entry in it. A window in the padding has no entries.
BODIES = {
    "max": (
        "dtype most = hi[0] > lo[0] && hi[1] > lo[1] && hi[2] > lo[2]"
        " ? x[(lo[0] * n[1] + lo[1]) * n[2] + lo[2]] : (dtype)-NPY_INFINITY;",
        "most = x[k] > most ? x[k] : most;",
        "z[at] = most;",
    ),
    "sum": ("dtype sum = 0;", "sum += x[k];", "z[at] = sum;"),
    "average": ("dtype sum = 0;", "sum += x[k];", "z[at] = sum / count;"),
    "max_gradient": (
        "const dtype top = y[at], part = v[at];",
        "z[k] += x[k] == top ? part : (dtype)0;",
        "",
    ),
    "sum_gradient": ("", "z[k] += y[at];", ""),
    "average_gradient": ("const dtype part = y[at] / count;", "z[k] += part;", ""),
    "max_gather": ("dtype sum = 0;", "if (x[k] == y[at]) sum += v[k];", "z[at] = sum;"),
}


def c_code(op, node, inputs, outputs, sub) -> str:
    """C code of an Op; NotImplementedError if NumPy has to do it."""
    dtype = node.inputs[0].type.dtype
    same = all(tensor.type.dtype == dtype for tensor in node.inputs[: op.n_tensors])
    if op.n_axes > 3 or dtype not in ("float32", "float64") or not same:
        raise NotImplementedError(f"no C code to pool {dtype} over {op.n_axes} axes")
    before, each, after = BODIES[op.loop_body]
    return LOOP % {
        **_window_lengths(op, node.inputs[op.n_tensors]),
        "dtype": "npy_" + dtype,
        "typenum": "NPY_" + dtype.upper(),
        "n_axes": op.n_axes,
        "ndim": node.inputs[0].type.ndim,
        "ignore_border": int(op.ignore_border),
        "whole_count": int(op.mode == "average_inc_pad" and op.ignore_border),
        "pooled_inputs": ", ".join(str(int(pooled)) for pooled in op.pooled_inputs),
        "pooled_output": int(op.pooled_output),
        "arrays": ", ".join(f"(PyArrayObject *)PyArray_GETCONTIGUOUS({name})" for name in inputs),
        "n_inputs": len(inputs),
        "n_tensors": op.n_tensors,
        "pointers": "\n".join(
            f"const dtype *{name} = (const dtype *)PyArray_DATA(in[{position}]) + t * "
            + ("windows;" if pooled else "entries;")
            for position, (name, pooled) in enumerate(zip("xyv", op.pooled_inputs, strict=False))
        ),
        "before": before,
        "each": each,
        "after": after,
        "z": outputs[0],
        "fail": sub["fail"],
    }


def _window_lengths(op, window):
    """The lengths of a window on three axes: numbers, where they are known to the compiler."""
    lengths = [f"size[{axis}]" for axis in range(3)]
    if isinstance(window, Constant):
        lengths = [1] * (3 - op.n_axes) + window.data.tolist()
    return {f"size{axis}": length for axis, length in enumerate(lengths)}


LOOP = r"""
{
    typedef %(dtype)s dtype;
    PyArrayObject *in[] = {%(arrays)s};
    const int pooled[] = {%(pooled_inputs)s};
    npy_intp n[3] = {1, 1, 1}, m[3] = {1, 1, 1}, size[3] = {1, 1, 1}, step[3] = {1, 1, 1};
    npy_intp pad[3] = {0, 0, 0}, dims[%(ndim)s], outer = 1;
    const char *wrong = NULL;
    for (int k = 0; k < %(n_inputs)s; k++)
        if (!in[k]) wrong = "pooling: no memory";
    for (int k = %(n_tensors)s; !wrong && k < %(n_inputs)s; k++)
        if (PyArray_DIM(in[k], 0) != %(n_axes)s)
            wrong = "pooling: window, stride and pad need one entry for each pooled axis";
    for (int i = 0; !wrong && i < %(ndim)s; i++) {
        const int axis = i - %(ndim)s + %(n_axes)s, to = 3 - %(n_axes)s + axis;
        dims[i] = PyArray_DIM(in[0], i);
        if (axis < 0) {
            outer *= dims[i];
            for (int k = 1; k < %(n_tensors)s; k++)
                if (PyArray_DIM(in[k], i) != dims[i])
                    wrong = "pooling: the tensors have different shapes";
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
        else if (step[to] >= size[to])
            m[to] = length < 1 ? 0 : (length - 1) / step[to] + 1;
        else
            m[to] = length <= size[to] ? 1 : (length - 1 - size[to]) / step[to] + 2;
        for (int k = 1; k < %(n_tensors)s; k++)
            if (PyArray_DIM(in[k], i) != (pooled[k] ? m[to] : n[to]))
                wrong = "pooling: the shape of the gradient is not that of the pooled tensor";
        if (%(pooled_output)s) dims[i] = m[to];
    }
    const npy_intp entries = n[0] * n[1] * n[2], windows = m[0] * m[1] * m[2];
    if (!wrong) {
        Py_XDECREF(%(z)s);
        %(z)s = (PyArrayObject *)(%(pooled_output)s
            ? PyArray_EMPTY(%(ndim)s, dims, %(typenum)s, 0)
            : PyArray_ZEROS(%(ndim)s, dims, %(typenum)s, 0));
        if (!%(z)s) wrong = "pooling: no memory";
    }
    for (npy_intp t = 0; !wrong && t < outer; t++) {
        %(pointers)s
        dtype *z = (dtype *)PyArray_DATA(%(z)s) + t * (%(pooled_output)s ? windows : entries);
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
