"""``theano.tensor.nnet.opt``: how convolutions are computed is decided by their Ops."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.tensor.nnet.opt",
    "symgrad.theano.tensor.nnet.abstract_conv",
    "symgrad.theano.tensor.nnet.corr",
    "symgrad.theano.tensor.nnet.corr3d",
    "symgrad.theano.tensor.nnet.blocksparse",
)
