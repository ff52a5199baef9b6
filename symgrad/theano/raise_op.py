"""``theano.raise_op``: an Op that raises an exception."""

from pytensor.raise_op import CheckAndRaise as CheckAndRaise

from symgrad.theano.gof.graph import Apply
from symgrad.theano.gof.op import Op
from symgrad.theano.names import forward


class Raise(Op):
    """Raises an exception when it is computed."""

    __props__ = ("msg", "exc")

    def __init__(self, msg="", exc=NotImplementedError):
        self.msg, self.exc = msg, exc

    def __str__(self):
        return f"Raise{{{self.exc}({self.msg})}}"

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        raise self.exc(self.msg)

    def grad(self, inputs, cost_grad):
        return [inputs[0].zeros_like()]

    def connection_pattern(self, node):
        return [[False]]


__getattr__ = forward("theano.raise_op", "pytensor.raise_op")
