"""Shapes in letters: one for each length that the inputs leave open."""

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.extra_ops import CumOp
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax

from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write

__all__ = ["Lengths"]

_LETTERS = "nmkpqrstuvw"


class Lengths:
    """Which lengths of the variables of a graph are the same, and what they are called.

    Parameters
    ----------
    nodes : list of Apply
        In the order of computation.
    taken : collection of str
        Letters that variables have as names.
    values : mapping, optional
        Values of the inputs, of which the lengths are numbers then.
    """

    def __init__(self, nodes, taken=(), values=()):
        self.parents, self.letters = {}, {}
        self.shapes = {one: np.shape(value) for one, value in dict(values).items()}
        self.free = [one for one in _LETTERS if one not in taken]
        for node in nodes:
            for one, other in _same(node):
                self._join(one, other)

    def of(self, variable):
        """The shape as a tuple of numbers and letters, all as text."""
        ndim = getattr(variable.type, "ndim", 0)
        return tuple(self._text((variable, axis)) for axis in range(ndim))

    def _text(self, key):
        size = self._size(key)
        root = self._root(key)
        size = self._size(root) if size is None else size
        if size is not None:
            return str(size)
        if root not in self.letters:
            number = len(self.letters)
            again = number // len(self.free)
            self.letters[root] = self.free[number % len(self.free)] + (str(again) if again else "")
        return self.letters[root]

    def _root(self, key):
        while key in self.parents:
            key = self.parents[key]
        return key

    def _size(self, key):
        variable, axis = key
        return self.shapes[variable][axis] if variable in self.shapes else _static(key)

    def _join(self, one, other):
        if 1 in (_static(one), _static(other)):
            return
        one, other = self._root(one), self._root(other)
        if one != other:
            # A known length is the better root.
            one, other = (other, one) if self._size(one) is None else (one, other)
            self.parents[other] = one


def _static(key):
    """The length of an axis if the graph knows it, or None."""
    variable, axis = key
    if isinstance(variable, SharedVariable):
        return np.shape(variable.container.storage[0])[axis]
    if hasattr(variable, "data"):
        return np.shape(variable.data)[axis]
    return variable.type.shape[axis]


def _same(node):
    """Pairs of ``(variable, axis)`` of the same length."""
    op, x, z = node.op, node.inputs[0], node.outputs[0]
    if isinstance(op, Elemwise):
        for one in node.inputs:
            yield from (((one, k), (z, k)) for k in range(z.type.ndim))
    elif isinstance(op, (Softmax, LogSoftmax, CumOp, SpecifyShape)) or is_index_write(node):
        yield from (((x, k), (z, k)) for k in range(z.type.ndim))
    elif isinstance(op, DimShuffle):
        yield from (((x, old), (z, k)) for k, old in enumerate(op.new_order) if old != "x")
    elif isinstance(op, CAReduce):
        gone = range(x.type.ndim) if op.axis is None else op.axis
        kept = [axis for axis in range(x.type.ndim) if axis not in gone]
        yield from (((x, old), (z, k)) for k, old in enumerate(kept))
    elif isinstance(op, Dot) or (isinstance(op, Blockwise) and isinstance(op.core_op, Dot)):
        yield from _of_product(*node.inputs, z)
    elif is_index_read(node):
        yield from _of_selection(indices_of(node), x, z)


def _of_product(a, b, z):
    if min(a.type.ndim, b.type.ndim) < 2:
        return
    batch = range(z.type.ndim - 2)
    yield (a, a.type.ndim - 1), (b, b.type.ndim - 2)
    yield (a, a.type.ndim - 2), (z, z.type.ndim - 2)
    yield (b, b.type.ndim - 1), (z, z.type.ndim - 1)
    yield from (((one, k), (z, k)) for one in (a, b) for k in batch)


def _of_selection(chosen, x, z):
    """Vectors of indices in front, and axes that are taken whole."""
    at, vectors = 0, [one for one in chosen if getattr(getattr(one, "type", None), "ndim", 0)]
    if any(one.type.ndim > 1 for one in vectors) or (vectors and chosen[0] is not vectors[0]):
        return
    for axis in range(x.type.ndim):
        entry = chosen[axis] if axis < len(chosen) else slice(None)
        if entry == slice(None) if isinstance(entry, slice) else False:
            yield (x, axis), (z, at)
            at += 1
        elif isinstance(entry, slice):
            at += 1
        elif any(entry is one for one in vectors) and entry.type.dtype != "bool":
            yield (entry, 0), (z, 0)
            at = max(at, 1)
