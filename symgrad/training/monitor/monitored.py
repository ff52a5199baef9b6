"""Updates that are looked at: ``sg.monitor(updates)``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Move, Updates, free_name
from symgrad.errors import ArgumentError
from symgrad.pytensor_compat import stored
from symgrad.training.monitor.scalars import ages, measures, with_distinct_rows
from symgrad.training.monitor.sinks import LiveTable, log_line, save_plot

__all__ = ["Monitored", "monitor"]

logger = logging.getLogger("symgrad")

Sink = Callable[[int, dict[str, float]], Any]


def monitor(
    updates: Updates,
    every: int = 1,
    callback: Sink | None = None,
    log: bool = False,
    table: bool | TextIO = False,
) -> Monitored:
    """Look at what updates do: norms, NaNs, and which rows are used, every so many calls.

    Law, over the distinct rows that a call touches (all of a parameter that is updated densely)::

        value_norm       = sqrt(sum(value ** 2))     before the step
        gradient_norm    = sqrt(sum(gradient ** 2))  as the rule gets it, after transforms
        step_norm        = sqrt(sum(step ** 2))      what is added, after mask and constraint
        update_to_weight = step_norm / value_norm
        nonfinite        = number of NaN and infinite entries of gradient and step

    and for tables that are read by index::

        rows     = number of rows that the call touches
        coverage = share of the table's rows that this call or one before it touched
        age      = mean, over the rows of the call that some call before it touched, of how many
                   calls ago the last one was; 0 if there are none

    Parameters
    ----------
    updates : Updates
        As a rule returns them, or several joined with ``|``.
    every : int, >= 1
        The calls ``every``, ``2 * every``... of a function that :func:`symgrad.function` made
        with these updates are reported [calls].
    callback : callable, optional
        ``callback(step, scalars)``: the number of the call, from 1, and ``{name: float}``.
    log : bool
        Write a line for each report to the logger ``symgrad``, at level INFO.
    table : bool or text file
        Draw a table over the last one on a terminal, by default that of standard output; print
        a line where it is no terminal.

    Returns
    -------
    Monitored
        The updates, with ``scalars``, ``history`` and ``plot(path)``. Besides those of `updates`
        they hold the slots ``monitored_calls``, and for each table that is read by index
        ``last_call/<table>``, an int64 for each row, and ``<table>/rows_touched``.

    Raises
    ------
    HyperparameterError
        For updates of which no step is known, or that are monitored already, and for other
        arguments out of their range.

    Notes
    -----
    All scalars are float64, and sums are taken in float64. If the first output of the function is
    a scalar, a report has it as ``cost``. A report comes after the tables are updated: if the
    callback raises, the error reaches whoever called the function, and the step is done. Calls that
    fail are not reported and not counted; those that ``nan="skip"`` leaves out are reported only.

    The scalars are computed by a function of its own, before the step, so the step is what it is
    without a monitor (but that the compiler may round the last digit otherwise), and a reported
    call costs about two others. As outputs, scalars cost less on C and Numba, but keep updates
    from being fused, and JAX may copy the tables. After
    :func:`symgrad.embeddings.move_rows` set ``<table>/rows_touched`` to the number of rows whose
    ``last_call`` is not 0.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> cost = (W[index] ** 2).sum()
    >>> watch = sg.monitor(sg.sgd(cost, W, learning_rate=0.25), every=2)
    >>> f = sg.function([index], cost, updates=watch)
    >>> for rows in ([0], [0, 0, 2], [1], [0]):
    ...     cost = f(rows)
    >>> for step, scalars in watch.history:
    ...     print(step, scalars["rows/W"], scalars["coverage/W"], scalars["age/W"])
    2 2.0 0.5 1.0
    4 1.0 0.75 2.0
    """
    _check(updates, every, callback)
    slot = pytensor.shared(np.array(0), name="monitored_calls")
    now = slot + 1
    scalars: dict[str, Variable] = {}
    joined = updates | Updates({slot: now}, {slot.name: slot})
    for name, move in _named(updates.moves):
        measured = measures(with_distinct_rows(move))
        if move.place.indices:
            usage, kept = ages(move, now, name)
            measured |= usage
            joined = joined | Updates(kept, {new_slot.name: new_slot for new_slot in kept})
        scalars |= {f"{measure}/{name}": value for measure, value in measured.items()}
    sinks: list[Sink] = []
    if log:
        sinks.append(_log)
    if table:
        sinks.append(LiveTable(sys.stdout if table is True else table).write)
    if callback is not None:
        sinks.append(callback)
    return Monitored(joined, ScalarWatch(slot, now, scalars, every, sinks))


def _log(step: int, scalars: dict[str, float]) -> None:
    logger.info("%s", log_line(step, scalars))


class ScalarWatch:
    """When to report, what, and to whom; a :class:`symgrad.emit.watch.Watch`."""

    def __init__(
        self,
        calls: SharedVariable,
        now: Variable,
        scalars: dict[str, Variable],
        every: int,
        sinks: Sequence[Sink],
    ) -> None:
        self.scalars = scalars
        self.history: list[tuple[int, dict[str, float]]] = []
        # One vector, not many scalars: every output of a function costs some microseconds.
        self.vector = pt.stack([pt.cast(now, "float64"), *scalars.values()])
        self._calls, self._every, self._sinks = calls, every, sinks

    def reporter(
        self, measure: Callable[..., np.ndarray], outputs: Sequence[Variable]
    ) -> ScalarReporter:
        """What a function with these outputs asks around each call.

        `measure` is compiled by itself and computes the vector: were it an output of the function
        that steps, the compiler would fuse the arithmetic of the step otherwise, and round it
        otherwise.
        """
        return ScalarReporter(self, measure, self._has_cost(outputs))

    def is_due(self) -> bool:
        """Is the next call to be reported?"""
        return (int(stored(self._calls)) + 1) % self._every == 0

    def report(self, step: int, scalars: dict[str, float]) -> None:
        """Keep the scalars of a call, and hand them on."""
        self.history.append((step, scalars))
        for sink in self._sinks:
            sink(step, scalars)

    def _has_cost(self, outputs: Sequence[Variable]) -> bool:
        """Is the first output a scalar that is not one of the monitor's own?"""
        own = set(self.scalars.values())
        return bool(outputs) and outputs[0].type.ndim == 0 and outputs[0] not in own


