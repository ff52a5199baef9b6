"""``theano.scalar``: Ops on numbers, and how dtypes combine."""

import pytensor.scalar as ps

from symgrad.theano.gof.op import OldStyle
from symgrad.theano.gof.op import Op as Op
from symgrad.theano.names import forward
from symgrad.theano.printing import pprint as pprint


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
