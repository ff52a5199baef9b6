"""``theano.d3viz.formatting``: a graph as what Graphviz draws."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.d3viz.formatting", "pytensor.d3viz.formatting")
