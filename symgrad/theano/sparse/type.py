"""``theano.sparse.type``: the names of ``theano.sparse``."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sparse.type",
    "symgrad.theano.sparse",
    "pytensor.sparse.rewriting",
    "pytensor.sparse.sharedvar",
)
