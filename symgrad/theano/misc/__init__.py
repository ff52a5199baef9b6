"""``theano.misc``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.misc")
