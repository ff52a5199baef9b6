"""Convolutions over two and three axes (``theano.tensor.nnet.abstract_conv``)."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant
from pytensor.raise_op import assert_op

from symgrad.spatial.convolution import shapes, upsampling
from symgrad.spatial.convolution.shapes import are_consistent as check_conv_gradinputs_shape
from symgrad.spatial.convolution.shapes import infer_output_shape as get_conv_output_shape
from symgrad.spatial.convolution.upsampling import bilinear_kernel as bilinear_kernel_2D
from symgrad.spatial.convolution.upsampling import triangle_kernel as bilinear_kernel_1D
from symgrad.theano.tensor.nnet.abstract_conv_ops import (
    AbstractConv,
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    AbstractConv3d,
    AbstractConv3d_gradInputs,
    AbstractConv3d_gradWeights,
    AbstractConv_gradInputs,
    AbstractConv_gradWeights,
    BaseAbstractConv,
)

__all__ = [
    "AbstractConv",
    "AbstractConv2d",
    "AbstractConv2d_gradInputs",
    "AbstractConv2d_gradWeights",
    "AbstractConv3d",
    "AbstractConv3d_gradInputs",
    "AbstractConv3d_gradWeights",
    "AbstractConv_gradInputs",
    "AbstractConv_gradWeights",
    "BaseAbstractConv",
    "assert_conv_shape",
    "assert_shape",
    "bilinear_kernel_1D",
    "bilinear_kernel_2D",
    "bilinear_upsampling",
    "border_mode_to_pad",
    "causal_conv1d",
    "check_conv_gradinputs_shape",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv3d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "frac_bilinear_upsampling",
    "get_conv_gradinputs_shape",
    "get_conv_gradinputs_shape_1axis",
    "get_conv_gradweights_shape",
    "get_conv_gradweights_shape_1axis",
    "get_conv_output_shape",
    "get_conv_shape_1axis",
    "separable_conv2d",
    "separable_conv3d",
]


def conv2d(
    input,
    filters,
    input_shape=None,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    filter_flip=True,
    filter_dilation=(1, 1),
    num_groups=1,
    unshared=False,
):
    """Convolve a batch of images with filters.

    Law::

        out[n, o, i] = sum over c, k of input[n, c, i * subsample + k * filter_dilation - pad]
                                        * filters[o, c, -1 - k]

    Parameters
    ----------
    input : 4-d variable (batch, channels, rows, columns)
    filters : 4-d variable (outputs, channels / num_groups, rows, columns)
        With ``unshared=True`` 6-d: (outputs, output rows, output columns, channels, rows, columns).
    input_shape, filter_shape : tuple of int and None
        Checked when run, if ``config.conv.assert_shape``. Gradients on JAX may need them.
    border_mode : 'valid', 'full', 'half', int, or a tuple of integers and pairs of integers
        The zeros around an image.
    subsample, filter_dilation : pair of int
    filter_flip : bool
        False correlates: the filter is laid on the image as it is.
    num_groups : int
        Channels and outputs are divided into groups that do not see each other.
    unshared : bool
        Each position has a filter of its own.

    Returns
    -------
    4-d variable (batch, outputs, rows, columns)

    Notes
    -----
    Values of Theano 1.0.5.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.theano.tensor.nnet.abstract_conv import conv2d
    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(image, np.array([[[[1.0, -1.0]]]])).eval()[0, 0].tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared)
    return AbstractConv2d(input_shape, filter_shape, *layout)(input, filters)


def conv3d(
    input,
    filters,
    input_shape=None,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1, 1),
    filter_flip=True,
    filter_dilation=(1, 1, 1),
    num_groups=1,
):
    """Convolve a batch of volumes with filters: :func:`conv2d` with one more axis."""
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups)
    return AbstractConv3d(input_shape, filter_shape, *layout)(input, filters)


def separable_conv2d(
    input,
    depthwise_filters,
    pointwise_filters,
    num_channels,
    input_shape=None,
    depthwise_filter_shape=None,
    pointwise_filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    filter_flip=True,
    filter_dilation=(1, 1),
):
    """Convolve each channel by itself, then mix the channels at each position.

    Parameters
    ----------
    input : 4-d variable (batch, num_channels, rows, columns)
    depthwise_filters : 4-d variable (num_channels * multiplier, 1, rows, columns)
    pointwise_filters : 4-d variable (outputs, num_channels * multiplier, 1, 1)
    num_channels : int
    input_shape, depthwise_filter_shape, pointwise_filter_shape : tuple of int and None
    border_mode, subsample, filter_flip, filter_dilation
        As in :func:`conv2d`, of the first step.

    Returns
    -------
    4-d variable (batch, outputs, rows, columns)
    """
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_channels)
    each = conv2d(input, depthwise_filters, input_shape, depthwise_filter_shape, *layout)
    return conv2d(each, pointwise_filters, filter_shape=pointwise_filter_shape)


