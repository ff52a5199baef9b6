"""``theano.compile``: from graphs to functions."""

# Some of these modules are rows of a table, without a file.
# mypy: disable-error-code="attr-defined"

from symgrad.theano.compile import (
    builders,
    debugmode,
    io,
    mode,
    monitormode,
    nanguardmode,
    ops,
    profiling,
    sharedvalue,
)
from symgrad.theano.compile.builders import OpFromGraph
from symgrad.theano.compile.function import function, function_dump
from symgrad.theano.compile.function_module import Function
from symgrad.theano.compile.io import In, Out, SymbolicInput, SymbolicOutput
from symgrad.theano.compile.mode import Mode, get_default_mode, get_mode, register_mode
from symgrad.theano.compile.ops import FromFunctionOp, Rebroadcast, ViewOp, as_op
from symgrad.theano.compile.pfunc import Param, pfunc
from symgrad.theano.compile.sharedvalue import SharedVariable, shared, shared_constructor
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
