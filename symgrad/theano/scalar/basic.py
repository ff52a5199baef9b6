"""``theano.scalar.basic``: the names of ``theano.scalar``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.scalar.basic", "symgrad.theano.scalar")
