"""``theano.tensor.elemwise``: Ops on entries, and Ops along axes."""

from pytensor.graph.utils import MetaType
from pytensor.tensor.elemwise import DimShuffle as PyTensorDimShuffle

from symgrad.theano.names import forward


class _DimShuffleMeta(MetaType):
    """Makes and recognises PyTensor's Op by Theano's name and arguments."""

    def __call__(cls, input_broadcastable, new_order, inplace=True):
        return PyTensorDimShuffle(input_ndim=len(input_broadcastable), new_order=new_order)

    def __instancecheck__(cls, instance):
        return isinstance(instance, PyTensorDimShuffle)


class DimShuffle(PyTensorDimShuffle, metaclass=_DimShuffleMeta):
    """``DimShuffle(input_broadcastable, new_order)(x)``: reordered axes; "x" adds an axis."""


__getattr__ = forward(
    "theano.tensor.elemwise",
    "symgrad.theano.tensor.basic",
    "pytensor.tensor.elemwise",
    "pytensor.tensor.math",
)
