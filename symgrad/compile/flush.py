"""Bring all rows of all tables up to date."""

from dataclasses import replace

import numpy as np
import pytensor.tensor as pt

from symgrad.compile.function import function
from symgrad.emit.updates import Updates
from symgrad.graph.index_reads import read_of

__all__ = ["Flush"]

# Rows that are worked on at a time: the price in memory.
_AT_A_TIME = 65536


class Flush:
    """A callable that brings all rows up to date, see :meth:`Updates.flush`."""

    def __init__(self, catch_ups, backend=None):
        tables = [(one, tracked) for one in catch_ups for tracked in one.tables]
        self._catching_up = [self._compiled(*one, backend) for one in tables]
        restarts = [pair for one in catch_ups for pair in one.restart().items()]
        touched = frozenset(shared for shared, _ in restarts)
        self._restart = function([], updates=Updates(restarts, dense=touched), backend=backend)

    def __call__(self):
        for catch_up, table, axis, at_a_time in self._catching_up:
            length = np.shape(table.container.storage[0])[axis]
            for start in range(0, length, at_a_time):
                # The last block reaches back: rows that are up to date stay as they are.
                catch_up(max(min(start, length - at_a_time), 0))
        self._restart()

    def _compiled(self, catch_up, tracked, backend):
        """The function for `at_a_time` rows from a start, with what the loop needs to know."""
        table, place = tracked.table, tracked.place
        axis = place.axes[0]
        at_a_time = min(_AT_A_TIME, np.shape(table.container.storage[0])[axis])
        start = pt.lscalar("start")
        window = tuple(
            slice(start, start + at_a_time) if k == axis else slice(None)
            for k in range(table.type.ndim)
        )
        dims = tuple(k for k in range(table.type.ndim) if k not in place.axes)
        block = replace(place, indices=window, row_dims=dims, distinct=True, used=None)
        value, slots = catch_up.read(tracked, block)
        last = block.of_rows()
        now = pt.zeros_like(last.read(tracked.last)) + catch_up.calls
        updates = {tracked.last: last.write(tracked.last, now)}
        for shared, new in zip(
            [table, *tracked.slots.values()], [value, *slots.values()], strict=True
        ):
            if read_of(new) is None:  # else the closed form leaves it as it is
                updates[shared] = block.write(shared, new)
        return function([start], updates=updates, backend=backend), table, axis, at_a_time
