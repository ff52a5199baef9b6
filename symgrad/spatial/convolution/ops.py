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

from symgrad.spatial.convolution import columns
from symgrad.spatial.convolution.layout import ConvolutionOp, Family
from symgrad.spatial.convolution.shapes import infer_output_shape

__all__ = ["Convolution", "ImageGradient", "KernelGradient"]


class Convolution(ConvolutionOp):
    """``(image, kernel) -> output``."""

    direction = "output"

    def make_node(self, image, kernel):
        image, kernel = pt.as_tensor(image), pt.as_tensor(kernel)
        self.check_ndim(image, kernel)
        shape = infer_output_shape(
            self.certain_shape(self.image_shape, image.type.shape),
            self.certain_shape(self.kernel_shape, kernel.type.shape),
            self.border_mode,
            self.subsample,
            self.filter_dilation,
        )
        tensors, dtype = _in_one_dtype(image, kernel)
        return Apply(self, tensors, [TensorType(dtype, shape=shape)()])

    def perform(self, node, inputs, output_storage):
        image, kernel = inputs
        self.check_shape("image", image.shape, self.image_shape)
        self.check_shape("kernel", kernel.shape, self.kernel_shape)
        self.check_channels(image.shape[1], kernel.shape[-1 - self.n_axes])
        lengths = kernel.shape[-self.n_axes :]
        patches = self.patches(image.shape, lengths)
        output = columns.correlate(
            self.padded(image, self.pads(lengths)), self.as_matrices(kernel), patches
        )
        output_storage[0][0] = output.reshape(len(image), len(kernel), *patches.output)

    def infer_shape(self, *args):
        image, kernel = args[-1]
        return [
            infer_output_shape(
                image, kernel, self.border_mode, self.subsample, self.filter_dilation
            )
        ]

    def connection_pattern(self, node):
        return [[True], [True]]

    def pullback(self, inputs, outputs, cotangents):
        (image, kernel), (gradient,) = inputs, cotangents
        to_image = self.with_same_layout(self.family.image_gradient)
        to_kernel = self.with_same_layout(self.family.kernel_gradient)
        return [
            _like(to_image(kernel, gradient, _lengths(image, self.n_axes)), image),
            _like(to_kernel(image, gradient, _lengths(kernel, self.n_axes)), kernel),
        ]


