"""``theano.misc.frozendict``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.misc.frozendict", "pytensor.misc.frozendict")
