"""``theano.gof``: graphs, Ops, types and rewrites."""

from pytensor.compile.mode import optdb as optdb
from pytensor.graph.destroyhandler import DestroyHandler as DestroyHandler
from pytensor.link.basic import Container as Container
from pytensor.link.c.params_type import Params as Params
from pytensor.link.c.params_type import ParamsType as ParamsType

from symgrad.theano.gof import destroyhandler as destroyhandler
from symgrad.theano.gof import fg as fg
from symgrad.theano.gof import graph as graph
from symgrad.theano.gof import link as link
from symgrad.theano.gof import null_type as null_type
from symgrad.theano.gof import op as op
from symgrad.theano.gof import opt as opt
from symgrad.theano.gof import toolbox as toolbox
from symgrad.theano.gof import type as type
from symgrad.theano.gof import utils as utils
from symgrad.theano.gof.fg import CachedConstantError as CachedConstantError
from symgrad.theano.gof.fg import FunctionGraph as FunctionGraph
from symgrad.theano.gof.fg import InconsistencyError as InconsistencyError
from symgrad.theano.gof.fg import MissingInputError as MissingInputError
from symgrad.theano.gof.graph import Apply as Apply
from symgrad.theano.gof.graph import Constant as Constant
from symgrad.theano.gof.graph import Variable as Variable
from symgrad.theano.gof.graph import view_roots as view_roots
from symgrad.theano.gof.op import COp as COp
from symgrad.theano.gof.op import Op as Op
from symgrad.theano.gof.op import OpenMPOp as OpenMPOp
from symgrad.theano.gof.op import PureOp as PureOp
from symgrad.theano.gof.opt import LocalOptimizer as LocalOptimizer
from symgrad.theano.gof.opt import OpRemove as OpRemove
from symgrad.theano.gof.opt import OpSub as OpSub
from symgrad.theano.gof.opt import Optimizer as Optimizer
from symgrad.theano.gof.opt import PatternSub as PatternSub
from symgrad.theano.gof.opt import inplace_optimizer as inplace_optimizer
from symgrad.theano.gof.opt import local_optimizer as local_optimizer
from symgrad.theano.gof.opt import optimizer as optimizer
from symgrad.theano.gof.type import Generic as Generic
from symgrad.theano.gof.type import Type as Type
from symgrad.theano.gof.type import generic as generic
from symgrad.theano.gof.utils import MethodNotDefined as MethodNotDefined
from symgrad.theano.gof.utils import hashtype as hashtype
from symgrad.theano.gof.utils import object2 as object2
from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.gof",
    "symgrad.theano.gof.opt",
    "symgrad.theano.gof.optdb",
    "symgrad.theano.gof.toolbox",
    "pytensor.link.basic",
    "pytensor.link.c.basic",
    "pytensor.link.c.type",
)
