"""``theano.compat.python2x``: its names, from ``theano.compat``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.compat.python2x", "symgrad.theano.compat", "collections", "functools")
