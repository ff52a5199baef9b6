"""``theano.sandbox.softsign``: softsign."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.sandbox.softsign", "symgrad.theano.tensor.nnet.nnet")
