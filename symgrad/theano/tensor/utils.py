"""``theano.tensor.utils``: shapes of graphs."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.utils", "pytensor.tensor.utils", "pytensor.graph.utils")
