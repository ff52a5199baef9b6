"""``theano.gpuarray.dnn``: cuDNN is not used."""

from symgrad.theano.names import forward


def dnn_available(context_name=None):
    """Whether cuDNN can be used: no."""
    return False


def dnn_present():
    """Whether cuDNN is there: no."""
    return False


dnn_available.msg = dnn_present.msg = "there is no libgpuarray"

__getattr__ = forward("theano.gpuarray.dnn")
