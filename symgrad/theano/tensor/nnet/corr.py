"""Correlations by their Ops (``theano.tensor.nnet.corr``): filters are not flipped."""

from symgrad.spatial.convolution.shapes import infer_image_shape, infer_kernel_shape
from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet.abstract_conv_ops import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
)


class BaseCorrMM:
    """The layout of a correlation of images."""

    n_axes = 2

    def __init__(
        self,
        border_mode="valid",
        subsample=(1, 1),
        filter_dilation=(1, 1),
        num_groups=1,
        unshared=False,
        openmp=None,
    ):
        self.border_mode, self.subsample, self.filter_dilation = (
            border_mode,
            tuple(subsample),
            tuple(filter_dilation),
        )
        self.num_groups, self.unshared = num_groups, unshared

    def _op(self, op_type):
        layout = (self.border_mode, self.subsample, False, self.filter_dilation, self.num_groups)
        return op_type(None, None, *layout, self.unshared)

    def _lengths(self, infer_shape, first, second, shape):
        """The lengths that were given, or else those that follow without subsampling."""
        if shape is not None:
            return shape
        if set(self.subsample) != {1} or self.border_mode == "half":
            raise ValueError("shape must be given: it depends on subsample and border_mode")
        layout = (self.border_mode, self.subsample, self.filter_dilation)
        first, second = (tuple(x.shape[axis] for axis in range(x.ndim)) for x in (first, second))
        return infer_shape(first, second, *layout)[-self.n_axes :]


class CorrMM(BaseCorrMM):
    """``CorrMM(border_mode, subsample, ...)(img, kern)``."""

    def __call__(self, img, kern):
        return self._op(AbstractConv2d)(img, kern)


class CorrMM_gradWeights(BaseCorrMM):
    """The gradient at the filters, whose last two lengths are `shape`."""

    def __call__(self, img, topgrad, shape=None):
        shape = self._lengths(infer_kernel_shape, img, topgrad, shape)
        return self._op(AbstractConv2d_gradWeights)(img, topgrad, shape)


class CorrMM_gradInputs(BaseCorrMM):
    """The gradient at the images, whose last two lengths are `shape`."""

    def __call__(self, kern, topgrad, shape=None):
        shape = self._lengths(infer_image_shape, kern, topgrad, shape)
        return self._op(AbstractConv2d_gradInputs)(kern, topgrad, shape)


__getattr__ = forward("theano.tensor.nnet.corr")
