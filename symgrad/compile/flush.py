"""Bring all rows of all tables up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.compile.callable import Function
from symgrad.compile.function import function
from symgrad.emit.lagging_rows import CatchUp, Tracked
from symgrad.emit.updates import Updates
from symgrad.graph.index_reads import read_of
from symgrad.pytensor_compat import stored_shape

__all__ = ["Flush"]

# Rows that are worked on at a time: the price in memory.
_AT_A_TIME = 65536


class Flush:
    """A callable that brings all rows up to date, see :meth:`Updates.flush`."""

    def __init__(self, catch_ups: Iterable[CatchUp], backend: str | None = None) -> None:
        catch_ups = list(catch_ups)
        self._windows = [
            _window(catch_up, tracked, backend)
            for catch_up in catch_ups
            for tracked in catch_up.tables
        ]
        restarts = [pair for catch_up in catch_ups for pair in catch_up.restart().items()]
        touched = frozenset(shared for shared, _ in restarts)
        self._restart = function([], updates=Updates(restarts, dense=touched), backend=backend)

    def __call__(self) -> None:
        for window in self._windows:
            window.pass_over()
        self._restart()


@dataclass(frozen=True)
class _Window:
    """Brings `n_rows` rows of a table up to date at a time.

    Attributes
    ----------
    catch_up : Function
        Takes the first row.
    """

    catch_up: Function
    table: SharedVariable
    axis: int
    n_rows: int

    def pass_over(self) -> None:
        """Bring all rows of the table up to date."""
        length = _length(self.table, self.axis)
        for start in range(0, length, self.n_rows):
            # The last window reaches back: rows that are up to date stay as they are.
            self.catch_up(max(min(start, length - self.n_rows), 0))


def _window(catch_up: CatchUp, tracked: Tracked, backend: str | None) -> _Window:
    """The compiled window of one table."""
    table, place = tracked.table, tracked.place
    axis = place.axes[0]
    n_rows = min(_AT_A_TIME, _length(table, axis))
    start = pt.lscalar("start")
    rows = tuple(
        slice(start, start + n_rows) if k == axis else slice(None) for k in range(table.type.ndim)
    )
    dims = tuple(k for k in range(table.type.ndim) if k not in place.axes)
    block = replace(place, indices=rows, row_dims=dims, distinct=True, used=None)
    value, slots = catch_up.read(tracked, block)
    last = block.of_rows()
    now = pt.zeros_like(last.read(tracked.last)) + catch_up.calls
    updates = {tracked.last: last.write(tracked.last, now)}
    for shared, new in zip([table, *tracked.slots.values()], [value, *slots.values()], strict=True):
        if read_of(new) is None:  # else the closed form leaves it as it is
            updates[shared] = block.write(shared, new)
    return _Window(function([start], updates=updates, backend=backend), table, axis, n_rows)


def _length(table: SharedVariable, axis: int) -> int:
    return stored_shape(table)[axis]


Updates.flush_compiler = Flush
