"""``theano.sandbox.linalg``: the older place of linear algebra."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sandbox.linalg", "symgrad.theano.tensor.nlinalg", "symgrad.theano.tensor.slinalg"
)
