"""Softmax, and its logarithm, over the last dimension, in C."""

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.link.c.op import COp
from pytensor.tensor.basic import as_tensor
from pytensor.tensor.special import LogSoftmax, Softmax

from symgrad.pytensor_compat import node_and_shapes

__all__ = ["RowSoftmax", "softmax_of_rows"]


class RowSoftmax(COp):
    """``x -> exp(x - m) / sum(exp(x - m))``, with m the largest entry of each row; or its log.

    PyTensor's own C code finds the largest entry in a slow loop. Sums are accumulated in float64.
    """

    __props__ = ("log",)

    def __init__(self, log: bool) -> None:
        self.log = log

    def make_node(self, x):
        x = as_tensor(x)
        return Apply(self, [x], [x.type()])

    def infer_shape(self, *args):
        return node_and_shapes(args)[1]

    def perform(self, node, inputs, output_storage):
        (x,) = inputs
        less = x - x.max(axis=-1, keepdims=True) if x.shape[-1] else x
        powers = np.exp(less)
        sums = powers.sum(axis=-1, keepdims=True, dtype="float64")
        result = less - np.log(sums) if self.log else powers / sums
        output_storage[0][0] = result.astype(x.dtype)

    def c_headers(self, **kwargs):
        return ["<cmath>"]

    def c_code_cache_version(self):
        return (2,)

    def c_code(self, node, name, inputs, outputs, sub):
        dtype = node.inputs[0].type.dtype
        ctype = "npy_" + dtype
        return C_ROW_SOFTMAX.format(
            x=inputs[0],
            out=outputs[0],
            ctype=ctype,
            typenum="NPY_" + dtype.upper(),
            result=(C_LOG if self.log else C_SHARES).format(ctype=ctype),
            fail=sub["fail"],
        )


C_SHARES = r"""
        const {ctype} share = ({ctype})(1 / sum);
        for (npy_intp j = 0; j < width; j++) to[j] *= share;"""

C_LOG = r"""
        const {ctype} less = ({ctype})std::log(sum);
        for (npy_intp j = 0; j < width; j++) to[j] = (row[j] - m) - less;"""

C_ROW_SOFTMAX = r"""
{{
    PyArrayObject *x = (PyArrayObject *)PyArray_GETCONTIGUOUS({x});
    if (x == NULL) {{ {fail} }}
    const int ndim = PyArray_NDIM(x);
    if ({out} == NULL || !PyArray_IS_C_CONTIGUOUS({out})
            || !PyArray_CompareLists(PyArray_DIMS({out}), PyArray_DIMS(x), ndim)) {{
        Py_XDECREF({out});
        {out} = (PyArrayObject *)PyArray_SimpleNew(ndim, PyArray_DIMS(x), {typenum});
    }}
    if ({out} == NULL) {{
        Py_DECREF(x);
        {fail}
    }}
    const npy_intp width = PyArray_DIM(x, ndim - 1), n = width ? PyArray_SIZE(x) / width : 0;
    const {ctype} *row = ({ctype} *)PyArray_DATA(x);
    {ctype} *to = ({ctype} *)PyArray_DATA({out});
    for (npy_intp i = 0; i < n; i++, row += width, to += width) {{
        {ctype} m = row[0];
        for (npy_intp j = 1; j < width; j++) m = row[j] > m ? row[j] : m;
        double sum = 0;
        for (npy_intp j = 0; j < width; j++) {{
            to[j] = std::exp(row[j] - m);
            sum += to[j];
        }}
        {result}
    }}
    Py_DECREF(x);
}}
"""


@node_rewriter([Softmax, LogSoftmax])
def softmax_of_rows(fgraph, node):
    """A softmax of reals over the last dimension -> a `RowSoftmax`."""
    (x,), axis = node.inputs, node.op.axis
    axes = tuple(range(x.type.ndim)) if axis is None else tuple(axis)
    if x.type.dtype not in ("float32", "float64") or axes not in ((x.type.ndim - 1,), (-1,)):
        return None
    return [RowSoftmax(isinstance(node.op, LogSoftmax))(x)]
