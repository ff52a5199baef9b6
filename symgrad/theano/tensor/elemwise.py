"""``theano.tensor.elemwise``: Ops on entries, and along axes."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.elemwise", "pytensor.tensor.elemwise", "pytensor.tensor.math")
