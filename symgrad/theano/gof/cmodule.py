"""``theano.gof.cmodule``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.cmodule", "pytensor.link.c.cmodule")
