"""Elementwise work in C in loops that the compiler turns into vector instructions."""

from collections.abc import Iterable, Sequence

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.elemwise import DimShuffle, Elemwise

from symgrad.backends.c.vector_math import C_OF_VECTORS
from symgrad.graph.index_reads import is_index_read
from symgrad.pytensor_compat import scalar_node

__all__ = ["VectorElemwise", "elemwise_as_vectors"]

FLOATS = ("float32", "float64")


class VectorElemwise(Elemwise):
    """An `Elemwise` of floats of one width.

    Where lengths are unknown, PyTensor's loops read every operand at a stride that is known only
    when they run. The compiler then cannot use vector instructions, and calls `tanh` and similar
    functions for one number at a time. Here neighbouring dimensions are joined where memory
    allows, and the innermost loop exists twice: for operands that are dense or constant, and for
    all others.
    """

    def c_support_code(self, **kwargs):
        return super().c_support_code(**kwargs) + C_OF_VECTORS + C_SUPPORT

    def c_support_code_apply(self, node, name):
        # The loops are functions of their own: amid checks, the compiler takes them to be rare.
        before, task = super().c_support_code_apply(node, name), self._task(node, name)
        if FAIL in task:
            return before
        dtype = node.outputs[0].type.dtype
        repeated = [variable.type.shape[-1] == 1 for variable in node.inputs]
        loops = C_LOOPS.format(
            name=name,
            ctype="npy_" + dtype,
            dense=_dense_loop(repeated, len(node.outputs), task),
            strided=_strided_loop(len(repeated), len(node.outputs), task),
        )
        return before + loops

    def c_code_cache_version_apply(self, node):
        version = super().c_code_cache_version_apply(node)
        return (4, *version) if version else ()

    def c_code(self, node, name, inames, onames, sub):
        if FAIL in self._task(node, name):
            return super().c_code(node, name, inames, onames, sub)
        shapes = [variable.type.shape for variable in node.inputs]
        return C_CODE.format(
            name=name,
            ndim=node.outputs[0].type.ndim,
            n_inputs=len(inames),
            n_operands=len(inames) + len(onames),
            inputs=", ".join(inames),
            operands=", ".join((*inames, *onames)),
            repeated=", ".join(_braced(size == 1 for size in shape) for shape in shapes),
            allocate="\n".join(
                self._output(k, output, inames, sub) for k, output in enumerate(onames)
            ),
            ctype="npy_" + node.outputs[0].type.dtype,
            typenum="NPY_" + node.outputs[0].type.dtype.upper(),
            fail=sub["fail"],
        )

    def _task(self, node: Apply, name: str) -> str:
        """The code that computes numbers ``y0, y1, ...`` from numbers ``x0, x1, ...``."""
        xs = [f"x{k}" for k in range(len(node.inputs))]
        ys = [f"y{k}" for k in range(len(node.outputs))]
        return self.scalar_op.c_code(
            scalar_node(self, node), name + "_scalar_", xs, ys, {"fail": FAIL, "id": 0}
        )

    def _output(self, k: int, name: str, inames: Sequence[str], sub: dict) -> str:
        """The code that gives an output the memory of an input, or its own."""
        if k not in self.inplace_pattern:
            allocated = f"symgrad_allocate(&{name}, ndim, dims, fortran, typenum)"
            return f"if (!{allocated}) {{ {sub['fail']} }}"
        source = inames[self.inplace_pattern[k]]
        return f"Py_INCREF({source}); Py_XDECREF({name}); {name} = {source};"


def _braced(values: Iterable[int]) -> str:
    return "{" + ", ".join(str(int(value)) for value in values) + "}"


def _dense_loop(repeated: Sequence[bool], n_outputs: int, task: str) -> str:
    """A loop over operands without gaps; what is repeated is read once."""
    before, read = [], []
    for k, is_repeated in enumerate(repeated):
        if is_repeated:
            before.append(f"const T x{k} = *(T *)data[{k}];")
        else:
            before.append(f"const T *p{k} = (T *)data[{k}];")
            read.append(f"const T x{k} = p{k}[i];")
    before += [f"T *q{k} = (T *)data[{len(repeated) + k}];" for k in range(n_outputs)]
    write = [f"q{k}[i] = y{k};" for k in range(n_outputs)]
    return _loop(before, read, n_outputs, task, write)


