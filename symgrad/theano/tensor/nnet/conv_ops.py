"""The convolution of a batch of images with kernels, and its two gradients, as Ops.

All three are linear in each of their arguments, and each is the gradient of the other two.
"""

from math import prod

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Constant
from pytensor.link.c.op import COp
from pytensor.scalar import upcast
from pytensor.tensor.type import TensorType

from symgrad.theano.tensor.nnet import conv_code, conv_columns
from symgrad.theano.tensor.nnet.conv_shapes import border_mode_to_pad, get_conv_output_shape

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
        """Raise if a tensor does not have the shape that was promised."""
        if any(one is not None and one != found for one, found in zip(given, shape, strict=True)):
            raise AssertionError(f"the shape of the {what} is {shape}, but {given} was given")

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
        return (1,)

    def _trailing(self, inputs):
        return [inputs[2:]] if len(inputs) > 2 else []


class AbstractConv(BaseAbstractConv):
    """``(image, kernel) -> output``."""

    direction = "forward"

    def make_node(self, img, kern):
        img, kern = pt.as_tensor(img), pt.as_tensor(kern)
        self.check_ndim(img, kern)
        shape = get_conv_output_shape(
            _known(self.imshp, img),
            _known(self.kshp, kern),
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
        lengths = _scalars(shape, self.convdim, self.kshp)
        channels = _known(self.imshp, img)[1]
        channels = None if channels is None else channels // self.num_groups
        positions = topgrad.type.shape[2:] if self.unshared else ()
        shape = (topgrad.type.shape[1], *positions, channels, *_constants(lengths))
        dtype = upcast(img.type.dtype, topgrad.type.dtype)
        out = TensorType(dtype, shape=_known(self.kshp, shape))()
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
        lengths = _scalars(shape, self.convdim, self.imshp)
        channels = _known(self.kshp, kern)[-1 - self.convdim]
        channels = None if channels is None else channels * self.num_groups
        shape = (topgrad.type.shape[0], channels, *_constants(lengths))
        dtype = upcast(kern.type.dtype, topgrad.type.dtype)
        out = TensorType(dtype, shape=_known(self.imshp, shape))()
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


def _known(promised, found):
    """A promised shape, and the static shape of a tensor where nothing was promised."""
    found = getattr(getattr(found, "type", None), "shape", found)
    return tuple(there if one is None else one for one, there in zip(promised, found, strict=True))


def _constants(scalars):
    return [int(one.data) if isinstance(one, Constant) else None for one in scalars]


def _scalars(shape, count, promised):
    """The last lengths of a shape, each as a variable; constant where the shape was promised."""
    if getattr(shape, "ndim", None) == 1:
        shape = [shape[at] for at in range(count)]
    known = promised[-count:]
    return [
        pt.as_tensor(one if length is None else np.int64(length))
        for one, length in zip(shape, known, strict=True)
    ]


def _lengths(tensor, count):
    return [tensor.shape[at] for at in range(tensor.type.ndim - count, tensor.type.ndim)]


def _like(gradient, variable):
    """A gradient with what is known of the shape of its variable."""
    shape = variable.type.shape
    return pt.specify_shape(gradient, shape) if any(one == 1 for one in shape) else gradient
