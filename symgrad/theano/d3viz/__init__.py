"""``theano.d3viz``: graphs in a browser, by PyTensor."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.d3viz", "pytensor.d3viz")
