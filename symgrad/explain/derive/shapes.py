"""Shapes in letters: a letter for each length that the inputs leave open."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.extra_ops import CumOp
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import SpecifyShape
from pytensor.tensor.special import LogSoftmax, Softmax

from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write
from symgrad.pytensor_compat import stored_shape

__all__ = ["Lengths"]

_LETTERS = "nmkpqrstuvw"
# A variable and the number of one of its axes.
Axis = tuple[Variable, int]


class Lengths:
    """Which axes of the variables of a graph have the same length, and the names of the lengths.

    Parameters
    ----------
    nodes : list of Apply
        In the order of computation.
    taken : collection of str
        Letters that variables have as names.
    values : mapping, optional
        Values of the inputs. Their lengths are then numbers.
    """

    def __init__(
        self,
        nodes: Sequence[Apply],
        taken: Collection[str] = (),
        values: Mapping[Variable, Any] | None = None,
    ) -> None:
        self.parents: dict[Axis, Axis] = {}
        self.letters: dict[Axis, str] = {}
        self.shapes = {variable: np.shape(value) for variable, value in (values or {}).items()}
        self.free = [letter for letter in _LETTERS if letter not in taken]
        for node in nodes:
            for axis, other in _axes_of_same_length(node):
                self._join(axis, other)

    def of(self, variable: Variable) -> tuple[str, ...]:
        """The shape as a tuple of numbers and letters, all as text."""
        ndim = getattr(variable.type, "ndim", 0)
        return tuple(self._text((variable, axis)) for axis in range(ndim))

    def _text(self, axis):
        size = self._size(axis)
        root = self._root(axis)
        size = self._size(root) if size is None else size
        if size is not None:
            return str(size)
        if root not in self.letters:
            rounds, letter = divmod(len(self.letters), len(self.free))
            self.letters[root] = self.free[letter] + (str(rounds) if rounds else "")
        return self.letters[root]

    def _root(self, axis):
        while axis in self.parents:
            axis = self.parents[axis]
        return axis

    def _size(self, axis):
        variable, number = axis
        return self.shapes[variable][number] if variable in self.shapes else _static_size(axis)

    def _join(self, axis, other):
        if 1 in (_static_size(axis), _static_size(other)):
            return
        root, child = self._root(axis), self._root(other)
        if root != child:
            # An axis of known length is the better root.
            root, child = (child, root) if self._size(root) is None else (root, child)
            self.parents[child] = root


def _static_size(axis):
    """The length of an axis if the graph knows it, or None."""
    variable, number = axis
    if isinstance(variable, SharedVariable):
        return stored_shape(variable)[number]
    if hasattr(variable, "data"):
        return np.shape(variable.data)[number]
    return variable.type.shape[number]


def _axes_of_same_length(node: Apply) -> Iterator[tuple[Axis, Axis]]:
    """Pairs of axes that have the same length because of what the node does."""
    op, x, z = node.op, node.inputs[0], node.outputs[0]
    if isinstance(op, Elemwise):
        for source in node.inputs:
            yield from (((source, k), (z, k)) for k in range(z.type.ndim))
    elif isinstance(op, (Softmax, LogSoftmax, CumOp, SpecifyShape)) or is_index_write(node):
        yield from (((x, k), (z, k)) for k in range(z.type.ndim))
    elif isinstance(op, DimShuffle):
        yield from (((x, old), (z, k)) for k, old in enumerate(op.new_order) if old != "x")
    elif isinstance(op, CAReduce):
        reduced = range(x.type.ndim) if op.axis is None else op.axis
        kept = [axis for axis in range(x.type.ndim) if axis not in reduced]
        yield from (((x, old), (z, k)) for k, old in enumerate(kept))
    elif isinstance(op, Dot) or (isinstance(op, Blockwise) and isinstance(op.core_op, Dot)):
        a, b = node.inputs
        yield from _of_product(a, b, z)
    elif is_index_read(node):
        yield from _of_selection(indices_of(node), x, z)


def _of_product(a, b, z):
    if min(a.type.ndim, b.type.ndim) < 2:
        return
    batch = range(z.type.ndim - 2)
    yield (a, a.type.ndim - 1), (b, b.type.ndim - 2)
    yield (a, a.type.ndim - 2), (z, z.type.ndim - 2)
    yield (b, b.type.ndim - 1), (z, z.type.ndim - 1)
    yield from (((factor, k), (z, k)) for factor in (a, b) for k in batch)


def _of_selection(index, x, z):
    """Handle a vector of indices in front, and axes that are taken whole."""
    vectors = [entry for entry in index if getattr(getattr(entry, "type", None), "ndim", 0)]
    is_in_front = not vectors or index[0] is vectors[0]
    if any(vector.type.ndim > 1 for vector in vectors) or not is_in_front:
        return
    position = 0
    for axis in range(x.type.ndim):
        entry = index[axis] if axis < len(index) else slice(None)
        if isinstance(entry, slice):
            if entry == slice(None):
                yield (x, axis), (z, position)
            position += 1
        elif any(entry is vector for vector in vectors) and entry.type.dtype != "bool":
            yield (entry, 0), (z, 0)
            position = max(position, 1)
