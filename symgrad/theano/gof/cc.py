"""``theano.gof.cc``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.cc", "pytensor.link.c.basic")