class ScalarReporter:
    """Measures before a call, and reports after it; a :class:`symgrad.emit.watch.Reporter`."""

    def __init__(
        self, watch: ScalarWatch, measure: Callable[..., np.ndarray], has_cost: bool
    ) -> None:
        self._watch, self._measure, self._has_cost = watch, measure, has_cost

    def measure(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> np.ndarray | None:
        """The vector of the scalars if the call is due to be reported, else None."""
        return self._measure(*args, **kwargs) if self._watch.is_due() else None

    def report(self, measured: np.ndarray, values: Sequence[np.ndarray]) -> None:
        """Report what was measured; `values` are those of the outputs."""
        step, *numbers = measured.tolist()
        scalars = {"cost": float(values[0])} if self._has_cost else {}
        scalars |= zip(self._watch.scalars, numbers, strict=True)
        self._watch.report(int(step), scalars)


class Monitored(Updates):
    """Updates that are reported when a function runs them; made by :func:`monitor`.

    Attributes
    ----------
    scalars : dict
        ``"<measure>/<parameter>"`` to a float64 scalar variable; may be outputs.
    history : list of (step, scalars)
        All reports so far, as a callback gets them.
    watch : ScalarWatch
    """

    watch: ScalarWatch

    def __init__(self, updates: Updates, watch: ScalarWatch) -> None:
        super().__init__(
            updates,
            updates.slots,
            updates.dense,
            updates.moves,
            updates.caught_up,
            updates.catch_ups,
            watch,
        )

    @property
    def scalars(self) -> dict[str, Variable]:
        return self.watch.scalars

    @property
    def history(self) -> list[tuple[int, dict[str, float]]]:
        return self.watch.history

    def plot(self, path: str | Path) -> None:
        """Save a plot of the history: each measure over the calls, a line for each parameter.

        Parameters
        ----------
        path : path
            Its suffix tells the format, as ``.png`` or ``.pdf``.

        Raises
        ------
        BackendError
            If matplotlib is not installed.
        HyperparameterError
            If no call has been reported.
        """
        save_plot(self.history, path)

    def __or__(self, other: Updates) -> Monitored:  # type: ignore[override]
        """Both updates in one, of which these are monitored."""
        if isinstance(other, Monitored):
            raise ArgumentError(
                "both of these updates are monitored, and a function reports to one monitor: "
                "join them first, sg.monitor(first | second)"
            )
        return Monitored(super().__or__(other), self.watch)

    __ior__ = __or__

    def __ror__(self, other: Updates) -> Monitored:  # type: ignore[override]
        other = other if isinstance(other, Updates) else Updates(other)
        return Monitored(Updates.__or__(other, self), self.watch)


def _check(updates: Updates, every: int, callback: Sink | None) -> None:
    if isinstance(updates, Monitored):
        raise ArgumentError(
            "monitor was given updates that are monitored already: give what the rule returned, "
            "and all sinks at once"
        )
    if not isinstance(updates, Updates) or not updates.moves:
        raise ArgumentError(
            f"monitor was given a {type(updates).__name__} that knows of no step: give the updates "
            "that a rule returns, sg.monitor(sg.adam(cost, params))"
        )
    if isinstance(every, bool) or not isinstance(every, Integral) or every < 1:
        raise ArgumentError(f"monitor: every is {every!r}: give a whole number of calls, 1 or more")
    if callback is not None and not callable(callback):
        raise ArgumentError(
            f"monitor: callback is {callback!r}, which cannot be called: give a function of the "
            "step and the scalars"
        )


def _named(moves: Iterable[Move]) -> Iterable[tuple[str, Move]]:
    """``(name, move)``, each name once."""
    named: dict[str, Move] = {}
    for number, move in enumerate(moves):
        named[free_name(move.table.name or f"param{number}", named)] = move
    return named.items()
