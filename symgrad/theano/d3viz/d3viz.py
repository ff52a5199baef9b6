"""``theano.d3viz.d3viz``: a graph as a page."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.d3viz.d3viz", "pytensor.d3viz.d3viz")
