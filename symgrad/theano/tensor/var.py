"""``theano.tensor.var``: tensor variables."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.tensor.var", "symgrad.theano.tensor.basic", "pytensor.tensor.variable"
)
