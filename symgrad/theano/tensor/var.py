"""``theano.tensor.var``: tensor variables."""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.tensor.variable import TensorVariable as PyTensorVariable

from symgrad.theano.names import forward


class _NoValue(type(PyTensorVariable)):
    """PyTensor's class, but as in Theano its constants and shared variables are of others."""

    def __call__(cls, *args, **kwargs):
        if cls is TensorVariable:
            return _made(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance):
        if cls is not TensorVariable:
            return super().__instancecheck__(instance)
        known = isinstance(instance, (Constant, SharedVariable))
        return isinstance(instance, PyTensorVariable) and not known

    def __eq__(cls, other):
        return other is cls or (cls is TensorVariable and other is PyTensorVariable)

    def __hash__(cls):
        return hash(PyTensorVariable) if cls is TensorVariable else super().__hash__()


def _made(type, owner=None, index=None, name=None):
    return PyTensorVariable(type, owner, index, name)


class TensorVariable(PyTensorVariable, metaclass=_NoValue):
    """``TensorVariable(type, owner)``: a tensor of a graph, neither a constant nor shared."""


__getattr__ = forward(
    "theano.tensor.var", "symgrad.theano.tensor.basic", "pytensor.tensor.variable"
)
