"""``theano.tensor.subtensor``: reads and writes at indices."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytensor.tensor.subtensor as pts
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.tensor.variable import TensorVariable

from symgrad.theano.names import forward

inc_subtensor, set_subtensor = pt.inc_subtensor, pt.set_subtensor


class _RowsMeta(type):
    """Recognises Ops of PyTensor that index the first axis."""

    ops: tuple[type, ...]

    def __instancecheck__(cls, op):
        return isinstance(op, cls.ops) and tuple(getattr(op, "idx_list", (0,))) == (0,)


def _ops(*names):
    return tuple(getattr(pts, name) for name in names if hasattr(pts, name))


class AdvancedSubtensor1(metaclass=_RowsMeta):
    """``AdvancedSubtensor1()(x, index)``: ``x[index]``, for an index vector."""

    ops = _ops("AdvancedSubtensor", "AdvancedSubtensor1")

    def __init__(self, sparse_grad=False):
        self.sparse_grad = sparse_grad

    def __call__(self, x, index):
        return pt.as_tensor_variable(x)[index]


class AdvancedIncSubtensor1(metaclass=_RowsMeta):
    """``AdvancedIncSubtensor1()(x, y, index)``: adds to ``x[index]``, for an index vector."""

    ops = _ops("AdvancedIncSubtensor", "AdvancedIncSubtensor1")

    def __init__(self, inplace=False, set_instead_of_inc=False):
        self.set_instead_of_inc = set_instead_of_inc

    def __call__(self, x, y, index):
        write = set_subtensor if self.set_instead_of_inc else inc_subtensor
        return write(pt.as_tensor_variable(x)[index], y)


advanced_subtensor1 = AdvancedSubtensor1()
advanced_inc_subtensor1 = AdvancedIncSubtensor1()
advanced_set_subtensor1 = AdvancedIncSubtensor1(set_instead_of_inc=True)


def take(a, indices, axis=None, mode="raise"):
    """The entries of `a` at `indices` along an axis, or among all entries."""
    a = pt.as_tensor_variable(a)
    a, axis = (a.flatten(), 0) if axis is None else (a, axis)  # PyTensor would ignore the mode
    return pt.take(a, indices, axis=axis, mode=mode)


class SliceParts(Op):
    """``(slice, length) -> (start, stop, step)``, as ``slice.indices(length)``."""

    __props__ = ()

    def make_node(self, index, length):
        return Apply(self, [index, pt.as_tensor_variable(length)], [pt.lscalar() for _ in range(3)])

    def perform(self, node, inputs, output_storage):
        index, length = inputs
        for cell, part in zip(output_storage, index.indices(int(length)), strict=True):
            cell[0] = np.asarray(part, "int64")


def by_slice(x: TensorVariable, index: Variable) -> TensorVariable:
    """``x[index]`` for an index whose value is a slice."""
    parts: Any = SliceParts()(index, x.shape[0])
    return x[pt.arange(*parts)]


__getattr__ = forward("theano.tensor.subtensor", "pytensor.tensor.subtensor")
