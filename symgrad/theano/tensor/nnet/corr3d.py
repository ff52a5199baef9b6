"""Correlations of volumes by their Ops (``theano.tensor.nnet.corr3d``)."""

from symgrad.spatial.convolution.shapes import infer_image_shape, infer_kernel_shape
from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet import corr
from symgrad.theano.tensor.nnet.abstract_conv_ops import (
    AbstractConv3d,
    AbstractConv3d_gradInputs,
    AbstractConv3d_gradWeights,
)


class BaseCorr3dMM(corr.BaseCorrMM):
    """The layout of a correlation of volumes."""

    n_axes = 3

    def __init__(
        self,
        border_mode="valid",
        subsample=(1, 1, 1),
        filter_dilation=(1, 1, 1),
        openmp=None,
        num_groups=1,
    ):
        super().__init__(border_mode, subsample, filter_dilation, num_groups)

    def _op(self, op_type):
        layout = (self.border_mode, self.subsample, False, self.filter_dilation, self.num_groups)
        return op_type(None, None, *layout)


class Corr3dMM(BaseCorr3dMM):
    """``Corr3dMM(border_mode, subsample, ...)(img, kern)``."""

    def __call__(self, img, kern):
        return self._op(AbstractConv3d)(img, kern)


class Corr3dMM_gradWeights(BaseCorr3dMM):
    """The gradient at the filters, whose last three lengths are `shape`."""

    def __call__(self, img, topgrad, shape=None):
        shape = self._lengths(infer_kernel_shape, img, topgrad, shape)
        return self._op(AbstractConv3d_gradWeights)(img, topgrad, shape)


class Corr3dMM_gradInputs(BaseCorr3dMM):
    """The gradient at the volumes, whose last three lengths are `shape`."""

    def __call__(self, kern, topgrad, shape=None):
        shape = self._lengths(infer_image_shape, kern, topgrad, shape)
        return self._op(AbstractConv3d_gradInputs)(kern, topgrad, shape)


__getattr__ = forward("theano.tensor.nnet.corr3d")
