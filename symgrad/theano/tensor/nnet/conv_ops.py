"""The convolution of a batch of images with kernels, and its two gradients, as Ops.

All three are linear in each of their arguments, and each is the gradient of the other two.
"""

from math import prod

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Constant
from pytensor.scalar import upcast
from pytensor.tensor.type import TensorType

from symgrad.theano.tensor.nnet import conv_columns
from symgrad.theano.tensor.nnet.conv_base import BaseAbstractConv
from symgrad.theano.tensor.nnet.conv_shapes import get_conv_output_shape

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
]


class AbstractConv(BaseAbstractConv):
    """``(image, kernel) -> output``."""

    direction = "forward"

    def make_node(self, img, kern):
        img, kern = pt.as_tensor(img), pt.as_tensor(kern)
        self.check_ndim(img, kern)
        img, kern = self.asserted(img, self.imshp), self.asserted(kern, self.kshp)
        shape = get_conv_output_shape(
            self.promised(self.imshp, img.type.shape),
            self.promised(self.kshp, kern.type.shape),
            self.border_mode,
            self.subsample,
            self.filter_dilation,
        )
        dtype = upcast(img.type.dtype, kern.type.dtype)
        inputs = [pt.cast(one, dtype) for one in (img, kern)]
        return Apply(self, inputs, [TensorType(dtype, shape=shape)()])

    def perform(self, node, inputs, output_storage):
        image, kernel = inputs
        self.check_shape("image", image.shape, self.imshp)
        self.check_shape("kernel", kernel.shape, self.kshp)
        self.check_channels(image.shape[1], kernel.shape[-1 - self.convdim])
        lengths = kernel.shape[-self.convdim :]
        patches = self.patches(image.shape, lengths)
        out = conv_columns.forward(
            self.padded(image, self.pads(lengths)),
            self.as_blocks(kernel),
            patches,
        )
        output_storage[0][0] = out.reshape(len(image), len(kernel), *patches.out)

    def infer_shape(self, *args):
        image, kernel = args[-1]
        return [
            get_conv_output_shape(
                image, kernel, self.border_mode, self.subsample, self.filter_dilation
            )
        ]

    def connection_pattern(self, node):
        return [[True], [True]]

    def pullback(self, inputs, outputs, cotangents):
        (img, kern), (top,) = inputs, cotangents
        n = self.convdim
        at_image = self.with_same_layout(_GRAD_INPUTS[n])(kern, top, _lengths(img, n))
        at_kernel = self.with_same_layout(_GRAD_WEIGHTS[n])(img, top, _lengths(kern, n))
        return [_like(at_image, img), _like(at_kernel, kern)]


