"""Rows that lag behind: how far each has come, and what must be kept of the calls since."""

import math
from dataclasses import dataclass
from numbers import Number
from types import SimpleNamespace

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.place import Place
from symgrad.errors import HyperparameterError
from symgrad.ops.missed_steps import MissedSteps

__all__ = ["CatchUp", "Tracked"]

# Calls whose rates are kept until `flush` makes room again: 8 MiB for each column of the history,
# of which the system gives those that were written.
CAPACITY = 2**20


@dataclass(frozen=True)
class Tracked:
    """A table whose rows lag behind.

    Attributes
    ----------
    table : shared variable
    slots : dict
        The rule's name of each slot, and the shared variable, of the table's shape.
    place : Place
        Of the rows of one call.
    last : shared int64 variable
        One number per row: the call that it is up to date with.
    rates : variable or None
        The factor of the learning rate of each row.
    """

    table: SharedVariable
    slots: dict
    place: Place
    last: SharedVariable
    rates: Variable | None = None


class CatchUp:
    """What one update keeps of its calls, and the tables whose rows lag behind.

    Attributes
    ----------
    calls : shared int64 scalar
        Calls since the last flush.
    history : shared float64 matrix
        A line for each call since the last flush, a column for each number that the closed form
        keeps of a call; line 0 is what was before.
    tables : list of Tracked
    """

    def __init__(self, rule, form, hyper, exact, shared):
        self.form, self.exact, self.tables = form, exact, []
        for name in form.powers:
            if not isinstance(hyper[name], Number):
                raise HyperparameterError(
                    f"{rule.name}: {name} is {hyper[name]!r}, but unused='exact' makes up for "
                    "missed steps by powers of it: give a number"
                )
        self.ratio = form.ratio(SimpleNamespace(**hyper)) if form.ratio else 0.0
        if self.ratio >= 1:
            raise HyperparameterError(
                f"{rule.name}: with beta1 = {hyper['beta1']} and beta2 = {hyper['beta2']} the "
                "steps of an unused row do not die away, so unused='exact' cannot add them up: "
                "take a smaller beta1, or a larger beta2"
            )
        self.calls = shared("calls", np.array(0))
        if form.columns:
            self.history = shared("history", np.zeros((CAPACITY, len(form.columns))))

    def read(self, tracked, place):
        """``(value, slots)`` of a block as the dense rule would have left them."""
        value = place.read(tracked.table)
        slots = {name: place.read(slot) for name, slot in tracked.slots.items()}
        missed = _Missed(self, place, place.of_rows().read(tracked.last), value.type.dtype)
        moved, new = self.form.law(value, SimpleNamespace(**slots), self.exact, missed)
        if tracked.rates is not None:
            moved = value + place.of_rows().read(tracked.rates) * (moved - value)
        cast = {name: pt.cast(new[name], slot.type.dtype) for name, slot in slots.items()}
        return pt.cast(moved, value.type.dtype), cast

    def line(self, call):
        """What was kept of a call, or of a block of calls."""
        entries = {name: self.history[call, k] for k, name in enumerate(self.form.columns)}
        return SimpleNamespace(**entries)

    def advance(self, rates):
        """The updates of `calls` and of the history, given the rates of this call."""
        call = self.calls + 1
        call.name = "the number of calls since updates.flush()"
        updates = {self.calls: call}
        if self.form.columns:
            hyper = SimpleNamespace(**vars(self.exact), **rates)
            kept = self.form.keep(hyper, self.line(self.calls))
            line = pt.stack([pt.cast(kept[name], "float64") for name in self.form.columns])
            updates[self.history] = pt.set_subtensor(self.history[call], line)
        return updates

    def restart(self):
        """The updates that make all rows count from now on, when all are up to date."""
        updates = {tracked.last: pt.zeros_like(tracked.last) for tracked in self.tables}
        updates[self.calls] = pt.zeros_like(self.calls)
        if self.form.columns:
            updates[self.history] = pt.set_subtensor(self.history[0], self.history[self.calls])
        return updates


class _Missed:
    """The calls that the rows of a block missed, as a closed form asks for them.

    Attributes
    ----------
    count : float64 block, one number per row
    then, now : namespaces
        What was kept of the last call of each row, and of the last call of all.
    """

    def __init__(self, catch_up, place, last, dtype):
        self._catch_up, self._place, self._last, self._dtype = catch_up, place, last, dtype
        self.count = pt.cast(catch_up.calls - last, "float64")

    @property
    def then(self):
        return self._catch_up.line(self._last)

    @property
    def now(self):
        return self._catch_up.line(self._catch_up.calls)

    def less_steps(self, value, m, root, beta1, beta):
        """The value after steps by falling averages."""
        catch_up = self._catch_up
        # What is left out is less than half a unit in the last place of the first step.
        precision = np.finfo(self._dtype).eps / 2 * (1 - catch_up.ratio)
        terms = math.ceil(math.log(precision) / math.log(catch_up.ratio)) if catch_up.ratio else 1
        end = pt.minimum(self._last + terms, catch_up.calls)
        row_dims = self._place.row_dims
        outer = [dim for dim in range(m.type.ndim) if dim not in row_dims]
        order = (*outer, *row_dims)
        steps = MissedSteps()(
            m.dimshuffle(order),
            root.dimshuffle(order),
            self._last.ravel() + 1,
            end.ravel(),
            catch_up.history,
            beta1,
            beta,
        ).dimshuffle(*np.argsort(order))
        if "log_kept" not in catch_up.form.columns:
            return value - steps
        kept, kept_since = (
            pt.exp(self.now.log_kept - catch_up.line(call).log_kept) for call in (self._last, end)
        )
        return kept * value - kept_since * steps
