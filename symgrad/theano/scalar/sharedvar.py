"""``theano.scalar.sharedvar``: shared numbers."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.scalar.sharedvar", "pytensor.scalar.sharedvar")
