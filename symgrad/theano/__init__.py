"""The names of Theano 1.0 over PyTensor: ``import symgrad.theano as theano``.

The modules are those of Theano. A name that PyTensor still has is passed on, one whose signature
changed is adapted, and one that is gone is written anew; what is missing says so when it is used.
"""

import sys

from pytensor.graph.fg import FunctionGraph as FunctionGraph

from symgrad.theano.configdefaults import config as config
from symgrad.theano.configparser import change_flags as change_flags

from symgrad.theano import gof as gof  # isort: skip
from symgrad.theano import scalar as scalar  # isort: skip
from symgrad.theano import compile as compile  # isort: skip
from symgrad.theano import tensor as tensor  # isort: skip
from symgrad.theano import gradient as gradient
from symgrad.theano import printing as printing
from symgrad.theano import scan_module as scan_module
from symgrad.theano import updates as updates
from symgrad.theano import version as version
from symgrad.theano.compile import In as In
from symgrad.theano.compile import Mode as Mode
from symgrad.theano.compile import OpFromGraph as OpFromGraph
from symgrad.theano.compile import Out as Out
from symgrad.theano.compile import Param as Param
from symgrad.theano.compile import SymbolicInput as SymbolicInput
from symgrad.theano.compile import SymbolicOutput as SymbolicOutput
from symgrad.theano.compile import as_op as as_op
from symgrad.theano.compile import function as function
from symgrad.theano.compile import function_dump as function_dump
from symgrad.theano.compile import shared as shared
from symgrad.theano.gof import Apply as Apply
from symgrad.theano.gof import Constant as Constant
from symgrad.theano.gof import Generic as Generic
from symgrad.theano.gof import Op as Op
from symgrad.theano.gof import OpenMPOp as OpenMPOp
from symgrad.theano.gof import Type as Type
from symgrad.theano.gof import Variable as Variable
from symgrad.theano.gof import generic as generic
from symgrad.theano.gof import object2 as object2
from symgrad.theano.gof import opt as opt
from symgrad.theano.gof import toolbox as toolbox
from symgrad.theano.gradient import Lop as Lop
from symgrad.theano.gradient import Rop as Rop
from symgrad.theano.gradient import grad as grad
from symgrad.theano.gradient import subgraph_grad as subgraph_grad
from symgrad.theano.misc.safe_asarray import _asarray as _asarray
from symgrad.theano.names import forward
from symgrad.theano.printing import pp as pp
from symgrad.theano.printing import pprint as pprint
from symgrad.theano.scan_module import clone as clone
from symgrad.theano.scan_module import foldl as foldl
from symgrad.theano.scan_module import foldr as foldr
from symgrad.theano.scan_module import map as map
from symgrad.theano.scan_module import reduce as reduce
from symgrad.theano.scan_module import scan as scan
from symgrad.theano.tensor.basic import dot as dot
from symgrad.theano.tensor.basic import get_scalar_constant_value as get_scalar_constant_value
from symgrad.theano.updates import OrderedUpdates as OrderedUpdates

__version__ = version.version
__api_version__ = 1
theano = sys.modules[__name__]  # as its own imports left it there: ``from theano import theano``


def sparse_grad(var):
    """`var`, rows of a table: their gradient is taken by row here anyway."""
    return var


__getattr__ = forward(
    "theano",
    "symgrad.theano.compile",
    "symgrad.theano.gof",
    "symgrad.theano.scan_module",
    "pytensor.link.basic",
)
