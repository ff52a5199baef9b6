"""``theano.scalar``: Ops on numbers, and rules for combining dtypes."""

import pytensor.scalar as ps

from symgrad.theano.gof.op import OldStyle
from symgrad.theano.gof.op import Op as Op
from symgrad.theano.names import forward
from symgrad.theano.printing import pprint as pprint


class ScalarOp(OldStyle, ps.ScalarOp):
    """An Op on numbers, whose gradient may be written as ``grad``."""


class UnaryScalarOp(OldStyle, ps.UnaryScalarOp):
    """An Op on one number, whose gradient may be written as ``grad``."""


class BinaryScalarOp(OldStyle, ps.BinaryScalarOp):
    """An Op on two numbers, whose gradient may be written as ``grad``."""


RENAMED = {
    "abs_": "abs",
    "sgn": "sign",
    "Sgn": "Sign",
    "inv": "reciprocal",
    "Inv": "Reciprocal",
    "Scalar": "ScalarType",
}

__getattr__ = forward("theano.scalar", "pytensor.scalar", "pytensor.scalar.basic", renamed=RENAMED)
