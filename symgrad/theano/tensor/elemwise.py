"""``theano.tensor.elemwise``: Ops on entries, and along axes."""

from pytensor.tensor.elemwise import DimShuffle as PyTensorDimShuffle

from symgrad.theano.names import forward


class _AnyDimShuffle(type(PyTensorDimShuffle)):
    """PyTensor's Op, made and recognised by Theano's name."""

    def __call__(cls, input_broadcastable, new_order, inplace=True):
        return PyTensorDimShuffle(input_ndim=len(input_broadcastable), new_order=new_order)

    def __instancecheck__(cls, instance):
        return isinstance(instance, PyTensorDimShuffle)


class DimShuffle(PyTensorDimShuffle, metaclass=_AnyDimShuffle):
    """``DimShuffle(input_broadcastable, new_order)(x)``: axes in another order, "x" a new one."""


__getattr__ = forward(
    "theano.tensor.elemwise",
    "symgrad.theano.tensor.basic",
    "pytensor.tensor.elemwise",
    "pytensor.tensor.math",
)
