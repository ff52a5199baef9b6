"""Convolution of images without channels (``theano.tensor.signal.conv``)."""

import pytensor.tensor as pt

from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet.conv import ConvOp


def conv2d(
    input,
    filters,
    image_shape=None,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    **kargs,
):
    """Convolve each image with each filter.

    Parameters
    ----------
    input : matrix, or 3-d variable (images, rows, columns)
    filters : matrix, or 3-d variable (filters, rows, columns)
    image_shape, filter_shape : tuple of int
    border_mode : 'valid' or 'full'
    subsample : pair of int
    **kargs
        Options that were about speed; they do nothing.

    Returns
    -------
    variable ([images,] [filters,] rows, columns)
        Without the axes that input and filters do not have.
    """
    input, filters = pt.as_tensor(input), pt.as_tensor(filters)
    if input.ndim not in (2, 3) or filters.ndim not in (2, 3):
        raise AssertionError("signal.conv.conv2d: images and filters have 2 or 3 dimensions")
    known = {}
    if image_shape and filter_shape:
        known = {
            "imshp": (1, *image_shape[-2:]),
            "kshp": tuple(filter_shape[-2:]),
            "bsize": image_shape[0] if input.ndim == 3 else 1,
            "nkern": filter_shape[0] if filters.ndim == 3 else 1,
        }
    op = ConvOp(output_mode=border_mode, dx=subsample[0], dy=subsample[1], **known, **kargs)
    images = input[:, None] if input.ndim == 3 else input[None, None]
    kernels = filters[:, None] if filters.ndim == 3 else filters[None, None]
    out = op(images, kernels)
    return out[slice(None) if input.ndim == 3 else 0, slice(None) if filters.ndim == 3 else 0]


__getattr__ = forward("theano.tensor.signal.conv")
