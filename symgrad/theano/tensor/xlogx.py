"""``theano.tensor.xlogx``: x log x, and its like."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.xlogx", "pytensor.tensor.xlogx")
