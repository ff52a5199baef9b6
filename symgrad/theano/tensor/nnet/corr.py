"""Correlations by their Ops (``theano.tensor.nnet.corr``): filters are not flipped."""

from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet.conv_ops import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
)
from symgrad.theano.tensor.nnet.conv_shapes import (
    get_conv_gradinputs_shape,
    get_conv_gradweights_shape,
)


class BaseCorrMM:
    """The layout of a correlation of images."""

    spatial = 2

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

    def _made(self, kind):
        layout = (self.border_mode, self.subsample, False, self.filter_dilation, self.num_groups)
        return kind(None, None, *layout, self.unshared)

    def _shape(self, function, first, second, shape):
        """The lengths that are asked for; if none are, those without subsampling."""
        if shape is not None:
            return shape
        if set(self.subsample) != {1} or self.border_mode == "half":
            raise ValueError("shape must be given: subsampling and half borders do not tell it")
        layout = (self.border_mode, self.subsample, self.filter_dilation)
        first, second = ([x.shape[k] for k in range(x.ndim)] for x in (first, second))
        return function(first, second, *layout)[-self.spatial :]


class CorrMM(BaseCorrMM):
    """``CorrMM(border_mode, subsample, ...)(img, kern)``."""

    def __call__(self, img, kern):
        return self._made(AbstractConv2d)(img, kern)


class CorrMM_gradWeights(BaseCorrMM):
    """The gradient at the filters; `shape` is of these, the last two lengths."""

    def __call__(self, img, topgrad, shape=None):
        shape = self._shape(get_conv_gradweights_shape, img, topgrad, shape)
        return self._made(AbstractConv2d_gradWeights)(img, topgrad, shape)


class CorrMM_gradInputs(BaseCorrMM):
    """The gradient at the images; `shape` is of these, the last two lengths."""

    def __call__(self, kern, topgrad, shape=None):
        shape = self._shape(get_conv_gradinputs_shape, kern, topgrad, shape)
        return self._made(AbstractConv2d_gradInputs)(kern, topgrad, shape)


__getattr__ = forward("theano.tensor.nnet.corr")
