"""``theano.tensor.opt``: rewrites of graphs of tensors."""

from pytensor.raise_op import Assert as Assert
from pytensor.raise_op import assert_op as assert_op
from pytensor.tensor.rewriting.basic import register_canonicalize as register_canonicalize
from pytensor.tensor.rewriting.basic import register_specialize as register_specialize
from pytensor.tensor.rewriting.basic import register_stabilize as register_stabilize

from symgrad.theano.names import forward

assert_ = assert_op
RENAMED = {
    "Canonizer": "AlgebraicCanonizer",
    "local_canonicalize_alloc": "local_canonicalize_alloc",
    "FusionOptimizer": "FusionOptimizer",
    "in2out": "in2out",
}

__getattr__ = forward(
    "theano.tensor.opt",
    "pytensor.tensor.rewriting.basic",
    "pytensor.tensor.rewriting.math",
    "pytensor.tensor.rewriting.elemwise",
    "pytensor.tensor.rewriting.shape",
    "pytensor.tensor.rewriting.subtensor",
    "pytensor.graph.rewriting.basic",
    "pytensor.tensor",
    renamed=RENAMED,
)
