"""``theano.compile.ops``: Ops about memory and shapes, and Ops from Python functions."""

import importlib

from pytensor.compile.ops import DeepCopyOp as DeepCopyOp
from pytensor.compile.ops import ViewOp as PyTensorViewOp
from pytensor.compile.ops import deep_copy_op as deep_copy_op
from pytensor.compile.ops import register_deep_copy_op_c_code as register_deep_copy_op_c_code
from pytensor.compile.ops import register_view_op_c_code as register_view_op_c_code
from pytensor.compile.ops import view_op as view_op
from pytensor.raise_op import assert_op
from pytensor.tensor import as_tensor_variable, eq
from pytensor.tensor.shape import Shape as Shape
from pytensor.tensor.shape import Shape_i as Shape_i
from pytensor.tensor.shape import SpecifyShape as PyTensorSpecifyShape
from pytensor.tensor.shape import shape as shape
from pytensor.tensor.shape import shape_i as shape_i
from pytensor.tensor.shape import specify_shape as pytensor_specify_shape

from symgrad.theano.broadcast import Rebroadcast as Rebroadcast
from symgrad.theano.gof.graph import Apply
from symgrad.theano.gof.op import OldStyle, Op, StandsFor
from symgrad.theano.names import forward


class ViewOp(OldStyle, PyTensorViewOp):
    """Returns its input; a subclass may give it another gradient, by ``grad``."""


def specify_shape(x, shape):
    """`x` with a shape that is known; a call in which it is another raises AssertionError.

    Parameters
    ----------
    x : variable
    shape : list of int and scalar variables, or integer vector
        A length for each axis.
    """
    x = as_tensor_variable(x)
    if not isinstance(shape, (list, tuple)):
        shape = as_tensor_variable(shape)
        lengths = assert_op(shape, eq(shape.shape[0], x.ndim))
        shape = [lengths[axis] for axis in range(x.ndim)]
    if len(shape) != x.ndim:
        raise AssertionError(f"{len(shape)} lengths were given for {x.ndim} axes: {shape}")
    return pytensor_specify_shape(x, shape)


class SpecifyShape(metaclass=StandsFor):
    """``SpecifyShape()(x, shape)``: :func:`specify_shape`."""

    ops = (PyTensorSpecifyShape,)

    def __call__(self, x, shape):
        return specify_shape(x, shape)


class FromFunctionOp(Op):
    """An Op that calls a Python function, which must not change its inputs."""

    def __init__(self, fn, itypes, otypes, infer_shape):
        self._fn, self.itypes, self.otypes = fn, itypes, otypes
        if infer_shape is not None:
            self.infer_shape = lambda *arguments: infer_shape(*arguments[-2:])

    def __eq__(self, other):
        return type(self) is type(other) and self._fn == other._fn

    def __hash__(self):
        return hash(type(self)) ^ hash(self._fn)

    def __str__(self):
        return f"FromFunctionOp{{{self._fn.__name__}}}"

    def __reduce__(self):
        """Pickle by name: the name of the function now stands for the Op."""
        return _named, (self._fn.__module__, self._fn.__name__)

    def make_node(self, *inputs):
        if len(inputs) != len(self.itypes):
            raise ValueError(f"{self}: {len(self.itypes)} inputs are needed, not {len(inputs)}")
        variables = [
            itype.filter_variable(variable)
            for itype, variable in zip(self.itypes, inputs, strict=True)
        ]
        return Apply(self, variables, [otype() for otype in self.otypes])

    def perform(self, node, inputs, outputs):
        values = self._fn(*inputs)
        values = values if isinstance(values, (list, tuple)) else [values]
        if len(values) != len(outputs):
            raise ValueError(f"{self} returned {len(values)} values, not {len(outputs)}")
        for cell, value in zip(outputs, values, strict=True):
            cell[0] = value


def _named(module, name):
    return getattr(importlib.import_module(module), name)


def as_op(itypes, otypes, infer_shape=None):
    """Turn a function of arrays into an Op."""
    itypes = list(itypes) if isinstance(itypes, (list, tuple)) else [itypes]
    otypes = list(otypes) if isinstance(otypes, (list, tuple)) else [otypes]

    def decorate(function):
        return FromFunctionOp(function, itypes, otypes, infer_shape)

    return decorate


__getattr__ = forward("theano.compile.ops", "pytensor.compile.ops", "pytensor.tensor.shape")
