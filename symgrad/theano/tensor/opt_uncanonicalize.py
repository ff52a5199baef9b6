"""``theano.tensor.opt_uncanonicalize``: rewrites for speed."""

from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.tensor.opt_uncanonicalize", "pytensor.tensor.rewriting.uncanonicalize"
)
