"""``theano.sandbox.solve``: the older place of solve."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sandbox.solve", "symgrad.theano.tensor.slinalg")
