"""``theano.scalar``: Ops on numbers, and how dtypes combine."""

import pytensor.scalar as ps

from symgrad.theano.gof.op import OldStyle
from symgrad.theano.names import forward

__all__ = ["BinaryScalarOp", "ScalarOp", "UnaryScalarOp"]


class ScalarOp(OldStyle, ps.ScalarOp):
    """An Op on numbers; the gradient may be written as ``grad``."""


class UnaryScalarOp(OldStyle, ps.UnaryScalarOp):
    """An Op on one number; the gradient may be written as ``grad``."""


class BinaryScalarOp(OldStyle, ps.BinaryScalarOp):
    """An Op on two numbers; the gradient may be written as ``grad``."""


RENAMED = {
    "abs_": "abs",
    "sgn": "sign",
    "Sgn": "Sign",
    "inv": "reciprocal",
    "Inv": "Reciprocal",
    "Scalar": "ScalarType",
}

__getattr__ = forward("theano.scalar", "pytensor.scalar", "pytensor.scalar.basic", renamed=RENAMED)
