"""``theano.typed_list.basic``: Ops on lists."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.typed_list.basic", "pytensor.typed_list.basic")
