"""Signal processing (``theano.tensor.signal``)."""

from symgrad.theano.names import forward
from symgrad.theano.tensor.signal import conv, downsample, pool

__all__ = ["conv", "downsample", "pool"]

__getattr__ = forward("theano.tensor.signal")