class AbstractConv_gradWeights(BaseAbstractConv):
    """``(image, gradient at the output, lengths of the kernel) -> gradient at the kernel``."""

    direction = "grad_weights"

    def make_node(self, img, topgrad, shape, add_assert_shape=True):
        img, topgrad = pt.as_tensor(img), pt.as_tensor(topgrad)
        self.check_ndim(img)
        self.check_ndim(topgrad)
        img = self.asserted(img, self.imshp) if add_assert_shape else img
        lengths = _scalars(shape, self.convdim)
        channels = self.promised(self.imshp, img.type.shape)[1]
        channels = None if channels is None else channels // self.num_groups
        positions = topgrad.type.shape[2:] if self.unshared else ()
        shape = (topgrad.type.shape[1], *positions, channels, *_constants(lengths))
        dtype = upcast(img.type.dtype, topgrad.type.dtype)
        out = TensorType(dtype, shape=self.promised(self.kshp, shape))()
        inputs = [pt.cast(one, dtype) for one in (img, topgrad)]
        return Apply(self, [*inputs, *lengths], [out])

    def perform(self, node, inputs, output_storage):
        image, top, *lengths = inputs
        lengths = [int(one) for one in lengths]
        self.check_shape("image", image.shape, self.imshp)
        patches = self.patches(image.shape, lengths)
        self.check_top(top, patches)
        blocks = conv_columns.grad_weights(
            self.padded(image, self.pads(lengths)),
            np.ascontiguousarray(self.split(top)).reshape(
                len(top), self.num_groups, -1, prod(patches.out)
            ),
            self.unshared,
            patches,
        )
        output_storage[0][0] = self.from_blocks(blocks, image.shape[1] // self.num_groups, patches)

    def infer_shape(self, *args):
        node, (image, top, *_) = args[-2:]
        positions = top[2:] if self.unshared else ()
        return [(top[1], *positions, image[1] // self.num_groups, *node.inputs[2:])]

    def connection_pattern(self, node):
        return [[True], [True], *[[False]] * self.convdim]

    def pullback(self, inputs, outputs, cotangents):
        (img, top, *lengths), (kern,) = inputs, cotangents
        n = self.convdim
        at_image = self.with_same_layout(_GRAD_INPUTS[n])(kern, top, _lengths(img, n))
        at_top = self.with_same_layout(_FORWARD[n])(img, kern)
        return [_like(at_image, img), _like(at_top, top), *(disconnected_type() for _ in lengths)]


class AbstractConv_gradInputs(BaseAbstractConv):
    """``(kernel, gradient at the output, lengths of the image) -> gradient at the image``."""

    direction = "grad_inputs"

    def make_node(self, kern, topgrad, shape, add_assert_shape=True):
        kern, topgrad = pt.as_tensor(kern), pt.as_tensor(topgrad)
        self.check_ndim(topgrad, kern)
        kern = self.asserted(kern, self.kshp) if add_assert_shape else kern
        lengths = _scalars(shape, self.convdim)
        channels = self.promised(self.kshp, kern.type.shape)[-1 - self.convdim]
        channels = None if channels is None else channels * self.num_groups
        shape = (topgrad.type.shape[0], channels, *_constants(lengths))
        dtype = upcast(kern.type.dtype, topgrad.type.dtype)
        out = TensorType(dtype, shape=self.promised(self.imshp, shape))()
        inputs = [pt.cast(one, dtype) for one in (kern, topgrad)]
        return Apply(self, [*inputs, *lengths], [out])

    def perform(self, node, inputs, output_storage):
        kernel, top, *lengths = inputs
        self.check_shape("kernel", kernel.shape, self.kshp)
        n, groups = self.convdim, self.num_groups
        channels = kernel.shape[-1 - n]
        image_shape = (len(top), channels * groups, *(int(one) for one in lengths))
        self.check_shape("image", image_shape, self.imshp)
        patches = self.patches(image_shape, kernel.shape[-n:])
        self.check_top(top, patches)
        pads = self.pads(kernel.shape[-n:])
        padded = [length + sum(pad) for length, pad in zip(image_shape[2:], pads, strict=True)]
        images = conv_columns.grad_inputs(
            self.as_blocks(kernel),
            np.ascontiguousarray(self.split(top)).reshape(len(top), groups, -1, prod(patches.out)),
            (len(top), groups, channels, *padded),
            patches,
        ).reshape(len(top), -1, *padded)
        inner = [slice(pad[0], whole - pad[1]) for pad, whole in zip(pads, padded, strict=True)]
        output_storage[0][0] = np.ascontiguousarray(images[(..., *inner)])

    def infer_shape(self, *args):
        node, (kernel, top, *_) = args[-2:]
        channels = kernel[-1 - self.convdim]
        if self.num_groups > 1:
            channels = channels * self.num_groups
        return [(top[0], channels, *node.inputs[2:])]

    def connection_pattern(self, node):
        return [[True], [True], *[[False]] * self.convdim]

    def pullback(self, inputs, outputs, cotangents):
        (kern, top, *lengths), (img,) = inputs, cotangents
        n = self.convdim
        at_kernel = self.with_same_layout(_GRAD_WEIGHTS[n])(img, top, _lengths(kern, n))
        at_top = self.with_same_layout(_FORWARD[n])(img, kern)
        return [
            _like(at_kernel, kern),
            _like(at_top, top),
            *(disconnected_type() for _ in lengths),
        ]


def _over(kind, convdim):
    """A class of Ops over a number of axes, with the arguments in Theano's order."""
    ones = (1,) * convdim
    name = kind.__name__.replace("AbstractConv", f"AbstractConv{convdim}d")

    if convdim == 2:

        def __init__(
            self,
            imshp=None,
            kshp=None,
            border_mode="valid",
            subsample=ones,
            filter_flip=True,
            filter_dilation=ones,
            num_groups=1,
            unshared=False,
        ):
            given = (subsample, filter_flip, filter_dilation, num_groups, unshared)
            kind.__init__(self, 2, imshp, kshp, border_mode, *given)

    else:

        def __init__(
            self,
            imshp=None,
            kshp=None,
            border_mode="valid",
            subsample=ones,
            filter_flip=True,
            filter_dilation=ones,
            num_groups=1,
        ):
            given = (subsample, filter_flip, filter_dilation, num_groups)
            kind.__init__(self, 3, imshp, kshp, border_mode, *given)

    body = {"__init__": __init__, "__doc__": kind.__doc__, "__module__": __name__}
    return type(name, (kind,), body)


AbstractConv2d = _over(AbstractConv, 2)
AbstractConv3d = _over(AbstractConv, 3)
AbstractConv2d_gradWeights = _over(AbstractConv_gradWeights, 2)
AbstractConv3d_gradWeights = _over(AbstractConv_gradWeights, 3)
AbstractConv2d_gradInputs = _over(AbstractConv_gradInputs, 2)
AbstractConv3d_gradInputs = _over(AbstractConv_gradInputs, 3)

_FORWARD = {2: AbstractConv2d, 3: AbstractConv3d}
_GRAD_WEIGHTS = {2: AbstractConv2d_gradWeights, 3: AbstractConv3d_gradWeights}
_GRAD_INPUTS = {2: AbstractConv2d_gradInputs, 3: AbstractConv3d_gradInputs}


def _constants(scalars):
    return [int(one.data) if isinstance(one, Constant) else None for one in scalars]


def _scalars(shape, count):
    """The last lengths of a shape, each as a variable."""
    return [pt.as_tensor(shape[at]) for at in range(count)]


def _lengths(tensor, count):
    return [tensor.shape[at] for at in range(tensor.type.ndim - count, tensor.type.ndim)]


def _like(gradient, variable):
    """A gradient with what is known of the shape of its variable."""
    shape = variable.type.shape
    return pt.specify_shape(gradient, shape) if any(one == 1 for one in shape) else gradient
