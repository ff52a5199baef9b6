"""``theano.sparse.utils``: sparse matrices as keys."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sparse.utils", "pytensor.sparse.utils")
