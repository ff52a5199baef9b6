"""``theano.sparse``: sparse matrices."""

import pytensor.sparse as ps

from symgrad.theano.names import forward

enable_sparse = True
SparseType = ps.SparseTensorType
SparseVariable = ps.SparseVariable if hasattr(ps, "SparseVariable") else ps.variable.SparseVariable
RENAMED = {
    "MulSD": "SparseDenseMultiply",
    "MulSS": "SparseSparseMultiply",
    "MulSV": "SparseDenseVectorMultiply",
    "sgn": "sign",
}

__getattr__ = forward(
    "theano.sparse",
    "pytensor.sparse",
    "pytensor.sparse.basic",
    "pytensor.sparse.math",
    "pytensor.sparse.variable",
    renamed=RENAMED,
)
