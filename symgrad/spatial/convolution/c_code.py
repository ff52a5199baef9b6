"""C code of the convolution and its gradients: patches as columns, and NumPy's matrix products."""

__all__ = ["SUPPORT", "c_code"]

SUPPORT = r"""
// Write the patches of an image as columns or, `back`, add columns to where they came from.
template <typename T>
static void symgrad_patches(T *image, T *columns, npy_intp channels, const npy_intp *n,
                            const npy_intp *k, const npy_intp *m, const npy_intp *pad,
                            const npy_intp *step, const npy_intp *dilation, int flip, int back)
{
    npy_intp tap[3];
    for (npy_intp channel = 0; channel < channels; channel++, image += n[0] * n[1] * n[2])
    for (tap[0] = 0; tap[0] < k[0]; tap[0]++)
    for (tap[1] = 0; tap[1] < k[1]; tap[1]++)
    for (tap[2] = 0; tap[2] < k[2]; tap[2]++) {
        npy_intp start[3];
        for (int d = 0; d < 3; d++)
            start[d] = (flip ? k[d] - 1 - tap[d] : tap[d]) * dilation[d] - pad[d];
        // Outputs first .. last - 1 of a line read within the image.
        npy_intp first = start[2] >= 0 ? 0 : (-start[2] + step[2] - 1) / step[2];
        npy_intp last = n[2] - start[2] <= 0 ? 0 : (n[2] - start[2] + step[2] - 1) / step[2];
        if (last > m[2]) last = m[2];
        if (first > last) first = last;
        for (npy_intp p = 0; p < m[0]; p++)
        for (npy_intp q = 0; q < m[1]; q++, columns += m[2]) {
            const npy_intp i = start[0] + p * step[0], j = start[1] + q * step[1];
            const int inside = i >= 0 && i < n[0] && j >= 0 && j < n[1];
            T *line = image + (i * n[1] + j) * n[2] + start[2];
            if (back) {
                if (inside)
                    for (npy_intp r = first; r < last; r++) line[r * step[2]] += columns[r];
            } else if (!inside)
                for (npy_intp r = 0; r < m[2]; r++) columns[r] = 0;
            else {
                for (npy_intp r = 0; r < first; r++) columns[r] = 0;
                if (step[2] == 1)
                    for (npy_intp r = first; r < last; r++) columns[r] = line[r];
                else
                    for (npy_intp r = first; r < last; r++) columns[r] = line[r * step[2]];
                for (npy_intp r = last; r < m[2]; r++) columns[r] = 0;
            }
        }
    }
}

template <typename T>
static PyObject *symgrad_matrix(T *data, npy_intp rows, npy_intp columns, int transposed, int type)
{
    npy_intp dims[2] = {rows, columns};
    npy_intp strides[2] = {(npy_intp)sizeof(T) * (transposed ? 1 : columns),
                           (npy_intp)sizeof(T) * (transposed ? rows : 1)};
    return PyArray_New(&PyArray_Type, 2, dims, type, strides, data, 0, NPY_ARRAY_BEHAVED, NULL);
}

// out (p, r) = x (p, q) times y (q, r); `xt` and `yt` say which of them is transposed in memory.
template <typename T>
static int symgrad_product(T *x, int xt, T *y, int yt, T *out, npy_intp p, npy_intp q, npy_intp r,
                           int type)
{
    PyObject *a = symgrad_matrix(x, p, q, xt, type), *b = symgrad_matrix(y, q, r, yt, type);
    PyObject *c = symgrad_matrix(out, p, r, 0, type), *done = NULL;
    if (a && b && c) done = PyArray_MatrixProduct2(a, b, (PyArrayObject *)c);
    Py_XDECREF(a);
    Py_XDECREF(b);
    Py_XDECREF(c);
    Py_XDECREF(done);
    return done != NULL;
}
"""

# The positions of image, kernel and output: 0 and 1 are the inputs, 2 is the result.
ROLES = {"output": (0, 1, 2), "kernel_gradient": (0, 2, 1), "image_gradient": (2, 0, 1)}

STEPS = {
    "output": r"""
        symgrad_patches(image, columns, c, n, k, m, pad, step, dilation, %(flip)s, 0);
        if (!symgrad_product(kernel, 0, columns, 0, top, o, K, P, %(typenum)s)) wrong = "";
    """,
    "kernel_gradient": r"""
        symgrad_patches(image, columns, c, n, k, m, pad, step, dilation, %(flip)s, 0);
        if (!symgrad_product(top, 0, columns, 1, part, o, P, K, %(typenum)s)) wrong = "";
        else for (npy_intp e = 0; e < o * K; e++) kernel[e] += part[e];
    """,
    "image_gradient": r"""
        if (!symgrad_product(kernel, 1, top, 0, columns, K, o, P, %(typenum)s)) wrong = "";
        else symgrad_patches(image, columns, c, n, k, m, pad, step, dilation, %(flip)s, 1);
    """,
}

