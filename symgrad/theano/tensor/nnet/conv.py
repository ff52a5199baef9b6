"""The convolution of early Theano (``theano.tensor.nnet.conv``)."""

from pytensor.graph.basic import Constant
from pytensor.tensor import get_scalar_constant_value

from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet.abstract_conv import AbstractConv2d


def conv2d(
    input,
    filters,
    image_shape=None,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    **kargs,
):
    """Convolve a batch of images with filters, which are flipped.

    Parameters
    ----------
    input : 4-d variable (batch, channels, rows, columns)
    filters : 4-d variable (outputs, channels, rows, columns)
    image_shape, filter_shape : tuple of int and None
    border_mode : 'valid' or 'full'
    subsample : pair of int
    **kargs
        ``unroll_batch`` and other options that were about speed; they do nothing.

    Returns
    -------
    4-d variable (batch, outputs, rows, columns)
    """
    _refuse_logical(kargs)
    image_shape, filter_shape = _numbers(image_shape), _numbers(filter_shape)
    of_image, of_filters = (shape[1] if shape else None for shape in (image_shape, filter_shape))
    if None not in (of_image, of_filters) and of_image != of_filters:
        raise AssertionError(
            f"image_shape has {of_image} channels, and filter_shape {of_filters}: give the same "
            "number"
        )
    return _Convolution(image_shape, filter_shape, border_mode, subsample)(input, filters)


class _Convolution(AbstractConv2d):
    """The same Op, but its tensors must have the shapes that were given."""

    requires_shapes = True


class ConvOp:
    """:func:`conv2d` with its options chosen first, in the words of early Theano."""

    def __init__(
        self,
        imshp=None,
        kshp=None,
        nkern=None,
        bsize=None,
        dx=1,
        dy=1,
        output_mode="valid",
        **kargs,
    ):
        _refuse_logical(kargs)
        imshp = (None,) * 3 if imshp is None else tuple(imshp)
        imshp = (1, *imshp) if len(imshp) == 2 else imshp
        kshp = (None, None) if kshp is None else tuple(kshp)
        step = (1 if dx is None else dx, 1 if dy is None else dy)
        self.op = _Convolution(
            (bsize, *imshp), (nkern, imshp[0], *kshp), border_mode=output_mode, subsample=step
        )

    def __call__(self, inputs, kerns):
        return self.op(inputs, kerns)


def _numbers(shape):
    """A promised shape, whose lengths may be constants of a graph, as integers and None."""
    if shape is None:
        return None
    shape = shape.data if isinstance(shape, Constant) else shape
    return tuple(
        None if length is None else int(get_scalar_constant_value(length)) for length in shape
    )


def _refuse_logical(options):
    given = {"imshp_logical", "kshp_logical"} & {k for k, v in options.items() if v is not None}
    if given:
        raise NotImplementedError(
            f"conv2d: {', '.join(sorted(given))} is not supported: enlarge the image with "
            "conv2d_grad_wrt_inputs, or the filters with filter_dilation"
        )


__getattr__ = forward("theano.tensor.nnet.conv")
