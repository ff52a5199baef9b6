"""``theano.tensor.fft``: Fourier transforms."""

from symgrad.theano.names import forward

__getattr__ = forward("theano.tensor.fft", "pytensor.tensor.fft")
