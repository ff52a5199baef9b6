"""``theano.scalar.basic_scipy``: special functions on numbers."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.scalar.basic_scipy", "pytensor.scalar.math")
