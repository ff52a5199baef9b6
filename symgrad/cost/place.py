"""Where in a table a block lies: how to read it, write it, and take means over its rows.

A *block* is what a rule works on: the whole of a dense parameter, or the rows of a table that one
call uses. In an index tuple, the axes with integers choose *coordinates*, and what lies along the
other axes is a *row*: ``W[idx]`` chooses rows of axis 0, ``W[:, idx]`` rows of axis 1, and
``W[iv, jv]`` rows that are single entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import mul
from typing import TypeVar

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.graph.coordinates import ALL, IndexTuple

__all__ = ["Place", "whole"]

Size = TypeVar("Size")


@dataclass(frozen=True)
class Place:
    """Where a block lies in its table.

    Attributes
    ----------
    indices : tuple
        One entry per axis of the table; empty for the whole table.
    axes : tuple of int
        The axes with coordinates.
    row_dims : tuple of int
        The dimensions of the block that lie within a row.
    distinct : bool
        No entry of the table occurs twice in the block.
    used : variable or None
        Boolean, broadcasts to the block: False in the padding that coalescing leaves at the end
        of a block on JAX, where shapes are static. None where there can be no padding.
    """

    indices: IndexTuple
    axes: tuple[int, ...]
    row_dims: tuple[int, ...]
    distinct: bool = True
    used: Variable | None = None

    @property
    def key(self) -> IndexTuple:
        """The index as one would write it: without full slices at the end."""
        last = max((k for k, entry in enumerate(self.indices) if entry != ALL), default=0)
        return self.indices[: last + 1]

    def read(self, table: Variable) -> Variable:
        """The block of `table`."""
        return table[self.key] if self.indices else table

    def write(self, table: Variable, block: Variable) -> Variable:
        """`table` with the block set to new values."""
        return pt.set_subtensor(table[self.key], block) if self.indices else block

    def add(self, table: Variable, step: Variable) -> Variable:
        """`table` with `step` added to the block; repeated rows add up."""
        return pt.inc_subtensor(table[self.key], step) if self.indices else table + step

    def of_rows(self) -> "Place":
        """The place of the same rows in a slot with one number per row, see `row_shape`."""
        kept = tuple(e if axis in self.axes else ALL for axis, e in enumerate(self.indices))
        return Place(kept, self.axes, self.row_dims, self.distinct, self.used)

    def with_whole_rows(self) -> "Place":
        """The same place, where axes of which a slice takes a part count as coordinates."""
        others = [axis for axis in range(len(self.indices)) if axis not in self.axes]
        dims = zip(others, sorted(self.row_dims), strict=True)
        row_dims = tuple(dim for axis, dim in dims if self.indices[axis] == ALL)
        parts = [axis for axis in others if self.indices[axis] != ALL]
        return replace(self, axes=tuple(sorted([*self.axes, *parts])), row_dims=row_dims)

    def row_shape(self, shape: Sequence[Size]) -> tuple[Size | int, ...]:
        """Shape of a slot with one number per row of a table of the given shape."""
        return tuple(size if axis in self.axes else 1 for axis, size in enumerate(shape))

    def row_mean(self, block: Variable) -> Variable:
        """The mean of each row; the dimensions stay, with length 1."""
        if not self.row_dims:
            return block
        size = reduce(mul, (block.shape[dim] for dim in self.row_dims))
        total = pt.sum(block, axis=self.row_dims, keepdims=True)
        return total / pt.cast(size, block.type.dtype)  # JAX would make float64 of an integer

    def only_used(self, block: Variable) -> Variable:
        """`block` with zeros in the padding."""
        if self.used is None:
            return block
        return pt.switch(self.used, block, np.zeros((), block.type.dtype))


def whole(table: SharedVariable) -> Place:
    """The place of a dense parameter: all of it. Its rows lie along axis 0."""
    ndim = table.type.ndim
    return Place((), (0,) if ndim else (), tuple(range(1, ndim)))
