"""``theano.scan_module.scan_op``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.scan_module.scan_op", "pytensor.scan.op")
