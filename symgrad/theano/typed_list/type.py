"""``theano.typed_list.type``: the type of lists."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.typed_list.type", "pytensor.typed_list.type")
