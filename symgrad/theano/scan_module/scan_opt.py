"""``theano.scan_module.scan_opt``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.scan_module.scan_opt", "pytensor.scan.rewriting")
