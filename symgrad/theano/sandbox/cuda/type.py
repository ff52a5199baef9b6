"""``theano.sandbox.cuda.type``: the names of ``theano.sandbox.cuda``."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sandbox.cuda.type", "symgrad.theano.sandbox.cuda", "symgrad.theano.gpuarray.dnn"
)