LOOP = r"""
{
    typedef %(dtype)s dtype;
    PyArrayObject *in[3] = {(PyArrayObject *)PyArray_GETCONTIGUOUS(%(first)s),
                            (PyArrayObject *)PyArray_GETCONTIGUOUS(%(second)s), NULL};
    const npy_intp step[3] = {%(step)s}, dilation[3] = {%(dilation)s};
    const int mode[3] = {%(mode)s};  // 0: numbers, 1: half, 2: full
    const npy_intp before[3] = {%(before)s}, after[3] = {%(after)s};
    const npy_intp image_promise[] = {%(image_promise)s}, kernel_promise[] = {%(kernel_promise)s};
    const npy_intp given[3] = {%(given)s};
    npy_intp n[3] = {1, 1, 1}, k[3] = {1, 1, 1}, m[3], pad[3];
    npy_intp batch = 0, C = 0, O = 0, c = 0;
    const char *wrong = in[0] && in[1] ? NULL : "";
    for (int d = 0; !wrong && in[%(kernel)s] && d < PyArray_NDIM(in[%(kernel)s]); d++) {
        const npy_intp promised = kernel_promise[d < 2 ? d : d + %(skip)s];
        if (promised >= 0 && promised != PyArray_DIM(in[%(kernel)s], d))
            wrong = "convolution: the kernel does not have the shape given as filter_shape";
    }
    if (!wrong) {
        // Of the result only the last lengths are known yet.
        if (in[%(image)s]) {
            batch = PyArray_DIM(in[%(image)s], 0);
            C = PyArray_DIM(in[%(image)s], 1);
        }
        if (in[%(kernel)s]) {
            O = PyArray_DIM(in[%(kernel)s], 0);
            c = PyArray_DIM(in[%(kernel)s], 1);
        } else
            c = C / %(groups)s;
        if (in[%(top)s]) {
            if (!in[%(image)s]) batch = PyArray_DIM(in[%(top)s], 0);
            if (!in[%(kernel)s]) O = PyArray_DIM(in[%(top)s], 1);
            if (PyArray_DIM(in[%(top)s], 0) != batch || PyArray_DIM(in[%(top)s], 1) != O)
                wrong = "convolution: the gradient does not have the shape of the output";
        }
        if (!in[%(image)s]) C = c * %(groups)s;
        if (C != c * %(groups)s || O %% %(groups)s)
            wrong = "convolution: the channels do not fit the kernels and the groups";
    }
    for (int d = %(skip)s; !wrong && d < 3; d++) {
        const int axis = 2 + d - %(skip)s;
        n[d] = in[%(image)s] ? PyArray_DIM(in[%(image)s], axis) : given[d];
        k[d] = in[%(kernel)s] ? PyArray_DIM(in[%(kernel)s], axis) : given[d];
    }
    for (int d = 0; !wrong && d < 3; d++) {
        const npy_intp length = (k[d] - 1) * dilation[d] + 1;
        const npy_intp both = mode[d] == 1 ? length / 2 : length - 1;
        pad[d] = mode[d] ? both : before[d];
        const npy_intp room = n[d] + pad[d] + (mode[d] ? both : after[d]) - length;
        m[d] = room < 0 ? (room %% step[d] ? -1 : 0) + room / step[d] + 1 : room / step[d] + 1;
        if (m[d] < 0 || k[d] < 0 || n[d] < 0)
            wrong = "convolution: the kernel does not fit in the image";
        else if (d >= %(skip)s && in[%(top)s]
                 && PyArray_DIM(in[%(top)s], 2 + d - %(skip)s) != m[d])
            wrong = "convolution: the gradient does not have the shape of the output";
    }
    if (!wrong) {
        const npy_intp image_shape[] = {batch, C, n[0], n[1], n[2]};
        const npy_intp kernel_shape[] = {O, c, k[0], k[1], k[2]};
        for (int d = 0; d < 5; d++)
            if ((image_promise[d] >= 0 && image_promise[d] != image_shape[d])
                || (kernel_promise[d] >= 0 && kernel_promise[d] != kernel_shape[d]))
                wrong = "convolution: the shapes are not those given as input_shape, filter_shape";
    }
    dtype *columns = NULL, *part = NULL;
    const npy_intp o = O / %(groups)s, K = c * k[0] * k[1] * k[2];
    if (!wrong) {
        npy_intp dims[5] = {%(dims)s};
        Py_XDECREF(%(z)s);
        %(z)s = (PyArrayObject *)PyArray_ZEROS(%(ndim)s, dims, %(typenum)s, 0);
        columns = (dtype *)malloc((K * m[0] * m[1] * m[2] + 1) * sizeof(dtype));
        part = (dtype *)malloc((o * K + 1) * sizeof(dtype));
        if (!%(z)s || !columns || !part) {
            wrong = "";
            PyErr_NoMemory();
        } else {
            in[2] = %(z)s;
            Py_INCREF(in[2]);
        }
    }
    for (npy_intp t = 0; !wrong && t < batch; t++)
        for (npy_intp g = 0; !wrong && g < %(groups)s; g++) {
            const npy_intp N = n[0] * n[1] * n[2], P = m[0] * m[1] * m[2];
            dtype *image = (dtype *)PyArray_DATA(in[%(image)s]) + (t * C + g * c) * N;
            dtype *kernel = (dtype *)PyArray_DATA(in[%(kernel)s]) + g * o * K;
            dtype *top = (dtype *)PyArray_DATA(in[%(top)s]) + (t * O + g * o) * P;
            %(steps)s
        }
    free(columns);
    free(part);
    for (int d = 0; d < 3; d++) Py_XDECREF(in[d]);
    if (wrong) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, wrong);
        %(fail)s
    }
}
"""


