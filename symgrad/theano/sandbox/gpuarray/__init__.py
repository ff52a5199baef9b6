"""``theano.sandbox.gpuarray``: the older place of ``theano.gpuarray``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sandbox.gpuarray", "symgrad.theano.gpuarray")
