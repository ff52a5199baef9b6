"""``theano.gof.sched``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.sched", "pytensor.graph.traversal")
