"""Sums over the last dimensions, in C."""

from pytensor.graph.basic import Apply
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.link.c.op import COp
from pytensor.scalar.basic import Add
from pytensor.tensor.basic import as_tensor
from pytensor.tensor.elemwise import CAReduce
from pytensor.tensor.type import TensorType

__all__ = ["RowSum", "sums_as_row_sums"]


class RowSum(COp):
    """``x -> x.sum(axis)``, where `axis` are the last ones or None for all, added in float64.

    PyTensor's loop has one accumulator, so that each addition waits for the one before it. Eight
    take a quarter of the time or less, and err less.
    """

    __props__ = ("axis",)

    def __init__(self, axis=None):
        self.axis = axis

    def make_node(self, x):
        x = as_tensor(x)
        shape = () if self.axis is None else x.type.shape[: x.type.ndim - len(self.axis)]
        return Apply(self, [x], [TensorType(x.type.dtype, shape=shape)()])

    def infer_shape(self, *args):
        node, ((*shape,),) = args[-2:]
        return [tuple(shape[: node.outputs[0].type.ndim])]

    def perform(self, node, inputs, output_storage):
        (x,) = inputs
        output_storage[0][0] = x.sum(axis=self.axis, dtype="float64").astype(x.dtype)

    def c_code_cache_version(self):
        return (1,)

    def c_code(self, node, name, inputs, outputs, sub):
        dtype = node.inputs[0].type.dtype
        return C_ROW_SUM.format(
            x=inputs[0],
            sums=outputs[0],
            ndim=node.outputs[0].type.ndim,
            ctype="npy_" + dtype,
            typenum="NPY_" + dtype.upper(),
            fail=sub["fail"],
        )


C_ROW_SUM = r"""
{{
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
    const {ctype} *row = ({ctype} *)PyArray_DATA(x);
    {ctype} *sum = ({ctype} *)PyArray_DATA({sums});
    for (npy_intp i = 0; i < n; i++, row += width) {{
        double part[8] = {{0, 0, 0, 0, 0, 0, 0, 0}};
        npy_intp j = 0;
        for (; j + 8 <= width; j += 8)
            for (int k = 0; k < 8; k++) part[k] += row[j + k];
        for (int k = 0; j < width; j++, k++) part[k] += row[j];
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
    plain = type(op.scalar_op) is Add and x.type.dtype in ("float32", "float64")
    if not plain or not axes or axes != last:
        return None
    if node.outputs[0].type.dtype != x.type.dtype or getattr(op, "acc_dtype", None) != "float64":
        return None
    return [RowSum(None if len(axes) == x.type.ndim else axes)(x)]
