"""``theano.gof.compilelock``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.compilelock", "pytensor.compile.compilelock")
