"""``theano.compile.profiling``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.compile.profiling", "pytensor.compile.debug.profiling")
