"""``theano.gof.destroyhandler``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.gof.destroyhandler", "pytensor.graph.destroyhandler")
