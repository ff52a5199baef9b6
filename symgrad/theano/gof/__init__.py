"""``theano.gof``: graphs, Ops, types and rewrites."""

# Some of these modules are rows of a table, without a file.
# mypy: disable-error-code="attr-defined"

from pytensor.compile.mode import optdb
from pytensor.graph.destroyhandler import DestroyHandler
from pytensor.link.basic import Container
from pytensor.link.c.params_type import Params, ParamsType

from symgrad.theano.gof import (
    destroyhandler,
    fg,
    graph,
    link,
    null_type,
    op,
    opt,
    toolbox,
    type,
    utils,
)
from symgrad.theano.gof.fg import (
    CachedConstantError,
    FunctionGraph,
    InconsistencyError,
    MissingInputError,
)
from symgrad.theano.gof.graph import Apply, Constant, Variable, view_roots
from symgrad.theano.gof.op import COp, Op, OpenMPOp, PureOp
from symgrad.theano.gof.opt import (
    LocalOptimizer,
    OpRemove,
    OpSub,
    Optimizer,
    PatternSub,
    inplace_optimizer,
    local_optimizer,
    optimizer,
)
from symgrad.theano.gof.type import Generic, Type, generic
from symgrad.theano.gof.utils import MethodNotDefined, hashtype, object2
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
