"""``theano.sandbox.cuda.var``: the names of ``theano.sandbox.cuda``."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sandbox.cuda.var", "symgrad.theano.sandbox.cuda", "symgrad.theano.gpuarray.dnn"
)
