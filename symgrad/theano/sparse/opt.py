"""``theano.sparse.opt``: the names of ``theano.sparse``."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sparse.opt",
    "symgrad.theano.sparse",
    "pytensor.sparse.rewriting",
    "pytensor.sparse.sharedvar",
)
