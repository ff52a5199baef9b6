"""``theano.compile.debugmode``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.compile.debugmode", "pytensor.compile.debug.debugmode")
