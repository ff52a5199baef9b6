"""Rows that lag behind: how far each has come, and what is recorded of the calls since."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symgrad.cost.place import Place
from symgrad.emit.closed_form import STEP_COLUMNS, ClosedForm
from symgrad.emit.definition import Definition, Names
from symgrad.emit.hyperparameter import Scalar
from symgrad.errors import ArgumentError, HyperparameterError
from symgrad.ops.missed_steps import MissedSteps

__all__ = ["CatchUp", "Tracked"]

# Calls whose numbers are recorded until `flush` makes room again: 8 MiB for each column of the
# history, of which the system gives those that were written.
CAPACITY = 2**20


@dataclass(frozen=True)
class Tracked:
    """A table whose rows lag behind.

    Attributes
    ----------
    table : shared variable
    slots : dict
        The rule's name of each slot, and the shared variable.
    place : Place
        Of the rows of one call.
    last : shared int64 variable
        One number per row: the call that it is up to date with.
    rates : variable or None
        The factor of the learning rate of each row.
    """

    table: SharedVariable
    slots: dict[str, SharedVariable]
    place: Place
    last: SharedVariable
    rates: Variable | None = None


class CatchUp:
    """What one update records of its calls, and the tables whose rows lag behind.

    Attributes
    ----------
    calls : shared int64 scalar
        Calls since the last flush.
    history : shared float64 matrix
        A line for each call since the last flush, a column for each number that the closed form
        records of a call; line 0 is what was before.
    tables : list of Tracked
    """

    def __init__(
        self,
        rule: Definition,
        form: ClosedForm,
        hyper: Mapping[str, Scalar],
        exact: Mapping[str, Variable],
        new_slot: Callable[[str, np.ndarray], TensorSharedVariable],
    ) -> None:
        self.rule, self.form, self.exact = rule, form, exact
        self.tables: list[Tracked] = []
        self.ratio = _ratio(rule, form, hyper)
        self.calls = new_slot("calls", np.array(0))
        if form.columns:
            self.history = new_slot("history", np.zeros((CAPACITY, len(form.columns))))

    def read(
        self, tracked: Tracked, place: Place
    ) -> tuple[TensorVariable, dict[str, TensorVariable]]:
        """``(value, slots)`` of a block as the dense rule would have left them."""
        value = place.read(tracked.table)
        slots = {name: place.read(slot) for name, slot in tracked.slots.items()}
        missed = _MissedCalls(self, place, place.of_rows().read(tracked.last), value.type.dtype)
        moved, new = self.form.catch_up(
            value,
            Names(f"{self.rule.name}: the closed form reads the slot", slots),
            Names(f"{self.rule.name}: the closed form reads the hyper-parameter", self.exact),
            missed,
        )
        if set(new) != set(slots):
            raise ArgumentError(
                f"{self.rule.name}: the closed form returned the slots "
                f"{', '.join(new) or 'none'}: return all of the rule's, "
                f"{', '.join(slots) or 'none'}"
            )
        if tracked.rates is not None:
            moved = value + place.of_rows().read(tracked.rates) * (moved - value)
        cast = {name: pt.cast(new[name], slot.type.dtype) for name, slot in slots.items()}
        return pt.cast(moved, value.type.dtype), cast

    def line(self, call: Variable) -> Names:
        """What was recorded of a call, or of a block of calls."""
        columns = enumerate(self.form.columns)
        return Names(
            f"{self.rule.name}: the closed form reads the column",
            {name: self.history[call, column] for column, name in columns},
        )

    def advance(self, rates: Mapping[str, Variable]) -> dict[SharedVariable, Variable]:
        """The updates of `calls` and of the history, given the rates of this call."""
        call = self.calls + 1
        call.name = "the number of calls since updates.flush()"
        updates: dict[SharedVariable, Variable] = {self.calls: call}
        if self.form.record is not None:
            what = f"{self.rule.name}: the closed form records the hyper-parameter"
            hyper = Names(what, {**self.exact, **rates})
            recorded = self.form.record(hyper, self.line(self.calls))
            line = pt.stack([pt.cast(recorded[name], "float64") for name in self.form.columns])
            updates[self.history] = pt.set_subtensor(self.history[call], line)
        return updates

    def restart(self) -> dict[SharedVariable, Variable]:
        """The updates that make all rows count from now on, when all are up to date."""
        updates: dict[SharedVariable, Variable] = {
            tracked.last: pt.zeros_like(tracked.last) for tracked in self.tables
        }
        updates[self.calls] = pt.zeros_like(self.calls)
        if self.form.columns:
            updates[self.history] = pt.set_subtensor(self.history[0], self.history[self.calls])
        return updates


def _ratio(rule: Definition, form: ClosedForm, hyper: Mapping[str, Scalar]) -> float:
    """How many times the step before each missed step is at most; below 1, so that sums end."""
    for name in form.constants:
        if not isinstance(hyper[name], Number):
            raise HyperparameterError(
                f"{rule.name}: {name} is {hyper[name]!r}, but unused='exact' takes one value of "
                "it for all missed steps: give a number"
            )
    ratio = form.ratio(Names(f"{rule.name}: the ratio reads", hyper)) if form.ratio else 0.0
    if ratio >= 1:
        given = " and ".join(f"{name} = {hyper[name]}" for name in form.constants)
        raise HyperparameterError(
            f"{rule.name}: with {given} the steps of an unused row do not die away, so "
            "unused='exact' cannot add them up: take a smaller beta1, or a larger beta2"
        )
    return ratio


class _MissedCalls:
    """The calls that the rows of a block missed, see :class:`MissedCalls`."""

    def __init__(self, catch_up: CatchUp, place: Place, last: Variable, dtype: str) -> None:
        self._catch_up, self._place, self._last, self._dtype = catch_up, place, last, dtype
        self.count = pt.cast(catch_up.calls - last, "float64")

    @property
    def then(self) -> Any:
        return self._catch_up.line(self._last)

    @property
    def now(self) -> Any:
        return self._catch_up.line(self._catch_up.calls)

    def less_steps(
        self,
        value: Variable,
        m: Variable,
        root: Variable,
        beta1: Variable,
        beta: Variable | float,
        decays: bool = False,
    ) -> Variable:
        catch_up = self._catch_up
        end = pt.minimum(self._last + self._terms(), catch_up.calls)
        # MissedSteps wants rows before the entries within a row.
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
        if not decays:
            return value - steps
        log_kept = self.now.log_kept
        kept = pt.exp(log_kept - self.then.log_kept)
        kept_since_end = pt.exp(log_kept - catch_up.line(end).log_kept)
        return kept * value - kept_since_end * steps

    def _terms(self) -> int:
        """How many steps count: the rest is less than half a unit in the first one's last place."""
        catch_up = self._catch_up
        if catch_up.form.columns[: len(STEP_COLUMNS)] != STEP_COLUMNS or not catch_up.form.ratio:
            raise ArgumentError(
                f"{catch_up.rule.name}: the closed form adds up steps, so its columns must begin "
                f"with {STEP_COLUMNS}, and it must have a ratio"
            )
        if not catch_up.ratio:
            return 1
        precision = np.finfo(self._dtype).eps / 2 * (1 - catch_up.ratio)
        return math.ceil(math.log(precision) / math.log(catch_up.ratio))
