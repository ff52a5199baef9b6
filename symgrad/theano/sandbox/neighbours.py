"""``theano.sandbox.neighbours``: the older place of patches of images."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sandbox.neighbours", "symgrad.theano.tensor.nnet.neighbours")
