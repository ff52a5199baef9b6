"""``theano.gof.null_type``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.null_type", "pytensor.graph.null_type")
