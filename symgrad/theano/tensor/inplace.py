"""``theano.tensor.inplace``: Ops that overwrite their input are left to the compiler."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.inplace")