def c_code(op, node, inputs, outputs, sub) -> str:
    """C code of an Op; NotImplementedError if NumPy has to do it."""
    dtype = node.outputs[0].type.dtype
    if op.unshared or dtype not in ("float32", "float64"):
        raise NotImplementedError("no C code for this convolution")
    skipped = 3 - op.n_axes  # all loops are over three axes; the first may have length 1
    mode = op.border_mode
    modes = [mode] * op.n_axes if isinstance(mode, str) else list(mode)
    modes = ["valid"] * skipped + modes
    pads = [_numeric_pads(mode) for mode in modes]
    image, kernel, output = ROLES[op.direction]
    lengths = [
        f"(npy_intp)*({variable.type.dtype_specs()[1]} *)PyArray_DATA({name})"
        for variable, name in zip(node.inputs[2:], inputs[2:], strict=True)
    ]
    shapes = {
        "output": ["batch", "O", "m"],
        "kernel_gradient": ["O", "c", "k"],
        "image_gradient": ["batch", "C", "n"],
    }
    *outer, letter = shapes[op.direction]
    names = {
        "dtype": "npy_" + dtype,
        "typenum": "NPY_" + dtype.upper(),
        "first": inputs[0],
        "second": inputs[1],
        "step": _three(op.subsample),
        "dilation": _three(op.filter_dilation),
        "mode": ", ".join(str({"half": 1, "full": 2}.get(mode, 0)) for mode in modes),
        "before": ", ".join(str(before) for before, _ in pads),
        "after": ", ".join(str(after) for _, after in pads),
        "image_promise": _promise(op, op.image_shape, skipped),
        "kernel_promise": _promise(op, op.kernel_shape, skipped),
        "given": ", ".join(["1"] * skipped + lengths) if lengths else "1, 1, 1",
        "image": image,
        "kernel": kernel,
        "top": output,
        "groups": op.num_groups,
        "flip": int(op.filter_flip),
        "skip": skipped,
        "ndim": 2 + op.n_axes,
        "dims": ", ".join([*outer, *(f"{letter}[{axis}]" for axis in range(skipped, 3))]),
        "z": outputs[0],
        "fail": sub["fail"],
    }
    return LOOP % {**names, "steps": STEPS[op.direction] % names}


def _numeric_pads(mode):
    """Zeros before and after an axis, or none where they depend on the kernel."""
    if isinstance(mode, str):
        return 0, 0
    return mode if isinstance(mode, tuple) else (mode, mode)


def _three(values):
    return ", ".join(map(str, (*(1,) * (3 - len(values)), *values)))


def _promise(op, shape, skipped):
    """The promised lengths for C, -1 for those that are not."""
    known = op.certain_shape(shape, (-1,) * len(shape))
    return ", ".join(map(str, [*known[:2], *[-1] * skipped, *known[2:]]))
