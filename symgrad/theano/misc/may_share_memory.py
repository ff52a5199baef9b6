"""``theano.misc.may_share_memory``."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.misc.may_share_memory", "pytensor.misc.may_share_memory")
