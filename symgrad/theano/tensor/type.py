"""``theano.tensor.type``: the type of tensors."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.type", "symgrad.theano.tensor.basic", "pytensor.tensor.type")
