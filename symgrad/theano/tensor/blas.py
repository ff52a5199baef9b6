"""``theano.tensor.blas``: products in BLAS."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.blas", "pytensor.tensor.blas")
