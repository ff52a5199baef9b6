"""Shapes of convolutions, from numbers or symbolic integers; an unknown length is None."""

import numpy as np

__all__ = [
    "border_mode_to_pad",
    "check_conv_gradinputs_shape",
    "get_conv_gradinputs_shape",
    "get_conv_gradinputs_shape_1axis",
    "get_conv_gradweights_shape",
    "get_conv_gradweights_shape_1axis",
    "get_conv_output_shape",
    "get_conv_shape_1axis",
]


def border_mode_to_pad(mode, convdim, kshp):
    """The zeros before and after each axis, for a kernel of the (dilated) shape `kshp`."""
    if isinstance(mode, (int, np.integer)):
        mode = (int(mode),) * convdim
    if not isinstance(mode, tuple):
        return tuple(_pads(mode, length) for length in kshp[:convdim])
    if len(mode) != convdim:
        raise ValueError(f"border_mode is {mode}: give one entry for each of {convdim} axes")
    return tuple(_pads(entry, length) for entry, length in zip(mode, kshp, strict=False))


def _pads(mode, length):
    """The zeros before and after one axis, along which the dilated kernel has this length."""
    if isinstance(mode, str):
        if mode not in ("valid", "half", "full"):
            raise ValueError(
                f"border_mode is {mode!r}: give 'valid', 'half', 'full', an integer or a tuple"
            )
        pad = {"valid": 0, "half": length // 2, "full": length - 1}[mode]
        return pad, pad
    before, after = mode if isinstance(mode, tuple) else (mode, mode)
    if before < 0 or after < 0:
        raise ValueError(f"border_mode is {mode}: give a number of zeros, 0 or more")
    return before, after


def _each_axis(function, first, second, border_mode, subsample, filter_dilation):
    dilation = (1,) * len(subsample) if filter_dilation is None else filter_dilation
    modes = border_mode if isinstance(border_mode, tuple) else (border_mode,) * len(subsample)
    return tuple(
        function(*axis) for axis in zip(first, second, modes, subsample, dilation, strict=False)
    )


def get_conv_output_shape(image_shape, kernel_shape, border_mode, subsample, filter_dilation=None):
    """Shape of the output of a convolution.

    Parameters
    ----------
    image_shape : tuple (batch, channels, *lengths), of integers, scalar variables or None
    kernel_shape : tuple (outputs, ..., *lengths)
    border_mode : str, int, or tuple of integers and pairs of integers
    subsample, filter_dilation : tuple of int

    Returns
    -------
    tuple (batch, outputs, *lengths)

    Examples
    --------
    >>> from symgrad.theano.tensor.nnet.abstract_conv import get_conv_output_shape
    >>> get_conv_output_shape((8, 1, 28, None), (20, 1, 5, 5), "valid", (2, 1))
    (8, 20, 12, None)
    """
    lengths = image_shape[2:]
    out = _each_axis(
        get_conv_shape_1axis,
        lengths,
        kernel_shape[-len(lengths) :],
        border_mode,
        subsample,
        filter_dilation,
    )
    return (image_shape[0], kernel_shape[0], *out)


def get_conv_shape_1axis(image_shape, kernel_shape, border_mode, subsample, dilation=1):
    """Length of the output along one axis."""
    if any(one is None for one in (image_shape, kernel_shape, border_mode, subsample, dilation)):
        return None
    length = (kernel_shape - 1) * dilation + 1
    before, after = _pads(border_mode, length)
    return (image_shape + before + after - length) // subsample + 1


def get_conv_gradweights_shape(
    image_shape,
    top_shape,
    border_mode,
    subsample,
    filter_dilation=None,
    num_groups=1,
    unshared=False,
):
    """Shape of the kernel, as far as image and output tell: not where they are subsampled."""
    out = _each_axis(
        get_conv_gradweights_shape_1axis,
        image_shape[2:],
        top_shape[2:],
        border_mode,
        subsample,
        filter_dilation,
    )
    outputs = top_shape[1] // num_groups if num_groups > 1 else top_shape[1]
    return (outputs, *(top_shape[2:] if unshared else ()), image_shape[1], *out)


def get_conv_gradweights_shape_1axis(image_shape, top_shape, border_mode, subsample, dilation):
    """Length of the kernel along one axis; None if it is not determined."""
    if any(one is None for one in (image_shape, top_shape, border_mode, subsample, dilation)):
        return None
    if subsample != 1 or border_mode == "half":
        return None
    if border_mode == "full":
        length = top_shape - image_shape
    else:
        before, after = _pads(border_mode, None) if border_mode != "valid" else (0, 0)
        length = image_shape + before + after - top_shape
    return (length // dilation if dilation > 1 else length) + 1


def get_conv_gradinputs_shape(
    kernel_shape, top_shape, border_mode, subsample, filter_dilation=None, num_groups=1
):
    """Shape of the image, as far as kernel and output tell: not where they are subsampled."""
    lengths = top_shape[2:]
    out = _each_axis(
        get_conv_gradinputs_shape_1axis,
        kernel_shape[-len(lengths) :],
        lengths,
        border_mode,
        subsample,
        filter_dilation,
    )
    channels = kernel_shape[1] * num_groups if num_groups > 1 else kernel_shape[1]
    return (top_shape[0], channels, *out)


def get_conv_gradinputs_shape_1axis(kernel_shape, top_shape, border_mode, subsample, dilation):
    """Length of the image along one axis; None if it is not determined."""
    if any(one is None for one in (kernel_shape, top_shape, border_mode, subsample, dilation)):
        return None
    if subsample != 1:
        return None
    length = (kernel_shape - 1) * dilation + 1
    before, after = _pads(border_mode, length)
    return top_shape + length - 1 - before - after


def check_conv_gradinputs_shape(
    image_shape, kernel_shape, output_shape, border_mode, subsample, filter_dilation=None
):
    """Whether the known entries of three shapes belong to one convolution."""
    image_shape, kernel_shape, output_shape = map(tuple, (image_shape, kernel_shape, output_shape))
    if len(image_shape) != len(kernel_shape) or len(image_shape) != len(output_shape):
        return False
    found = get_conv_output_shape(
        image_shape, kernel_shape, border_mode, subsample, filter_dilation
    )
    return all(
        a is None or b is None or int(a) == int(b) for a, b in zip(found, output_shape, strict=True)
    )
