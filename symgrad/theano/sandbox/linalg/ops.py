"""``theano.sandbox.linalg.ops``: the older place of linear algebra."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sandbox.linalg.ops", "symgrad.theano.sandbox.linalg")
