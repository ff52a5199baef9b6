"""``theano.compile.monitormode``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.compile.monitormode", "pytensor.compile.debug.monitormode")
