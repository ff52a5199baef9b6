"""``theano.gof.params_type``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.params_type", "pytensor.link.c.params_type")
