"""``theano.sparse.sandbox.sp2``: sparse random matrices, drawn from NumPy's global generator.

An Op should return the same for the same inputs; these do not, as in Theano.
"""

import numpy as np
import scipy.sparse
from pytensor.gradient import disconnected_type, grad_undefined
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.sparse import SparseTensorType, as_sparse_variable
from pytensor.tensor import as_tensor_variable
from pytensor.tensor.type import discrete_dtypes, float_dtypes

from symgrad.theano.names import forward
from symgrad.theano.sparse import Remove0, remove0

EliminateZeros, eliminate_zeros = Remove0, remove0


class Poisson(Op):
    """Draws whose means are the entries of a sparse matrix; draws of zero are left out."""

    __props__ = ()

    def make_node(self, x):
        x = as_sparse_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        drawn = inputs[0].copy()
        drawn.data = np.random.poisson(drawn.data).astype(drawn.dtype)
        drawn.eliminate_zeros()
        output_storage[0][0] = drawn

    def infer_shape(self, *args):
        *_, shapes = args
        return shapes

    def pullback(self, inputs, outputs, cotangents):
        return _no_gradients(self, inputs)


class Binomial(Op):
    """``Binomial(format, dtype)(n, p, shape)``: how many of `n` trials succeed, as a matrix."""

    __props__ = ("format", "dtype")

    def __init__(self, format, dtype):
        self.format, self.dtype = format, dtype

    def make_node(self, n, p, shape):
        n, p, shape = map(as_tensor_variable, (n, p, shape))
        if n.dtype not in discrete_dtypes or shape.dtype not in discrete_dtypes:
            raise TypeError(f"n and shape are integers, not {n.dtype} and {shape.dtype}")
        if p.dtype not in float_dtypes:
            raise TypeError(f"p is a probability, not {p.dtype}: write T.cast(p, 'float64')")
        return Apply(self, [n, p, shape], [SparseTensorType(self.format, self.dtype)()])

    def perform(self, node, inputs, output_storage):
        n, p, shape = inputs
        matrix = getattr(scipy.sparse, f"{self.format}_matrix")
        output_storage[0][0] = matrix(np.random.binomial(n, p, size=shape), dtype=self.dtype)

    def infer_shape(self, *args):
        *_, node, _ = args  # older PyTensor gives the graph first
        return [(node.inputs[2][0], node.inputs[2][1])]

    def connection_pattern(self, node):
        return [[True], [True], [False]]

    def pullback(self, inputs, outputs, cotangents):
        return [*_no_gradients(self, inputs[:2]), disconnected_type()]


class Multinomial(Op):
    """Counts of `n` trials for each row of a csr matrix of probabilities; `n` may be a vector."""

    __props__ = ()

    def make_node(self, n, p):
        p = as_sparse_variable(p)
        return Apply(self, [as_tensor_variable(n), p], [p.type()])

    def perform(self, node, inputs, output_storage):
        n, p = inputs
        if p.format != "csr":
            raise NotImplementedError(f"the rows of a {p.format} matrix: write csr_from_dense(...)")
        if n.ndim and len(n) != p.shape[0]:
            raise ValueError(f"{len(n)} numbers of trials for {p.shape[0]} rows")
        drawn = p.copy()
        for row, trials in enumerate(np.broadcast_to(n, p.shape[0])):
            entries = slice(*p.indptr[row : row + 2])
            drawn.data[entries] = np.random.multinomial(trials, p.data[entries])
        output_storage[0][0] = drawn

    def infer_shape(self, *args):
        *_, shapes = args
        return [shapes[1]]

    def pullback(self, inputs, outputs, cotangents):
        return _no_gradients(self, inputs)


def _no_gradients(op, inputs):
    return [
        grad_undefined(op, position, variable, f"draws have no gradient: {op}")
        for position, variable in enumerate(inputs)
    ]


poisson, multinomial = Poisson(), Multinomial()
csr_fbinomial, csc_fbinomial = Binomial("csr", "float32"), Binomial("csc", "float32")
csr_dbinomial, csc_dbinomial = Binomial("csr", "float64"), Binomial("csc", "float64")

__getattr__ = forward("theano.sparse.sandbox.sp2", "symgrad.theano.sparse")
