"""``theano.gof.unify``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.unify", "pytensor.graph.rewriting.unify")
