"""``theano.gof.op``: Ops with ``grad``, ``R_op`` and ``infer_shape(node, shapes)``."""

import functools
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.op import Op as PyTensorOp
from pytensor.graph.traversal import graph_inputs
from pytensor.graph.utils import MetaType, MethodNotDefined
from pytensor.link.c.op import COp as PyTensorCOp
from pytensor.link.c.op import ExternalCOp
from pytensor.link.c.op import OpenMPOp as PyTensorOpenMPOp
from pytensor.tensor import as_tensor_variable

from symgrad.theano.configparser import config
from symgrad.theano.gof import utils as utils
from symgrad.theano.names import forward

# What an Op asks of the compiler. Theano gave the compiler by position, or not at all.
_COMPILER_METHODS = {
    "c_compile_args",
    "c_header_dirs",
    "c_headers",
    "c_lib_dirs",
    "c_libraries",
    "c_no_compile_args",
}


class OldStyle:
    """Gives an Op of PyTensor the methods of Theano's; a subclass writes the old names."""

    # Made from the old methods of a subclass.
    infer_shape: Any
    pullback: Any
    pushforward: Any

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if "infer_shape" in own and _takes_node_and_shapes(own["infer_shape"]):
            cls.infer_shape = _without_graph(own["infer_shape"])
        for name in _COMPILER_METHODS & own.keys():
            setattr(cls, name, _with_named_compiler(own[name]))
        if ("grad" in own or "L_op" in own) and "pullback" not in own:
            cls.pullback = _pullback
        if "R_op" in own and "pushforward" not in own:
            cls.pushforward = _pushforward

    def L_op(self, inputs, outputs, output_gradients):
        return self.grad(inputs, output_gradients)

    def grad(self, inputs, output_gradients):
        raise NotImplementedError(
            f"{type(self).__name__} has no gradient: write grad(inputs, output_gradients)"
        )


def _pullback(self, inputs, outputs, output_gradients):
    return self.L_op(inputs, outputs, output_gradients)


def _pushforward(self, inputs, outputs, eval_points):
    points = [None if isinstance(point.type, DisconnectedType) else point for point in eval_points]
    results = self.R_op(inputs, points)
    return [disconnected_type() if result is None else result for result in results]


def _takes_node_and_shapes(method):
    return len(inspect.signature(method).parameters) == 3


def _without_graph(method):
    """Leave out the graph, which PyTensor passed to ``infer_shape`` first, until 3.2."""

    @functools.wraps(method)
    def infer_shape(self, *arguments):
        return method(self, *arguments[-2:])

    return infer_shape


def _with_named_compiler(method):
    """Take the compiler by name, as PyTensor gives it."""
    parameters = inspect.signature(method).parameters.values()
    if any(
        parameter.kind is parameter.VAR_KEYWORD or parameter.name == "c_compiler"
        for parameter in parameters
    ):
        return method

    @functools.wraps(method)
    def compiler_method(self, c_compiler=None, **kwargs):
        return method(self) if len(parameters) == 1 else method(self, c_compiler)

    return compiler_method


class StandsForPyTensors(type):
    """A base class of Theano: instances of PyTensor's class ``_stands_for`` count as its own."""

    _stands_for: type

    def __instancecheck__(cls, instance):
        if "_stands_for" in cls.__dict__:
            return isinstance(instance, cls._stands_for)
        return super().__instancecheck__(instance)


class _OpMeta(StandsForPyTensors, MetaType):
    """Makes every Op of PyTensor an instance of Theano's base class."""


class Op(OldStyle, PyTensorCOp, metaclass=_OpMeta):
    """``theano.Op``: a subclass may have ``c_code``, or only ``perform``.

    Methods may be written as in Theano: ``grad(inputs, output_gradients)``,
    ``R_op(inputs, eval_points)`` and ``infer_shape(node, shapes)``.
    """

    _stands_for = PyTensorOp

    def perform(self, node, inputs, output_storage):
        raise MethodNotDefined("perform", type(self), type(self).__name__)

    def c_code(self, node, name, inputs, outputs, sub):
        raise MethodNotDefined("c_code", type(self), type(self).__name__)

    def c_code_cache_version_apply(self, node):
        # The cache of compiled code pickles Ops, which fails for classes inside of a function.
        local = "<locals>" in type(self).__qualname__
        return () if local else super().c_code_cache_version_apply(node)


class OpenMPOp(Op):
    """An Op whose C code may use OpenMP; here it does not."""

    _stands_for = PyTensorOpenMPOp

    def __init__(self, openmp=None):
        self.openmp = bool(openmp)

    def update_self_openmp(self):
        self.openmp = False


PureOp = Op


class StandsFor(type):
    """A class that is made and called as Theano's Op; PyTensor's classes are in ``ops``.

    Instances of these count as instances of the class.
    """

    ops: type | tuple[type, ...]

    def __instancecheck__(cls, instance):
        return type.__instancecheck__(cls, instance) or isinstance(instance, cls.ops)


class COp(OldStyle, ExternalCOp):
    """An Op whose C code is in files."""


def get_test_value(v: Any) -> Any:
    """The value of ``v.tag.test_value``, or what `v` computes from those of its inputs.

    Raises
    ------
    AttributeError
        If an input that it needs has none.
    """
    if not isinstance(v, Variable):
        tensor: Any = as_tensor_variable(v)
        return tensor.data
    value = _own_test_value(v)
    if value is not None:
        return value
    inputs = [variable for variable in graph_inputs([v]) if not isinstance(variable, Constant)]
    values = {variable: _own_test_value(variable) for variable in inputs}
    for variable, value in values.items():
        if value is None:
            raise AttributeError(f"{variable} has no test value")
    return v.eval(
        {
            variable: value
            for variable, value in values.items()
            if not isinstance(variable, SharedVariable)
        }
    )


def _own_test_value(variable):
    if isinstance(variable, Constant):
        return variable.data
    if isinstance(variable, SharedVariable):
        return variable.get_value(borrow=True)
    return getattr(variable.tag, "test_value", None)


def get_debug_values(*variables: Any) -> Iterator[tuple]:
    """Yield the test values of `variables`, once, if all have one and these are computed."""
    if config.compute_test_value == "off":
        return
    try:
        yield tuple(get_test_value(variable) for variable in variables)
    except AttributeError as error:
        if config.compute_test_value == "raise":
            raise
        if config.compute_test_value == "warn":
            warnings.warn(str(error), stacklevel=2)


def missing_test_message(msg: str) -> None:
    """Raise or warn, as ``compute_test_value`` says, that a test value is missing."""
    if config.compute_test_value == "raise":
        raise AttributeError(msg)
    if config.compute_test_value == "warn":
        warnings.warn(msg, stacklevel=2)


__getattr__ = forward("theano.gof.op", "pytensor.graph.op", "pytensor.link.c.op")
