"""``theano.tensor``: tensors."""

from types import ModuleType as _ModuleType

from pytensor.tensor import *  # noqa: F403
from pytensor.tensor.variable import TensorConstant as TensorConstant

from symgrad import theano as theano  # a star brings these three, too
from symgrad.theano import compile as compile
from symgrad.theano import gof as gof
from symgrad.theano.compile.ops import SpecifyShape as SpecifyShape
from symgrad.theano.compile.ops import specify_shape as specify_shape
from symgrad.theano.gof import Op as Op
from symgrad.theano.gof import Type as Type
from symgrad.theano.names import forward
from symgrad.theano.tensor import basic as basic
from symgrad.theano.tensor import elemwise as elemwise
from symgrad.theano.tensor import extra_ops as extra_ops
from symgrad.theano.tensor import nlinalg as nlinalg
from symgrad.theano.tensor import opt as opt
from symgrad.theano.tensor import sharedvar as sharedvar
from symgrad.theano.tensor import slinalg as slinalg
from symgrad.theano.tensor import subtensor as subtensor
from symgrad.theano.tensor import type as type
from symgrad.theano.tensor import xlogx as xlogx
from symgrad.theano.tensor.basic import *  # noqa: F403
from symgrad.theano.tensor.extra_ops import repeat as repeat
from symgrad.theano.tensor.extra_ops import squeeze as squeeze
from symgrad.theano.tensor.extra_ops import unravel_index as unravel_index
from symgrad.theano.tensor.sort import argsort as argsort
from symgrad.theano.tensor.sort import argtopk as argtopk
from symgrad.theano.tensor.sort import sort as sort
from symgrad.theano.tensor.sort import topk as topk
from symgrad.theano.tensor.sort import topk_and_argtopk as topk_and_argtopk
from symgrad.theano.tensor.subtensor import AdvancedIncSubtensor1 as AdvancedIncSubtensor1
from symgrad.theano.tensor.subtensor import AdvancedSubtensor1 as AdvancedSubtensor1
from symgrad.theano.tensor.subtensor import advanced_inc_subtensor1 as advanced_inc_subtensor1
from symgrad.theano.tensor.subtensor import advanced_set_subtensor1 as advanced_set_subtensor1
from symgrad.theano.tensor.subtensor import advanced_subtensor1 as advanced_subtensor1
from symgrad.theano.tensor.subtensor import take as take

# A module and a function have this name: who imports the module later must not lose the function.
import symgrad.theano.tensor.var as _variables  # noqa: F401  # isort: skip
from pytensor.tensor import var as var  # isort: skip

# After these, because they need what is above.
from symgrad.theano.printing import pprint as pprint  # isort: skip
from symgrad.theano.gradient import Lop as Lop  # isort: skip
from symgrad.theano.gradient import Rop as Rop  # isort: skip
from symgrad.theano.gradient import consider_constant as consider_constant  # isort: skip
from symgrad.theano.gradient import grad as grad  # isort: skip
from symgrad.theano.gradient import hessian as hessian  # isort: skip
from symgrad.theano.gradient import jacobian as jacobian  # isort: skip
from symgrad.theano.gradient import numeric_grad as numeric_grad  # isort: skip
from symgrad.theano.gradient import verify_grad as verify_grad  # isort: skip
from symgrad.theano.tensor import nnet as nnet  # isort: skip

# PyTensor's names brought its modules, which hide those of Theano.
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
