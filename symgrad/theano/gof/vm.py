"""``theano.gof.vm``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.vm", "pytensor.link.vm")
