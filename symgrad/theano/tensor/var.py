"""``theano.tensor.var``: tensor variables."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.tensor.var", "pytensor.tensor.variable", "symgrad.theano.tensor.basic"
)
