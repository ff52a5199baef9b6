"""``theano.tensor.io``: arrays from disk and from other processes are missing."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.io")
