"""Sums over the last dimensions, in C."""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.link.c.op import COp
from pytensor.scalar.basic import Add, Composite, ScalarOp, get_scalar_type
from pytensor.tensor.basic import as_tensor
from pytensor.tensor.elemwise import CAReduce
from pytensor.tensor.type import TensorType

from symgrad.backends.c.vector_math import C_OF_VECTORS
from symgrad.pytensor_compat import node_and_shapes

__all__ = ["RowSum", "sums_as_row_sums"]


class RowSum(COp):
    """``x -> term(x).sum(axis)``, where `axis` are the last ones or None for all, added in float64.

    The term is a scalar Op, such as a square; None is `x` itself. PyTensor's loop has one
    accumulator, so that each addition waits for the one before it. Eight accumulators take at most
    a quarter of the time, with smaller rounding errors.
    """

    __props__ = ("axis", "term")

    def __init__(self, axis: tuple[int, ...] | None = None, term: ScalarOp | None = None) -> None:
        self.axis, self.term = axis, term

    def make_node(self, x):
        x = as_tensor(x)
        shape = () if self.axis is None else x.type.shape[: x.type.ndim - len(self.axis)]
        return Apply(self, [x], [TensorType(x.type.dtype, shape=shape)()])

    def infer_shape(self, *args):
        node, ((*shape,),) = node_and_shapes(args)
        return [tuple(shape[: node.outputs[0].type.ndim])]

    def perform(self, node, inputs, output_storage):
        (x,) = inputs
        terms = x if self.term is None else np.vectorize(self.term.impl, otypes=[x.dtype])(x)
        output_storage[0][0] = np.asarray(terms.sum(axis=self.axis, dtype="float64"), x.dtype)

    def c_code_cache_version(self):
        version = (2,) if self.term is None else self.term.c_code_cache_version()
        return (3, *version) if version else ()

    def c_support_code(self, **kwargs):
        return C_OF_VECTORS if self.term is None else C_OF_VECTORS + self.term.c_support_code()

    def c_support_code_apply(self, node, name):
        if self.term is None:
            return ""
        return self.term.c_support_code_apply(_on_numbers(self.term, node), name + "_term_")

    def c_code(self, node, name, inputs, outputs, sub):
        dtype = node.inputs[0].type.dtype
        terms = C_NUMBERS
        if self.term is not None:
            number = _on_numbers(self.term, node)
            terms = C_TERMS % self.term.c_code(number, name + "_term_", ["x_i"], ["term"], sub)
        return C_ROW_SUM.format(
            x=inputs[0],
            sums=outputs[0],
            ndim=node.outputs[0].type.ndim,
            ctype="npy_" + dtype,
            typenum="NPY_" + dtype.upper(),
            terms=terms,
            fail=sub["fail"],
        )


def _on_numbers(term: ScalarOp, node: Apply) -> Apply:
    """The node of a term for a single number."""
    return term.make_node(get_scalar_type(node.inputs[0].type.dtype)())


C_NUMBERS = "const T *terms = row + j;"

C_TERMS = r"""
            T terms[256];
#pragma GCC ivdep
            for (int k = 0; k < size; k++) {
                const T x_i = row[j + k];
                T term;
                { %s }
                terms[k] = term;
            }
"""

C_ROW_SUM = r"""
{{
    typedef {ctype} T;
    PyArrayObject *x = (PyArrayObject *)PyArray_GETCONTIGUOUS({x});
    if (x == NULL) {{ {fail} }}
    int reusable = {sums} != NULL && PyArray_IS_C_CONTIGUOUS({sums});
    for (int d = 0; reusable && d < {ndim}; d++)
        reusable = PyArray_DIM({sums}, d) == PyArray_DIM(x, d);
    if (!reusable) {{
        Py_XDECREF({sums});
        {sums} = (PyArrayObject *)PyArray_SimpleNew({ndim}, PyArray_DIMS(x), {typenum});
    }}
    if ({sums} == NULL) {{
        Py_DECREF(x);
        {fail}
    }}
    const npy_intp n = PyArray_SIZE({sums}), width = n ? PyArray_SIZE(x) / n : 0;
    const T *row = (T *)PyArray_DATA(x);
    T *sum = (T *)PyArray_DATA({sums});
    for (npy_intp i = 0; i < n; i++, row += width) {{
        double part[8] = {{0, 0, 0, 0, 0, 0, 0, 0}};
        for (npy_intp j = 0; j < width; j += 256) {{
            const int size = width - j < 256 ? width - j : 256;
            {terms}
            int k = 0;
            for (; k + 8 <= size; k += 8)
                for (int l = 0; l < 8; l++) part[l] += terms[k + l];
            for (int l = 0; k < size; k++, l++) part[l] += terms[k];
        }}
        sum[i] = ((part[0] + part[4]) + (part[1] + part[5]))
               + ((part[2] + part[6]) + (part[3] + part[7]));
    }}
    Py_DECREF(x);
}}
"""


@node_rewriter([CAReduce])
def sums_as_row_sums(fgraph, node):
    """A sum of reals over the last dimensions, accumulated in float64 -> a `RowSum`."""
    (x,), op = node.inputs, node.op
    axes = tuple(range(x.type.ndim)) if op.axis is None else tuple(sorted(op.axis))
    last = tuple(range(x.type.ndim - len(axes), x.type.ndim))
    if x.type.dtype not in ("float32", "float64") or not axes or axes != last:
        return None
    if node.outputs[0].type.dtype != x.type.dtype or getattr(op, "acc_dtype", None) != "float64":
        return None
    if not _adds_terms(op.scalar_op, x.type.dtype):
        return None
    return [RowSum(None if len(axes) == x.type.ndim else axes, _term(op.scalar_op))(x)]


def _adds_terms(scalar_op: ScalarOp, dtype: str) -> bool:
    """Is it ``sum + x``, or ``sum + term(x)``, which fusion makes of a sum of terms?"""
    if type(scalar_op) is Add:
        return True
    graph = getattr(scalar_op, "fgraph", None)
    if graph is None or len(graph.outputs) != 1 or len(graph.inputs) != 2:
        return False
    node = graph.outputs[0].owner
    if node is None or type(node.op) is not Add or len(node.inputs) != 2:
        return False
    total, term = node.inputs
    if total is not graph.inputs[0] or term.owner is None or term.type.dtype != dtype:
        return False
    return list(term.owner.inputs) == [graph.inputs[1]]


def _term(scalar_op: Add | Composite) -> ScalarOp | None:
    """The Op that makes a term; None if the entries themselves are added."""
    if isinstance(scalar_op, Add):
        return None
    return scalar_op.fgraph.outputs[0].owner.inputs[1].owner.op
