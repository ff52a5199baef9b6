"""``theano.tensor.var``: tensor variables."""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.utils import MetaType
from pytensor.tensor.variable import TensorVariable as PyTensorVariable

from symgrad.theano.names import forward


class _VariableMeta(MetaType):
    """Makes and recognises PyTensor's class; constants and shared variables do not count as it."""

    def __call__(cls, *args, **kwargs):
        if cls is TensorVariable:
            return _variable(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance):
        if cls is not TensorVariable:
            return super().__instancecheck__(instance)
        has_value = isinstance(instance, (Constant, SharedVariable))
        return isinstance(instance, PyTensorVariable) and not has_value

    def __eq__(cls, other):
        return other is cls or (cls is TensorVariable and other is PyTensorVariable)

    def __hash__(cls):
        return hash(PyTensorVariable) if cls is TensorVariable else super().__hash__()


def _variable(type, owner=None, index=None, name=None):
    return PyTensorVariable(type, owner, index, name)


class TensorVariable(PyTensorVariable, metaclass=_VariableMeta):
    """``TensorVariable(type, owner)``: a tensor in a graph, neither constant nor shared."""


__getattr__ = forward(
    "theano.tensor.var", "symgrad.theano.tensor.basic", "pytensor.tensor.variable"
)
