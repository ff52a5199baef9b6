"""``theano.gof.type``: the base classes of types."""

from pytensor.graph.type import Type as PyTensorType
from pytensor.graph.utils import MetaType
from pytensor.link.c.type import CDataType as CDataType
from pytensor.link.c.type import CEnumType as CEnumType
from pytensor.link.c.type import CType
from pytensor.link.c.type import EnumList as EnumList
from pytensor.link.c.type import EnumType as EnumType
from pytensor.link.c.type import Generic as Generic
from pytensor.link.c.type import generic as generic

from symgrad.theano.gof.op import StandsForPyTensors
from symgrad.theano.gof.utils import MethodNotDefined
from symgrad.theano.names import forward


class _TypeMeta(StandsForPyTensors, MetaType):
    """Makes every type of PyTensor an instance of Theano's base class."""


class Type(CType, metaclass=_TypeMeta):
    """``theano.gof.Type``: a subclass needs ``filter(value, strict, allow_downcast)``."""

    _stands_for = PyTensorType

    def __init__(self, *args, **kwargs):
        """Take any arguments: subclasses may leave this out, as Theano's base class had none."""

    def __call__(self, name=None):
        return self.make_variable(name)

    def filter(self, data, strict=False, allow_downcast=None):
        raise MethodNotDefined("filter", type(self), type(self).__name__)

    def _not_in_c(self, *_, **__):
        raise MethodNotDefined("c_declare", type(self), type(self).__name__)

    # Without these, Ops on the type run in Python.
    c_declare = c_init = c_extract = c_cleanup = c_sync = _not_in_c


__getattr__ = forward("theano.gof.type", "pytensor.graph.type", "pytensor.link.c.type")