class KernelGradient(ConvolutionOp):
    """``(image, gradient at the output, lengths of the kernel) -> gradient at the kernel``."""

    direction = "kernel_gradient"

    def make_node(self, image, gradient, lengths):
        image, gradient = pt.as_tensor(image), pt.as_tensor(gradient)
        self.check_ndim(image)
        self.check_ndim(gradient)
        lengths = _scalars(lengths, self.n_axes)
        channels = self.certain_shape(self.image_shape, image.type.shape)[1]
        channels = None if channels is None else channels // self.num_groups
        positions = gradient.type.shape[2:] if self.unshared else ()
        shape = (gradient.type.shape[1], *positions, channels, *_known(lengths))
        tensors, dtype = _in_one_dtype(image, gradient)
        kernel = TensorType(dtype, shape=self.certain_shape(self.kernel_shape, shape))()
        return Apply(self, [*tensors, *lengths], [kernel])

    def perform(self, node, inputs, output_storage):
        image, gradient, *lengths = inputs
        lengths = [int(length) for length in lengths]
        self.check_shape("image", image.shape, self.image_shape)
        patches = self.patches(image.shape, lengths)
        self.check_output_gradient(gradient, patches)
        matrices = columns.kernel_gradient(
            self.padded(image, self.pads(lengths)),
            _with_flat_positions(self.split_groups(gradient), patches),
            self.unshared,
            patches,
        )
        channels = image.shape[1] // self.num_groups
        output_storage[0][0] = self.from_matrices(matrices, channels, patches)

    def infer_shape(self, *args):
        node, (image, gradient, *_) = args[-2:]
        positions = gradient[2:] if self.unshared else ()
        return [(gradient[1], *positions, image[1] // self.num_groups, *node.inputs[2:])]

    def connection_pattern(self, node):
        return [[True], [True], *[[False]] * self.n_axes]

    def pullback(self, inputs, outputs, cotangents):
        (image, gradient, *lengths), (kernel,) = inputs, cotangents
        to_image = self.with_same_layout(self.family.image_gradient)
        to_output = self.with_same_layout(self.family.convolution)
        return [
            _like(to_image(kernel, gradient, _lengths(image, self.n_axes)), image),
            _like(to_output(image, kernel), gradient),
            *(disconnected_type() for _ in lengths),
        ]


class ImageGradient(ConvolutionOp):
    """``(kernel, gradient at the output, lengths of the image) -> gradient at the image``."""

    direction = "image_gradient"

    def make_node(self, kernel, gradient, lengths):
        kernel, gradient = pt.as_tensor(kernel), pt.as_tensor(gradient)
        self.check_ndim(gradient, kernel)
        lengths = _scalars(lengths, self.n_axes)
        channels = self.certain_shape(self.kernel_shape, kernel.type.shape)[-1 - self.n_axes]
        channels = None if channels is None else channels * self.num_groups
        shape = (gradient.type.shape[0], channels, *_known(lengths))
        tensors, dtype = _in_one_dtype(kernel, gradient)
        image = TensorType(dtype, shape=self.certain_shape(self.image_shape, shape))()
        return Apply(self, [*tensors, *lengths], [image])

    def perform(self, node, inputs, output_storage):
        kernel, gradient, *lengths = inputs
        self.check_shape("kernel", kernel.shape, self.kernel_shape)
        batch, channels = len(gradient), kernel.shape[-1 - self.n_axes]
        lengths = [int(length) for length in lengths]
        image_shape = (batch, channels * self.num_groups, *lengths)
        self.check_shape("image", image_shape, self.image_shape)
        patches = self.patches(image_shape, kernel.shape[-self.n_axes :])
        self.check_output_gradient(gradient, patches)
        pads = self.pads(kernel.shape[-self.n_axes :])
        padded = [length + sum(pad) for length, pad in zip(lengths, pads, strict=True)]
        images = columns.image_gradient(
            self.as_matrices(kernel),
            _with_flat_positions(self.split_groups(gradient), patches),
            (batch, self.num_groups, channels, *padded),
            patches,
        ).reshape(batch, -1, *padded)
        inner = tuple(
            slice(before, before + length)
            for (before, _), length in zip(pads, lengths, strict=True)
        )
        output_storage[0][0] = np.ascontiguousarray(images[(slice(None),) * 2 + inner])

    def infer_shape(self, *args):
        node, (kernel, gradient, *_) = args[-2:]
        channels = kernel[-1 - self.n_axes]
        if self.num_groups > 1:
            channels = channels * self.num_groups
        return [(gradient[0], channels, *node.inputs[2:])]

    def connection_pattern(self, node):
        return [[True], [True], *[[False]] * self.n_axes]

    def pullback(self, inputs, outputs, cotangents):
        (kernel, gradient, *lengths), (image,) = inputs, cotangents
        to_kernel = self.with_same_layout(self.family.kernel_gradient)
        to_output = self.with_same_layout(self.family.convolution)
        return [
            _like(to_kernel(image, gradient, _lengths(kernel, self.n_axes)), kernel),
            _like(to_output(image, kernel), gradient),
            *(disconnected_type() for _ in lengths),
        ]


ConvolutionOp.family = Family(Convolution, KernelGradient, ImageGradient)


def _in_one_dtype(*tensors):
    """The tensors, cast to the dtype that holds all of them, and that dtype."""
    dtype = upcast(*(tensor.type.dtype for tensor in tensors))
    return [pt.cast(tensor, dtype) for tensor in tensors], dtype


def _with_flat_positions(gradient, patches):
    """A gradient at outputs, split in groups, with all positions in its last axis."""
    return np.ascontiguousarray(gradient).reshape(*gradient.shape[:3], prod(patches.output))


def _scalars(lengths, count):
    """Each of the lengths as a variable."""
    return [pt.as_tensor(lengths[axis]) for axis in range(count)]


def _known(lengths):
    return [int(length.data) if isinstance(length, Constant) else None for length in lengths]


def _lengths(tensor, count):
    return [tensor.shape[axis] for axis in range(tensor.type.ndim - count, tensor.type.ndim)]


def _like(gradient, variable):
    """A gradient with what is known of the shape of its variable."""
    shape = variable.type.shape
    return pt.specify_shape(gradient, shape) if any(length == 1 for length in shape) else gradient