def _strided_loop(n_inputs: int, n_outputs: int, task: str) -> str:
    """A loop over operands with any strides."""
    entry = "*(T *)(data[{0}] + i * stride[{0}])".format
    read = [f"const T x{k} = {entry(k)};" for k in range(n_inputs)]
    write = [f"{entry(n_inputs + k)} = y{k};" for k in range(n_outputs)]
    return _loop([], read, n_outputs, task, write)


def _loop(before: list[str], read: list[str], n_outputs: int, task: str, write: list[str]) -> str:
    results = [f"T y{k};" for k in range(n_outputs)]
    # An output may have the memory of an input: each number is read before it is written.
    loop = ["#pragma GCC ivdep", "for (npy_intp i = 0; i < n; i++) {", *read, *results]
    return "\n".join([*before, *loop, "{", task, "}", *write, "}"])


FAIL = "symgrad_fail"  # in code that can raise

C_SUPPORT = r"""
#ifndef SYMGRAD_VECTOR_ELEMWISE
#define SYMGRAD_VECTOR_ELEMWISE
/* Make `*array` one of this shape and layout, the one it has if that fits. */
static bool symgrad_allocate(
    PyArrayObject **array, int ndim, npy_intp *dims, bool fortran, int typenum)
{
    PyArrayObject *there = *array;
    bool fits = there != NULL && PyArray_NDIM(there) == ndim
        && (fortran ? PyArray_IS_F_CONTIGUOUS(there) : PyArray_IS_C_CONTIGUOUS(there));
    for (int d = 0; fits && d < ndim; d++) fits = PyArray_DIM(there, d) == dims[d];
    if (fits) return true;
    Py_XDECREF(there);
    *array = (PyArrayObject *)PyArray_EMPTY(ndim, dims, typenum, fortran);
    return *array != NULL;
}

/* Order the dimensions as the last operand lies in memory, leave out those of length 1, and join
   neighbours that every operand passes in equal steps. Returns how many remain, at least one. */
template <int n_operands, int ndim>
static int symgrad_join(npy_intp *dims, npy_intp strides[n_operands][ndim])
{
    auto swap = [&](int a, int b) {
        std::swap(dims[a], dims[b]);
        for (int k = 0; k < n_operands; k++) std::swap(strides[k][a], strides[k][b]);
    };
    for (int d = 1; d < ndim; d++)
        for (int e = d; e > 0; e--) {
            if (strides[n_operands - 1][e - 1] >= strides[n_operands - 1][e]) break;
            swap(e - 1, e);
        }
    int last = -1;
    for (int d = 0; d < ndim; d++) {
        if (dims[d] == 1) continue;
        bool joins = last >= 0;
        for (int k = 0; joins && k < n_operands; k++)
            joins = strides[k][last] == strides[k][d] * dims[d];
        if (joins) dims[last] *= dims[d];
        else dims[++last] = dims[d];
        for (int k = 0; k < n_operands; k++) strides[k][last] = strides[k][d];
    }
    if (last >= 0) return last + 1;
    dims[0] = 1;
    return 1;
}
#endif
"""

C_LOOPS = r"""
__attribute__((noinline)) static void dense_{name}(char *const *data, npy_intp n)
{{
    typedef {ctype} T;
    {dense}
}}

__attribute__((noinline)) static void strided_{name}(
    char *const *data, const npy_intp *stride, npy_intp n)
{{
    typedef {ctype} T;
    {strided}
}}
"""

