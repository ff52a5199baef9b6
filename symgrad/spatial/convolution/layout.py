"""What a convolution and its gradients share: where the kernels lie on the images."""

from math import prod
from typing import NamedTuple

import numpy as np
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Constant
from pytensor.link.c.op import COp

from symgrad.spatial.convolution import c_code
from symgrad.spatial.convolution.columns import Patches
from symgrad.spatial.convolution.shapes import border_pads, infer_output_shape

__all__ = ["ConvolutionOp", "Family"]


class Family(NamedTuple):
    """A convolution and its two gradients: the gradients of each are the two others."""

    convolution: type
    kernel_gradient: type
    image_gradient: type


class ConvolutionOp(COp):
    """The base class of the convolution and its gradients.

    Parameters
    ----------
    n_axes : int
        2 for images, 3 for volumes.
    image_shape, kernel_shape : tuple of int and None
        Lengths that are promised.
    border_mode : 'valid', 'full', 'half', int, or a tuple of integers and pairs of integers
        The zeros around an image.
    subsample, filter_dilation : tuple of int
    filter_flip : bool
        False correlates: the kernel is laid on the image as it is.
    num_groups : int
        Channels and outputs are divided into groups that do not see each other.
    unshared : bool
        Each position has a kernel of its own.
    """

    __props__ = (
        "n_axes",
        "border_mode",
        "subsample",
        "filter_flip",
        "image_shape",
        "kernel_shape",
        "filter_dilation",
        "num_groups",
        "unshared",
    )

    requires_shapes = False  # whether tensors must have the shapes that are promised
    family: Family

    def __init__(
        self,
        n_axes,
        image_shape=None,
        kernel_shape=None,
        border_mode="valid",
        subsample=None,
        filter_flip=True,
        filter_dilation=None,
        num_groups=1,
        unshared=False,
    ):
        if n_axes not in (2, 3):
            raise ValueError(f"convolution over {n_axes} axes: only 2 and 3 are supported")
        if unshared and n_axes != 2:
            raise NotImplementedError(f"unshared convolution over {n_axes} axes")
        if num_groups < 1:
            raise ValueError(f"num_groups is {num_groups}: give 1 or more")
        self.n_axes = n_axes
        self.subsample = self._per_axis("subsample", subsample)
        self.filter_dilation = self._per_axis("filter_dilation", filter_dilation)
        self.border_mode = _normal_border_mode(border_mode, n_axes)
        self.filter_flip = bool(filter_flip)
        self.num_groups = int(num_groups)
        self.unshared = bool(unshared)
        self.image_shape = _known_shape("the shape of the image", image_shape, 2 + n_axes)
        kernel_ndim = 2 + n_axes * (2 if unshared else 1)
        self.kernel_shape = _known_shape("the shape of the kernel", kernel_shape, kernel_ndim)

    def _per_axis(self, name, values):
        values = (1,) * self.n_axes if values is None else tuple(int(value) for value in values)
        if len(values) != self.n_axes:
            raise ValueError(f"{name} must have {self.n_axes} elements, not {values}")
        return values

    def with_same_layout(self, op_type):
        """An Op of another type, with the properties of this one."""
        op = op_type.__new__(op_type)
        op.__dict__.update({name: getattr(self, name) for name in self.__props__})
        return op

    def check_ndim(self, image=None, kernel=None):
        """Raise if a tensor has a wrong number of dimensions."""
        if image is not None and image.type.ndim != 2 + self.n_axes:
            raise TypeError(f"the image must be a {2 + self.n_axes}D tensor, not {image.type}")
        if kernel is not None and kernel.type.ndim != len(self.kernel_shape):
            ndim = len(self.kernel_shape)
            raise TypeError(f"the kernel must be a {ndim}D tensor, not {kernel.type}")

    def check_shape(self, name, shape, promised):
        """Raise if a tensor does not have the shape that it must have."""
        if self.certain_shape(promised, shape) != tuple(shape):
            raise ValueError(f"the shape of the {name} is {shape}, but {promised} was given")

    def certain_shape(self, promised, shape):
        """A shape with those promised lengths that tensors must have."""
        if not self.requires_shapes:
            return tuple(shape)
        return tuple(
            length if given is None else given
            for given, length in zip(promised, shape, strict=True)
        )

    def pads(self, kernel_lengths):
        """The zeros before and after each axis of the image."""
        dilated = [
            (length - 1) * dilation + 1
            for length, dilation in zip(kernel_lengths, self.filter_dilation, strict=True)
        ]
        return border_pads(self.border_mode, self.n_axes, dilated)

    def patches(self, image_shape, kernel_lengths):
        """Where a kernel lies in an image that is padded already."""
        output_lengths = infer_output_shape(
            image_shape,
            (None, *kernel_lengths),
            self.border_mode,
            self.subsample,
            self.filter_dilation,
        )[2:]
        if any(length < 0 for length in output_lengths):
            raise ValueError(
                f"the kernel of lengths {tuple(kernel_lengths)} does not fit in the image of shape "
                f"{tuple(image_shape)} with border_mode {self.border_mode!r}"
            )
        return Patches(
            tuple(kernel_lengths), tuple(output_lengths), self.subsample, self.filter_dilation
        )

    def split_groups(self, tensor):
        """Images or outputs, their channels divided into groups."""
        channels = tensor.shape[1]
        if channels % self.num_groups:
            raise ValueError(f"{channels} channels cannot be divided into {self.num_groups} groups")
        return tensor.reshape(
            tensor.shape[0], self.num_groups, channels // self.num_groups, *tensor.shape[2:]
        )

    def padded(self, image, pads):
        """Images with their border, in groups."""
        if any(sum(pad) for pad in pads):
            image = np.pad(image, ((0, 0), (0, 0), *pads))
        return self.split_groups(image)

    def flipped(self, kernel):
        """Kernels as they lie on the image."""
        if not self.filter_flip:
            return kernel
        return kernel[(..., *(slice(None, None, -1),) * self.n_axes)]

    def as_matrices(self, kernel):
        """Kernels in the form of :mod:`~symgrad.spatial.convolution.columns`."""
        kernel = self.flipped(kernel)
        outputs = kernel.shape[0]
        if outputs % self.num_groups:
            raise ValueError(f"{outputs} kernels cannot be divided into {self.num_groups} groups")
        if self.unshared:
            positions = prod(kernel.shape[1:3])
            kernel = kernel.reshape(outputs, positions, prod(kernel.shape[3:])).swapaxes(1, 2)
            return kernel.reshape(self.num_groups, -1, *kernel.shape[1:])
        return np.ascontiguousarray(kernel).reshape(
            self.num_groups, outputs // self.num_groups, prod(kernel.shape[1:])
        )

    def from_matrices(self, matrices, channels, patches):
        """The inverse of `as_matrices`."""
        kernel = matrices.reshape(-1, *matrices.shape[2:])
        if self.unshared:
            kernel = kernel.swapaxes(1, 2).reshape(
                len(kernel), *patches.output, channels, *patches.kernel
            )
        else:
            kernel = kernel.reshape(len(kernel), channels, *patches.kernel)
        return np.ascontiguousarray(self.flipped(kernel))

    def check_channels(self, image_channels, kernel_channels):
        """Raise if kernels are made for another number of channels."""
        if image_channels != kernel_channels * self.num_groups:
            raise ValueError(
                f"the image has {image_channels} channels, but the kernels read "
                f"{kernel_channels} in each of {self.num_groups} groups"
            )

    def check_output_gradient(self, gradient, patches):
        """Raise if the gradient at the output does not have the shape of the output."""
        if tuple(gradient.shape[2:]) != patches.output:
            raise ValueError(
                f"the image and the kernel make outputs of lengths {patches.output}, but the "
                f"gradient given for the output has the shape {gradient.shape}"
            )

    def pushforward(self, inputs, outputs, tangents):
        terms = []
        for position, tangent in enumerate(tangents[:2]):
            if not isinstance(tangent.type, DisconnectedType):
                tensors = list(inputs[:2])
                tensors[position] = tangent
                lengths = [inputs[2:]] if len(inputs) > 2 else []
                terms.append(self.make_node(*tensors, *lengths).outputs[0])
        return [sum(terms[1:], terms[0]) if terms else disconnected_type()]

    def c_support_code(self, **kwargs):
        return c_code.SUPPORT

    def c_code(self, node, name, inputs, outputs, sub):
        return c_code.c_code(self, node, inputs, outputs, sub)

    def c_code_cache_version(self):
        return (3,)


def _normal_border_mode(mode, n_axes):
    """A border_mode, checked and in one form."""
    if isinstance(mode, (int, np.integer)):
        mode = (int(mode),) * n_axes
    border_pads(mode, n_axes, (1,) * n_axes)  # raises if it is not a border_mode
    if isinstance(mode, str):
        return mode
    if n_axes == 3 and any(isinstance(pad, tuple) for pad in mode):
        raise NotImplementedError("pads that differ before and after an axis, over 3 axes")
    mode = tuple(pad[0] if isinstance(pad, tuple) and pad[0] == pad[1] else pad for pad in mode)
    return "valid" if all(pad == 0 for pad in mode) else mode


def _known_shape(name, shape, ndim):
    """A promised shape as integers and None."""
    if not shape:
        return (None,) * ndim
    try:
        known = [length.data if isinstance(length, Constant) else length for length in shape]
        return tuple(None if length is None else int(length) for length in known)
    except TypeError as error:
        raise ValueError(f"{name} is {shape}: give a tuple of constant integers or None") from error
