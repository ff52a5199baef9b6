"""``theano.sandbox.cuda.basic_ops``: the names of ``theano.sandbox.cuda``."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.sandbox.cuda.basic_ops", "symgrad.theano.sandbox.cuda", "symgrad.theano.gpuarray.dnn"
)
