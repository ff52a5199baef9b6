"""``theano.compile.nanguardmode``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.compile.nanguardmode", "pytensor.compile.debug.nanguardmode")
