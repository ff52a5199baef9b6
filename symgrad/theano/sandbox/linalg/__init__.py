"""``theano.sandbox.linalg``: the older place of linear algebra."""

from symgrad.theano.names import forward
from symgrad.theano.tensor.slinalg import Solve as Solve
from symgrad.theano.tensor.slinalg import kron as kron
from symgrad.theano.tensor.slinalg import solve as solve

__getattr__ = forward(
    "theano.sandbox.linalg", "symgrad.theano.tensor.nlinalg", "symgrad.theano.tensor.slinalg"
)
