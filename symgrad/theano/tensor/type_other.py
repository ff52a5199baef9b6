"""``theano.tensor.type_other``: slices and None as variables."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.type_other", "pytensor.tensor.type_other")
