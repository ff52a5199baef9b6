"""Where in a table a block lies: how to read it, how to write it, how to make its rows distinct.

A *block* is what a rule works on. It is the whole of a dense parameter, or the rows of a table that
one call uses. In an index tuple, the axes with integers choose *coordinates*, and what lies along
the other axes is a *row*; ``W[idx]`` chooses rows of axis 0, ``W[:, idx]`` of axis 1, and
``W[iv, jv]`` rows that are single entries.
"""

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.graph.coordinates import ALL

__all__ = ["Place", "whole"]


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
        Boolean, broadcasts to the block: False in slots that are no row (JAX has static shapes,
        and fills the slots that coalescing leaves over). None when there are no such slots.
    """

    indices: tuple
    axes: tuple[int, ...]
    row_dims: tuple[int, ...]
    distinct: bool = True
    used: Variable | None = None

    @property
    def key(self):
        """The index as one would write it: without full slices at the end."""
        last = max((k for k, one in enumerate(self.indices) if one != ALL), default=0)
        return self.indices[: last + 1]

    def read(self, table):
        """The block of `table`."""
        return table[self.key] if self.indices else table

    def write(self, table, block):
        """`table` with the block set."""
        return pt.set_subtensor(table[self.key], block) if self.indices else block

    def add(self, table, step):
        """`table` with `step` added to the block; repeated rows add up."""
        return pt.inc_subtensor(table[self.key], step) if self.indices else table + step

    def of_rows(self):
        """The place of the same rows in a slot with one number per row, see `row_shape`."""
        kept = tuple(one if axis in self.axes else ALL for axis, one in enumerate(self.indices))
        return Place(kept, self.axes, self.row_dims, self.distinct, self.used)

    def with_whole_rows(self):
        """The same place; an axis of which a slice takes a part is one with coordinates."""
        others = [axis for axis in range(len(self.indices)) if axis not in self.axes]
        dims = zip(others, sorted(self.row_dims), strict=True)
        row_dims = tuple(dim for axis, dim in dims if self.indices[axis] == ALL)
        parts = [axis for axis in others if self.indices[axis] != ALL]
        return replace(self, axes=tuple(sorted([*self.axes, *parts])), row_dims=row_dims)

    def row_shape(self, shape):
        """Shape of a slot with one number per row of a table of the given shape."""
        return tuple(size if axis in self.axes else 1 for axis, size in enumerate(shape))

    def row_mean(self, block):
        """Mean within each row, keeping the dimensions."""
        if not self.row_dims:
            return block
        size = reduce(lambda a, b: a * b, (block.shape[dim] for dim in self.row_dims))
        total = pt.sum(block, axis=self.row_dims, keepdims=True)
        return total / pt.cast(size, block.type.dtype)  # JAX would make float64 of an integer

    def only_used(self, block):
        """`block` with zeros where a slot is no row."""
        if self.used is None:
            return block
        return pt.switch(self.used, block, np.zeros((), block.type.dtype))


def whole(table):
    """The place of a dense parameter: all of it. Its rows lie along axis 0."""
    ndim = table.type.ndim
    return Place((), (0,) if ndim else (), tuple(range(1, ndim)))
