"""``theano.gof.link``: linkers, which are PyTensor's."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.gof.link", "pytensor.link.basic", "pytensor.link.utils", "pytensor.graph.utils"
)