def separable_conv3d(
    input,
    depthwise_filters,
    pointwise_filters,
    num_channels,
    input_shape=None,
    depthwise_filter_shape=None,
    pointwise_filter_shape=None,
    border_mode="valid",
    subsample=(1, 1, 1),
    filter_flip=True,
    filter_dilation=(1, 1, 1),
):
    """Convolve each channel of volumes by itself, then mix them: see :func:`separable_conv2d`."""
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_channels)
    each = conv3d(input, depthwise_filters, input_shape, depthwise_filter_shape, *layout)
    return conv3d(each, pointwise_filters, filter_shape=pointwise_filter_shape)


def conv2d_grad_wrt_inputs(
    output_grad,
    filters,
    input_shape,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    filter_flip=True,
    filter_dilation=(1, 1),
    num_groups=1,
    unshared=False,
):
    """The gradient of a convolution with respect to the images, also a transposed convolution.

    Parameters
    ----------
    output_grad : 4-d variable
        The gradient at the output.
    filters : 4-d variable
    input_shape : tuple
        Shape of the images: the last two may be variables, the first two integers or None.
    filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared
        As of the convolution, see :func:`conv2d`.

    Returns
    -------
    4-d variable of shape `input_shape`
    """
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared)
    known = _numbers("input_shape", input_shape, 2)
    return AbstractConv2d_gradInputs(known, filter_shape, *layout)(
        filters, output_grad, input_shape[-2:]
    )


def conv3d_grad_wrt_inputs(
    output_grad,
    filters,
    input_shape,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1, 1),
    filter_flip=True,
    filter_dilation=(1, 1, 1),
    num_groups=1,
):
    """The gradient of :func:`conv3d` at the volumes: see :func:`conv2d_grad_wrt_inputs`."""
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups)
    known = _numbers("input_shape", input_shape, 3)
    return AbstractConv3d_gradInputs(known, filter_shape, *layout)(
        filters, output_grad, input_shape[-3:]
    )


def conv2d_grad_wrt_weights(
    input,
    output_grad,
    filter_shape,
    input_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    filter_flip=True,
    filter_dilation=(1, 1),
    num_groups=1,
    unshared=False,
):
    """The gradient of a convolution with respect to the filters.

    Parameters
    ----------
    input : 4-d variable
    output_grad : 4-d variable
        The gradient at the output.
    filter_shape : tuple
        Shape of the filters: the last two may be variables, the others integers or None.
    input_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared
        As of the convolution, see :func:`conv2d`.

    Returns
    -------
    variable of shape `filter_shape`
    """
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared)
    known = _numbers("filter_shape", filter_shape, 2)
    return AbstractConv2d_gradWeights(input_shape, known, *layout)(
        input, output_grad, filter_shape[-2:]
    )


def conv3d_grad_wrt_weights(
    input,
    output_grad,
    filter_shape,
    input_shape=None,
    border_mode="valid",
    subsample=(1, 1, 1),
    filter_flip=True,
    filter_dilation=(1, 1, 1),
    num_groups=1,
):
    """The gradient of :func:`conv3d` at the filters: see :func:`conv2d_grad_wrt_weights`."""
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups)
    known = _numbers("filter_shape", filter_shape, 3)
    return AbstractConv3d_gradWeights(input_shape, known, *layout)(
        input, output_grad, filter_shape[-3:]
    )


def causal_conv1d(
    input,
    filters,
    filter_shape,
    input_shape=None,
    subsample=1,
    filter_flip=True,
    filter_dilation=1,
    num_groups=1,
    unshared=False,
):
    """Convolve sequences so that no output sees what comes after it.

    Parameters
    ----------
    input : 3-d variable (batch, channels, time)
    filters : 3-d variable (outputs, channels, time)
    filter_shape : tuple of int
        The last length must be known: ``filter_dilation * (time - 1)`` zeros are put before each
        sequence.
    input_shape : tuple of int and None
    subsample, filter_dilation : int
    filter_flip, num_groups, unshared
        As in :func:`conv2d`.

    Returns
    -------
    3-d variable (batch, outputs, time)
    """
    input, filters = pt.as_tensor(input), pt.as_tensor(filters)
    if input.ndim != 3 or filters.ndim != 3:
        raise ValueError("causal_conv1d: input and filters must be 3D")
    layout = (filter_flip, (filter_dilation, 1), num_groups, unshared)
    out = AbstractConv2d(
        None if input_shape is None else (*input_shape, 1),
        (*filter_shape, 1),
        ((filter_dilation * (filter_shape[2] - 1), 0), 0),
        (subsample, 1),
        *layout,
    )(input[:, :, :, None], filters[:, :, :, None])
    return out[:, :, :, 0]


def border_mode_to_pad(mode, convdim, kshp):
    """The zeros before and after each axis, for a kernel of the (dilated) shape `kshp`."""
    return shapes.border_pads(mode, convdim, kshp)


