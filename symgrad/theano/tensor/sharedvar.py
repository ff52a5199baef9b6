"""``theano.tensor.sharedvar``: shared tensors."""

from pytensor.tensor.sharedvar import TensorSharedVariable as ScalarSharedVariable  # noqa: F401

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.sharedvar", "pytensor.tensor.sharedvar")
