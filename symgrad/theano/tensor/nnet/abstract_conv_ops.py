"""The convolution Ops under Theano's names, with its signatures and attributes."""

import pytensor.tensor as pt
from pytensor.raise_op import assert_op

from symgrad.spatial.convolution.layout import ConvolutionOp, Family
from symgrad.spatial.convolution.ops import Convolution, ImageGradient, KernelGradient
from symgrad.theano.configparser import config

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


class BaseAbstractConv(ConvolutionOp):
    """What the convolution and its gradients share: where the kernel is laid on the image."""

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
        layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared)
        super().__init__(convdim, imshp, kshp, *layout)

    @property
    def convdim(self):
        return self.n_axes

    @property
    def imshp(self):
        return self.image_shape

    @property
    def kshp(self):
        return self.kernel_shape


class AbstractConv(BaseAbstractConv, Convolution):
    """``(image, kernel) -> output``."""

    def make_node(self, img, kern):
        return super().make_node(
            _with_asserted_shape(img, self.imshp), _with_asserted_shape(kern, self.kshp)
        )


class AbstractConv_gradWeights(BaseAbstractConv, KernelGradient):
    """``(image, gradient at the output, lengths of the kernel) -> gradient at the kernel``."""

    def make_node(self, img, topgrad, shape, add_assert_shape=True):
        img = _with_asserted_shape(img, self.imshp) if add_assert_shape else img
        return super().make_node(img, topgrad, shape)


class AbstractConv_gradInputs(BaseAbstractConv, ImageGradient):
    """``(kernel, gradient at the output, lengths of the image) -> gradient at the image``."""

    def make_node(self, kern, topgrad, shape, add_assert_shape=True):
        kern = _with_asserted_shape(kern, self.kshp) if add_assert_shape else kern
        return super().make_node(kern, topgrad, shape)


BaseAbstractConv.family = Family(AbstractConv, AbstractConv_gradWeights, AbstractConv_gradInputs)


def _with_asserted_shape(tensor, shape):
    """A tensor that has the shape that was given, if ``config.conv.assert_shape``."""
    tensor = pt.as_tensor(tensor)
    known = [(axis, length) for axis, length in enumerate(shape) if length is not None]
    if not config.conv.assert_shape or tensor.type.ndim != len(shape):
        return tensor
    return assert_op(tensor, *(pt.eq(tensor.shape[axis], length) for axis, length in known))


class _Over2Axes(BaseAbstractConv):
    def __init__(
        self,
        imshp=None,
        kshp=None,
        border_mode="valid",
        subsample=(1, 1),
        filter_flip=True,
        filter_dilation=(1, 1),
        num_groups=1,
        unshared=False,
    ):
        layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared)
        super().__init__(2, imshp, kshp, *layout)


class AbstractConv2d(_Over2Axes, AbstractConv):
    """``(image, kernel) -> output``."""


class AbstractConv2d_gradWeights(_Over2Axes, AbstractConv_gradWeights):
    """``(image, gradient at the output, lengths of the kernel) -> gradient at the kernel``."""


class AbstractConv2d_gradInputs(_Over2Axes, AbstractConv_gradInputs):
    """``(kernel, gradient at the output, lengths of the image) -> gradient at the image``."""


_Over2Axes.family = Family(AbstractConv2d, AbstractConv2d_gradWeights, AbstractConv2d_gradInputs)


class _Over3Axes(BaseAbstractConv):
    def __init__(
        self,
        imshp=None,
        kshp=None,
        border_mode="valid",
        subsample=(1, 1, 1),
        filter_flip=True,
        filter_dilation=(1, 1, 1),
        num_groups=1,
    ):
        layout = (border_mode, subsample, filter_flip, filter_dilation, num_groups)
        super().__init__(3, imshp, kshp, *layout)


class AbstractConv3d(_Over3Axes, AbstractConv):
    """``(volume, kernel) -> output``."""


class AbstractConv3d_gradWeights(_Over3Axes, AbstractConv_gradWeights):
    """``(volume, gradient at the output, lengths of the kernel) -> gradient at the kernel``."""


class AbstractConv3d_gradInputs(_Over3Axes, AbstractConv_gradInputs):
    """``(kernel, gradient at the output, lengths of the volume) -> gradient at the volume``."""


_Over3Axes.family = Family(AbstractConv3d, AbstractConv3d_gradWeights, AbstractConv3d_gradInputs)
