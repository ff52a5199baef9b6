"""``theano.tensor.sharedvar``: shared tensors."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.sharedvar", "pytensor.tensor.sharedvar")
