"""``theano.tensor.nnet``: neural networks."""

import warnings

from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet import (
    abstract_conv,
    blocksparse,
    bn,
    conv,
    conv3d2d,
    neighbours,
    nnet,
    sigm,
)
from symgrad.theano.tensor.nnet.abstract_conv import conv2d as abstract_conv2d
from symgrad.theano.tensor.nnet.abstract_conv import (
    conv2d_grad_wrt_inputs,
    conv3d,
    separable_conv2d,
)
from symgrad.theano.tensor.nnet.bn import batch_normalization
from symgrad.theano.tensor.nnet.conv import ConvOp
from symgrad.theano.tensor.nnet.nnet import (
    LogSoftmax,
    Softmax,
    binary_crossentropy,
    categorical_crossentropy,
    confusion_matrix,
    crossentropy_categorical_1hot,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    crossentropy_softmax_max_and_argmax_1hot_with_bias,
    elu,
    h_softmax,
    logsoftmax,
    logsoftmax_op,
    prepend_0_to_each_row,
    prepend_1_to_each_row,
    prepend_scalar_to_each_row,
    relu,
    selu,
    sigmoid_binary_crossentropy,
    softmax,
    softmax_graph,
    softmax_op,
    softmax_with_bias,
    softsign,
)
from symgrad.theano.tensor.nnet.sigm import (
    hard_sigmoid,
    scalar_sigmoid,
    sigmoid,
    sigmoid_inplace,
    softplus,
    ultra_fast_sigmoid,
)

__all__ = [
    "ConvOp",
    "LogSoftmax",
    "Softmax",
    "abstract_conv",
    "abstract_conv2d",
    "batch_normalization",
    "binary_crossentropy",
    "blocksparse",
    "bn",
    "categorical_crossentropy",
    "confusion_matrix",
    "conv",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_transpose",
    "conv3d",
    "conv3d2d",
    "crossentropy_categorical_1hot",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "elu",
    "h_softmax",
    "hard_sigmoid",
    "logsoftmax",
    "logsoftmax_op",
    "neighbours",
    "nnet",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "relu",
    "scalar_sigmoid",
    "selu",
    "separable_conv2d",
    "sigm",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "sigmoid_inplace",
    "softmax",
    "softmax_graph",
    "softmax_op",
    "softmax_with_bias",
    "softplus",
    "softsign",
    "ultra_fast_sigmoid",
]


def conv2d(
    input,
    filters,
    input_shape=None,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    filter_flip=True,
    image_shape=None,
    filter_dilation=(1, 1),
    num_groups=1,
    unshared=False,
    **kwargs,
):
    """Convolve a batch of images with filters.

    As :func:`symgrad.theano.tensor.nnet.abstract_conv.conv2d`. `image_shape` is the old name of
    `input_shape`; options about speed are ignored.
    """
    if "imshp_logical" in kwargs or "kshp_logical" in kwargs:
        raise ValueError(
            "conv2d: imshp_logical and kshp_logical are not supported: enlarge the image with "
            "conv2d_grad_wrt_inputs, or the filters with filter_dilation"
        )
    if kwargs:
        warnings.warn(f"conv2d: {', '.join(sorted(kwargs))} is ignored", stacklevel=2)
    if image_shape is not None:
        warnings.warn("conv2d: image_shape is the old name of input_shape", stacklevel=2)
        if input_shape is not None:
            raise ValueError("input_shape and image_shape should not be provided at the same time.")
        input_shape = image_shape
    layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared)
    return abstract_conv2d(input, filters, input_shape, filter_shape, *layout)


def conv2d_transpose(
    input,
    filters,
    output_shape,
    filter_shape=None,
    border_mode="valid",
    input_dilation=(1, 1),
    filter_flip=True,
    filter_dilation=(1, 1),
    num_groups=1,
    unshared=False,
):
    """The transposed convolution: :func:`conv2d_grad_wrt_inputs` with the arguments of a layer.

    Parameters
    ----------
    input : 4-d variable
    filters : 4-d variable (channels of `input`, channels of the output, rows, columns)
    output_shape : four integers; the last two may be variables
    input_dilation : pair of int
        The `subsample` of the convolution that is transposed.
    filter_shape, border_mode, filter_flip, filter_dilation, num_groups, unshared
        Those of that convolution.

    Returns
    -------
    4-d variable of shape `output_shape`
    """
    layout = (border_mode, input_dilation, filter_flip, filter_dilation, num_groups, unshared)
    return conv2d_grad_wrt_inputs(input, filters, output_shape, filter_shape, *layout)


__getattr__ = forward("theano.tensor.nnet", "symgrad.theano.tensor.nnet.nnet_ops")
