"""``theano.tensor``: tensors."""

# Some of these modules are rows of a table; names of Theano replace PyTensor's.
# mypy: disable-error-code="attr-defined, assignment, no-redef"

import sys as _sys
from types import ModuleType as _ModuleType

from pytensor.tensor import *  # noqa: F403
from pytensor.tensor.variable import TensorConstant

from symgrad.theano import compile, gof
from symgrad.theano.compile.ops import SpecifyShape, specify_shape
from symgrad.theano.gof import Op, Type
from symgrad.theano.names import forward
from symgrad.theano.tensor import (
    basic,
    elemwise,
    extra_ops,
    nlinalg,
    opt,
    sharedvar,
    slinalg,
    subtensor,
    type,
    xlogx,
)
from symgrad.theano.tensor.basic import *  # noqa: F403
from symgrad.theano.tensor.extra_ops import repeat, squeeze, unravel_index
from symgrad.theano.tensor.sort import argsort, argtopk, sort, topk, topk_and_argtopk
from symgrad.theano.tensor.subtensor import (
    AdvancedIncSubtensor1,
    AdvancedSubtensor1,
    advanced_inc_subtensor1,
    advanced_set_subtensor1,
    advanced_subtensor1,
    take,
)

# A module and a function have this name: a later import of the module must not hide the function.
import symgrad.theano.tensor.var as _variables  # isort: skip
from pytensor.tensor import var  # isort: skip

# After these, because they need what is above.
from symgrad.theano.printing import pprint  # isort: skip
from symgrad.theano.gradient import (  # isort: skip
    Lop,
    Rop,
    consider_constant,
    grad,
    hessian,
    jacobian,
    numeric_grad,
    verify_grad,
)
from symgrad.theano.tensor import nnet, signal  # isort: skip

theano = _sys.modules["symgrad.theano"]  # a star brings it, as in Theano

# The star brought modules of PyTensor, which would hide those of Theano.
for _name in [name for name, value in globals().items() if isinstance(value, _ModuleType)]:
    if globals()[_name].__name__.startswith("pytensor."):
        del globals()[_name]

__getattr__ = forward(
    "theano.tensor",
    "symgrad.theano.tensor.basic",
    "symgrad.theano.tensor.subtensor",
    "symgrad.theano.gof.utils",
    "pytensor.raise_op",
)
