"""``theano.sandbox.cuda.dnn``: the names of ``theano.sandbox.cuda``."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sandbox.cuda.dnn", "symgrad.theano.sandbox.cuda", "symgrad.theano.gpuarray.dnn"
)
