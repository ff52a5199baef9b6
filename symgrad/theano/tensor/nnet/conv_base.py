"""What a convolution and its gradients share: where the kernels lie on the images."""

from math import prod

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Constant
from pytensor.link.c.op import COp
from pytensor.raise_op import assert_op

from symgrad.theano.configparser import config
from symgrad.theano.tensor.nnet import conv_code, conv_columns
from symgrad.theano.tensor.nnet.conv_shapes import border_mode_to_pad, get_conv_output_shape

__all__ = ["BaseAbstractConv"]


class BaseAbstractConv(COp):
    """What the convolution and its gradients share: where the kernel is laid on the image."""

    __props__ = (
        "convdim",
        "border_mode",
        "subsample",
        "filter_flip",
        "imshp",
        "kshp",
        "filter_dilation",
        "num_groups",
        "unshared",
    )

    checks_shapes = False  # whether tensors must have the shapes that were given

    def __init__(
        self,
        convdim,
        imshp=None,
        kshp=None,
        border_mode="valid",
        subsample=None,
        filter_flip=True,
        filter_dilation=None,
        num_groups=1,
        unshared=False,
    ):
        from symgrad.theano.tensor.nnet.conv_jit import register_backends

        if convdim not in (2, 3):
            raise ValueError(f"convolution over {convdim} axes: only 2 and 3 are supported")
        if unshared and convdim != 2:
            raise NotImplementedError(f"unshared convolution over {convdim} axes")
        if num_groups < 1:
            raise ValueError(f"num_groups is {num_groups}: give 1 or more")
        self.convdim = convdim
        self.subsample = self._per_axis("subsample", subsample)
        self.filter_dilation = self._per_axis("filter_dilation", filter_dilation)
        self.border_mode = _border_mode(border_mode, convdim)
        self.filter_flip = bool(filter_flip)
        self.num_groups = int(num_groups)
        self.unshared = bool(unshared)
        self.imshp = _known_shape("imshp", imshp, 2 + convdim)
        self.kshp = _known_shape("kshp", kshp, 2 + convdim * (2 if unshared else 1))
        register_backends()

    def _per_axis(self, name, given):
        given = (1,) * self.convdim if given is None else tuple(int(one) for one in given)
        if len(given) != self.convdim:
            raise ValueError(f"{name} must have {self.convdim} elements, not {given}")
        return given

    def with_same_layout(self, kind):
        """An Op of another kind, with the properties of this one."""
        op = kind.__new__(kind)
        op.__dict__.update({name: getattr(self, name) for name in self.__props__})
        return op

    def check_ndim(self, image=None, kernel=None):
        """Raise for tensors of a wrong number of dimensions."""
        if image is not None and image.type.ndim != 2 + self.convdim:
            raise TypeError(f"the image must be a {2 + self.convdim}D tensor, not {image.type}")
        if kernel is not None and kernel.type.ndim != len(self.kshp):
            raise TypeError(f"the kernel must be a {len(self.kshp)}D tensor, not {kernel.type}")

    def check_shape(self, what, shape, given):
        """Raise if a tensor must have the shape that was promised, and does not."""
        if self.promised(given, shape) != tuple(shape):
            raise ValueError(f"the shape of the {what} is {shape}, but {given} was given")

    def promised(self, given, shape):
        """A shape with what is known for certain from the one that was given."""
        if not self.checks_shapes:
            return tuple(shape)
        return tuple(there if one is None else one for one, there in zip(given, shape, strict=True))

    def asserted(self, tensor, given):
        """A tensor that has the shape that was given, if ``config.conv.assert_shape``."""
        if not config.conv.assert_shape:
            return tensor
        known = [(at, length) for at, length in enumerate(given) if length is not None]
        return assert_op(tensor, *(pt.eq(tensor.shape[at], length) for at, length in known))

    def pads(self, kernel_lengths):
        """The zeros before and after each axis of the image."""
        dilated = [
            (length - 1) * each + 1
            for length, each in zip(kernel_lengths, self.filter_dilation, strict=True)
        ]
        return border_mode_to_pad(self.border_mode, self.convdim, dilated)

    def patches(self, image_shape, kernel_lengths):
        """Where a kernel lies in an image that was padded."""
        out = get_conv_output_shape(
            image_shape,
            (None, *kernel_lengths),
            self.border_mode,
            self.subsample,
            self.filter_dilation,
        )[2:]
        if any(length < 0 for length in out):
            raise ValueError(
                f"the kernel of lengths {tuple(kernel_lengths)} does not fit in the image of shape "
                f"{tuple(image_shape)} with border_mode {self.border_mode!r}"
            )
        return conv_columns.Patches(
            tuple(kernel_lengths), tuple(out), self.subsample, self.filter_dilation
        )

    def split(self, tensor):
        """Images or outputs: the channels into groups."""
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
        return self.split(image)

    def flipped(self, kernel):
        """Kernels as they lie on the image."""
        return (
            kernel[(..., *(slice(None, None, -1),) * self.convdim)] if self.filter_flip else kernel
        )

    def as_blocks(self, kernel):
        """Kernels as `conv_columns` wants them."""
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

    def from_blocks(self, blocks, channels, patches):
        """The inverse of `as_blocks`."""
        kernel = blocks.reshape(-1, *blocks.shape[2:])
        if self.unshared:
            kernel = kernel.swapaxes(1, 2).reshape(
                len(kernel), *patches.out, channels, *patches.kernel
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

    def check_top(self, top, patches):
        """Raise if the gradient at the output has another shape than the output."""
        if tuple(top.shape[2:]) != patches.out:
            raise ValueError(
                f"the image and the kernel make outputs of lengths {patches.out}, but the gradient "
                f"given for the output has the shape {top.shape}"
            )

    def pushforward(self, inputs, outputs, tangents):
        terms = []
        for at, tangent in enumerate(tangents[:2]):
            if not isinstance(tangent.type, DisconnectedType):
                moved = [tangent if k == at else one for k, one in enumerate(inputs)]
                terms.append(self.make_node(*moved[:2], *self._trailing(inputs)).outputs[0])
        return [sum(terms[1:], terms[0]) if terms else disconnected_type()]

    def c_support_code(self, **kwargs):
        return conv_code.SUPPORT

    def c_code(self, node, name, inputs, outputs, sub):
        return conv_code.c_code(self, node, inputs, outputs, sub)

    def c_code_cache_version(self):
        return (3,)

    def _trailing(self, inputs):
        return [inputs[2:]] if len(inputs) > 2 else []


def _border_mode(mode, convdim):
    """Theano's border_mode, checked and in one form."""
    if isinstance(mode, (int, np.integer)):
        mode = (int(mode),) * convdim
    border_mode_to_pad(mode, convdim, (1,) * convdim)  # raises for what is none
    if isinstance(mode, str):
        return mode
    if convdim == 3 and any(isinstance(one, tuple) for one in mode):
        raise NotImplementedError("pads that differ before and after an axis, over 3 axes")
    mode = tuple(one[0] if isinstance(one, tuple) and one[0] == one[1] else one for one in mode)
    return "valid" if all(one == 0 for one in mode) else mode


def _known_shape(name, shape, ndim):
    """A promised shape as integers and None."""
    if not shape:
        return (None,) * ndim
    try:
        known = [one.data if isinstance(one, Constant) else one for one in shape]
        return tuple(None if one is None else int(one) for one in known)
    except TypeError as error:
        raise ValueError(f"{name} is {shape}: give a tuple of constant integers or None") from error
