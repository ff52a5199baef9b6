"""``theano.misc.ordered_set``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.misc.ordered_set", "pytensor.misc.ordered_set")
