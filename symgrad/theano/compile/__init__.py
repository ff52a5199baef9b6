"""``theano.compile``: from graphs to functions."""

from symgrad.theano.compile import builders as builders
from symgrad.theano.compile import debugmode as debugmode
from symgrad.theano.compile import io as io
from symgrad.theano.compile import mode as mode
from symgrad.theano.compile import monitormode as monitormode
from symgrad.theano.compile import nanguardmode as nanguardmode
from symgrad.theano.compile import ops as ops
from symgrad.theano.compile import profiling as profiling
from symgrad.theano.compile import sharedvalue as sharedvalue
from symgrad.theano.compile.builders import OpFromGraph as OpFromGraph
from symgrad.theano.compile.function import function as function
from symgrad.theano.compile.function import function_dump as function_dump
from symgrad.theano.compile.function_module import Function as Function
from symgrad.theano.compile.io import In as In
from symgrad.theano.compile.io import Out as Out
from symgrad.theano.compile.io import SymbolicInput as SymbolicInput
from symgrad.theano.compile.io import SymbolicOutput as SymbolicOutput
from symgrad.theano.compile.mode import Mode as Mode
from symgrad.theano.compile.mode import get_default_mode as get_default_mode
from symgrad.theano.compile.mode import get_mode as get_mode
from symgrad.theano.compile.mode import register_mode as register_mode
from symgrad.theano.compile.ops import FromFunctionOp as FromFunctionOp
from symgrad.theano.compile.ops import Rebroadcast as Rebroadcast
from symgrad.theano.compile.ops import ViewOp as ViewOp
from symgrad.theano.compile.ops import as_op as as_op
from symgrad.theano.compile.pfunc import Param as Param
from symgrad.theano.compile.pfunc import pfunc as pfunc
from symgrad.theano.compile.sharedvalue import SharedVariable as SharedVariable
from symgrad.theano.compile.sharedvalue import shared as shared
from symgrad.theano.compile.sharedvalue import shared_constructor as shared_constructor
from symgrad.theano.names import forward

__getattr__ = forward(
    "theano.compile",
    "symgrad.theano.compile.mode",
    "symgrad.theano.compile.function_module",
    "symgrad.theano.compile.ops",
    "symgrad.theano.compile.debugmode",
    "symgrad.theano.compile.monitormode",
    "symgrad.theano.compile.profiling",
    "pytensor.compile",
    "pytensor.compile.rebuild",
    "pytensor.gradient",
)
