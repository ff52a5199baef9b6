"""``theano.typed_list``: variables that are lists."""

from pytensor.typed_list import TypedListType as TypedListType
from pytensor.typed_list import TypedListVariable as TypedListVariable

from symgrad.theano.gof.op import Op as Op
from symgrad.theano.names import forward

__getattr__ = forward("theano.typed_list", "pytensor.typed_list", "pytensor.typed_list.basic")
