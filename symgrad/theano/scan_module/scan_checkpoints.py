"""``theano.scan_module.scan_checkpoints``: what PyTensor has of it."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.scan_module.scan_checkpoints", "pytensor.scan.checkpoints")