C_CODE = r"""
{{
    enum {{ ndim = {ndim}, n_inputs = {n_inputs}, n_operands = {n_operands}, typenum = {typenum} }};
    static const bool repeated[n_inputs][ndim] = {{ {repeated} }};
    PyArrayObject *inputs[n_inputs] = {{ {inputs} }};
    npy_intp dims[ndim], strides[n_operands][ndim];
    bool fortran = true;
    for (int d = 0; d < ndim; d++) {{
        int first = -1;
        dims[d] = 1;
        for (int k = 0; k < n_inputs; k++) {{
            if (repeated[k][d]) continue;
            const npy_intp length = PyArray_DIM(inputs[k], d);
            if (first < 0) {{
                first = k;
                dims[d] = length;
            }} else if (length != dims[d]) {{
                PyErr_Format(PyExc_ValueError,
                    "%sInput dimension mismatch: "
                    "(input[%i].shape[%i] = %lld, input[%i].shape[%i] = %lld)",
                    length == 1 || dims[d] == 1 ? "Runtime broadcasting not allowed: a length of 1 "
                        "is repeated where its type says so, as specify_broadcastable does. " : "",
                    first, d, (long long)dims[d], k, d, (long long)length);
                {fail}
            }}
        }}
    }}
    for (int k = 0; k < n_inputs; k++) {{
        bool single = true;
        for (int d = 0; d < ndim; d++) single = single && repeated[k][d];
        fortran = fortran && (single || PyArray_ISFORTRAN(inputs[k]));
    }}
    {allocate}
    PyArrayObject *operands[n_operands] = {{ {operands} }};
    char *data[n_operands];
    for (int k = 0; k < n_operands; k++) {{
        data[k] = PyArray_BYTES(operands[k]);
        for (int d = 0; d < ndim; d++)
            strides[k][d] = k < n_inputs && repeated[k][d] ? 0 : PyArray_STRIDE(operands[k], d);
    }}
    if (PyArray_SIZE(operands[n_operands - 1]) > 0) {{
        const int n_loops = symgrad_join<n_operands, ndim>(dims, strides);
        const npy_intp n = dims[n_loops - 1];
        npy_intp stride[n_operands], place[ndim] = {{0}};
        bool dense = true;
        for (int k = 0; k < n_operands; k++) {{
            stride[k] = strides[k][n_loops - 1];
            const bool stays = k < n_inputs && repeated[k][ndim - 1];
            dense = dense && stride[k] == (stays ? 0 : (npy_intp)sizeof({ctype}));
        }}
        for (int d = 0; d >= 0;) {{
            if (dense) dense_{name}(data, n);
            else strided_{name}(data, stride, n);
            for (d = n_loops - 2; d >= 0; d--) {{
                for (int k = 0; k < n_operands; k++) data[k] += strides[k][d];
                if (++place[d] < dims[d]) break;
                for (int k = 0; k < n_operands; k++) data[k] -= dims[d] * strides[k][d];
                place[d] = 0;
            }}
        }}
    }}
}}
"""


@node_rewriter([Elemwise])
def elemwise_as_vectors(fgraph, node):
    """An `Elemwise` of floats of one width -> a `VectorElemwise`."""
    op, types = node.op, [variable.type for variable in (*node.inputs, *node.outputs)]
    dtype = types[-1].dtype
    if type(op) is not Elemwise or dtype not in FLOATS or types[-1].ndim == 0 or not node.inputs:
        return None
    if any(type_.dtype != dtype for type_ in types):
        return None
    if all(size == 1 for size in types[-1].shape) or all(map(_is_drawn, node.inputs)):
        return None
    new = VectorElemwise(op.scalar_op, dict(op.inplace_pattern), name=op.name)
    return new.make_node(*node.inputs).outputs


def _is_drawn(variable: Variable) -> bool:
    """Is a variable made of random numbers alone? Those must be the same to the last bit.

    Functions of vectors may differ from those of single numbers in the last bit.
    """
    node = variable.owner
    if node is None:
        return isinstance(variable, Constant)
    if is_index_read(node):
        return _is_drawn(node.inputs[0])
    if isinstance(node.op, (DimShuffle, Elemwise)):
        return all(map(_is_drawn, node.inputs))
    return getattr(node.op, "draws", False)
