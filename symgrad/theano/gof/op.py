"""Ops written the old way: ``grad``, ``R_op`` and ``infer_shape(node, shapes)``."""

import inspect
import warnings

import pytensor
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.op import Op as PyTensorOp
from pytensor.graph.utils import MethodNotDefined
from pytensor.link.c.op import COp as PyTensorCOp

from symgrad.theano.gof import utils as utils
from symgrad.theano.names import forward

# What an Op asks of the compiler; the compiler was given by position, or not at all.
_FOR_COMPILER = {
    "c_compile_args",
    "c_header_dirs",
    "c_headers",
    "c_lib_dirs",
    "c_libraries",
    "c_no_compile_args",
}


class OldStyle:
    """Gives an Op of PyTensor the methods of Theano's; a subclass writes the old names."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if "infer_shape" in own and _takes_node_and_shapes(own["infer_shape"]):
            cls.infer_shape = _last_two(own["infer_shape"])
        for name in _FOR_COMPILER & own.keys():
            setattr(cls, name, _given_compiler(own[name]))
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
    points = [None if isinstance(p.type, DisconnectedType) else p for p in eval_points]
    return [disconnected_type() if one is None else one for one in self.R_op(inputs, points)]


def _takes_node_and_shapes(method):
    return len(inspect.signature(method).parameters) == 3


def _last_two(method):
    """PyTensor gave ``infer_shape`` the graph first, until 3.2."""

    def infer_shape(self, *arguments):
        return method(self, *arguments[-2:])

    infer_shape.__wrapped__ = method
    return infer_shape


def _given_compiler(method):
    """PyTensor gives the compiler by name."""
    takes = inspect.signature(method).parameters.values()
    if any(one.kind is one.VAR_KEYWORD or one.name == "c_compiler" for one in takes):
        return method

    def asked(self, c_compiler=None, **kwargs):
        return method(self) if len(takes) == 1 else method(self, c_compiler)

    asked.__wrapped__ = method
    return asked


class _AnyOp(type(PyTensorCOp)):
    """Every Op of PyTensor is an instance of Theano's base class."""

    def __instancecheck__(cls, instance):
        if "_stands_for" in cls.__dict__:
            return isinstance(instance, cls._stands_for)
        return super().__instancecheck__(instance)


class Op(OldStyle, PyTensorCOp, metaclass=_AnyOp):
    """``theano.Op``: a subclass may have ``c_code`` or only ``perform``.

    Methods may be written as Theano had them: ``grad(inputs, output_gradients)``,
    ``R_op(inputs, eval_points)`` and ``infer_shape(node, shapes)``.
    """

    _stands_for = PyTensorOp

    def perform(self, node, inputs, output_storage):
        raise MethodNotDefined("perform", type(self), type(self).__name__)

    def c_code(self, node, name, inputs, outputs, sub):
        raise MethodNotDefined("c_code", type(self), type(self).__name__)

    def c_code_cache_version_apply(self, node):
        # The cache of compiled code keeps Ops by pickle, and finds no class inside of a function.
        local = "<locals>" in type(self).__qualname__
        return () if local else super().c_code_cache_version_apply(node)


class OpenMPOp(Op):
    """An Op whose C code may use OpenMP; that is not asked for here."""

    _stands_for = pytensor.link.c.op.OpenMPOp

    def __init__(self, openmp=None):
        self.openmp = bool(openmp)

    def update_self_openmp(self):
        self.openmp = False


PureOp = Op


class StandsFor(type):
    """Classes made and called as Theano's Ops; ``ops`` are PyTensor's, their instances, too."""

    def __instancecheck__(cls, instance):
        return type.__instancecheck__(cls, instance) or isinstance(instance, cls.ops)


class COp(OldStyle, pytensor.link.c.op.ExternalCOp):
    """An Op whose C code is in files."""


def get_test_value(v):
    """The value of ``v.tag.test_value``, or what follows from those of its inputs.

    Raises
    ------
    AttributeError
        If an input that it needs has none.
    """
    if not isinstance(v, pytensor.graph.basic.Variable):
        return pytensor.tensor.as_tensor_variable(v).data
    found = _own_test_value(v)
    if found is not None:
        return found
    needed = [
        one
        for one in pytensor.graph.traversal.graph_inputs([v])
        if not isinstance(one, pytensor.graph.basic.Constant)
    ]
    values = {one: _own_test_value(one) for one in needed}
    lacking = [one for one, value in values.items() if value is None]
    if lacking:
        raise AttributeError(f"{lacking[0]} has no test value")
    free = {
        one: value
        for one, value in values.items()
        if not isinstance(one, pytensor.compile.sharedvalue.SharedVariable)
    }
    return v.eval(free)


def _own_test_value(v):
    if isinstance(v, pytensor.graph.basic.Constant):
        return v.data
    if isinstance(v, pytensor.compile.sharedvalue.SharedVariable):
        return v.get_value(borrow=True)
    return getattr(v.tag, "test_value", None)


def get_debug_values(*variables):
    """Yield the test values of `variables`, once, if all have one and these are wanted."""
    from symgrad.theano.configparser import config

    if config.compute_test_value == "off":
        return
    try:
        yield tuple(get_test_value(v) for v in variables)
    except AttributeError as error:
        if config.compute_test_value == "raise":
            raise
        if config.compute_test_value == "warn":
            warnings.warn(str(error), stacklevel=2)


def missing_test_message(msg):
    """Say, as the configuration asks, that a test value is missing."""
    from symgrad.theano.configparser import config

    if config.compute_test_value == "raise":
        raise AttributeError(msg)
    if config.compute_test_value == "warn":
        warnings.warn(msg, stacklevel=2)


__getattr__ = forward("theano.gof.op", "pytensor.graph.op", "pytensor.link.c.op")