def get_conv_shape_1axis(image_shape, kernel_shape, border_mode, subsample, dilation=1):
    """Length of the output along one axis."""
    return shapes.infer_output_length(image_shape, kernel_shape, border_mode, subsample, dilation)


def get_conv_gradweights_shape(
    image_shape,
    top_shape,
    border_mode,
    subsample,
    filter_dilation=None,
    num_groups=1,
    unshared=False,
):
    """Shape of the kernel. An axis that is subsampled does not tell its length, which is None."""
    layout = (border_mode, subsample, filter_dilation, num_groups, unshared)
    return shapes.infer_kernel_shape(image_shape, top_shape, *layout)


def get_conv_gradweights_shape_1axis(image_shape, top_shape, border_mode, subsample, dilation):
    """Length of the kernel along one axis; None if it is not determined."""
    return shapes.infer_kernel_length(image_shape, top_shape, border_mode, subsample, dilation)


def get_conv_gradinputs_shape(
    kernel_shape, top_shape, border_mode, subsample, filter_dilation=None, num_groups=1
):
    """Shape of the image. An axis that is subsampled does not tell its length, which is None."""
    layout = (border_mode, subsample, filter_dilation, num_groups)
    return shapes.infer_image_shape(kernel_shape, top_shape, *layout)


def get_conv_gradinputs_shape_1axis(kernel_shape, top_shape, border_mode, subsample, dilation):
    """Length of the image along one axis; None if it is not determined."""
    return shapes.infer_image_length(kernel_shape, top_shape, border_mode, subsample, dilation)


def bilinear_upsampling(
    input,
    ratio=None,
    frac_ratio=None,
    batch_size=None,
    num_input_channels=None,
    use_1D_kernel=True,
):
    """Enlarge images, with bilinear interpolation between their pixels.

    Parameters
    ----------
    input : 4-d variable (batch, channels, rows, columns)
    ratio : int
    frac_ratio : pair of int, or pair of pairs
        A fraction instead, for both axes or for each; it needs ``use_1D_kernel=False``.
    batch_size, num_input_channels : int
        They were about speed, and do nothing.
    use_1D_kernel : bool
        First the rows, then the columns.

    Returns
    -------
    4-d variable (batch, channels, rows * ratio, columns * ratio)

    Notes
    -----
    Values of Theano 1.0.5: the border is repeated.
    """
    if ratio and frac_ratio:
        raise ValueError("bilinear_upsampling: give ratio or frac_ratio, not both")
    if not (ratio or frac_ratio):
        raise ValueError("bilinear_upsampling: give ratio, or frac_ratio")
    if ratio:
        return upsampling.upsample(input, ratio, use_1D_kernel)
    if use_1D_kernel:
        raise ValueError("bilinear_upsampling: frac_ratio needs use_1D_kernel=False")
    return frac_bilinear_upsampling(input, frac_ratio)


def frac_bilinear_upsampling(input, frac_ratio):
    """Enlarge images by a fraction: see :func:`bilinear_upsampling`."""
    if not isinstance(frac_ratio, tuple):
        raise ValueError("frac_ratio must be a tuple")
    fractions = frac_ratio if isinstance(frac_ratio[0], tuple) else (frac_ratio, frac_ratio)
    return upsampling.upsample_by_fractions(input, fractions)


def assert_shape(x, expected_shape, msg="Unexpected shape."):
    """The variable, after a check that its shape is as expected where that is not None."""
    known = zip(x.type.shape, expected_shape, strict=True)
    if any(None not in pair and pair[0] != _number(pair[1]) for pair in known):
        raise AssertionError(msg)
    if all(length is None for length in expected_shape):
        return x
    lengths = [None if length is None else pt.as_tensor(length) for length in expected_shape]
    return pt.specify_shape(x, lengths)


def assert_conv_shape(shape):
    """The shape, after a check that no length is negative and that none of the last is 0.

    The check raises an AssertionError, now or in a call.
    """
    return tuple(_possible(length, 1 if axis > 1 else 0) for axis, length in enumerate(shape))


def _possible(length, least):
    known = _number(length)
    if known is None:
        return assert_op(pt.as_tensor(length), pt.ge(length, least))
    if known < least:
        raise AssertionError(f"a convolution cannot have an axis of length {known}")
    return length


def _number(length):
    """A length as an integer, or None for a variable."""
    if isinstance(length, Constant):
        return int(length.data)
    return int(length) if isinstance(length, (int, np.integer)) else None


def _numbers(name, shape, convdim):
    """A shape with None for variables, which only its last lengths may be."""
    shape = tuple(shape)
    for axis, length in enumerate(shape):
        last = axis >= len(shape) - convdim
        if _number(length) is None and (length is None) is last:
            wanted = "a number or a variable" if last else "a number or None"
            raise ValueError(f"{name}[{axis}] is {length}: give {wanted}")
    return tuple(_number(length) for length in shape)
