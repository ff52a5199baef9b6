"""``theano.sparse.sandbox``: :mod:`~symgrad.theano.sparse.sandbox.sp2`."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sparse.sandbox")
