"""Averages of the parameters over the calls, at the price of the rows that each call touches."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.join import distinct_place
from symgrad.cost.place import Place
from symgrad.emit.updates import Move, Updates, free_name
from symgrad.errors import ArgumentError, HyperparameterError
from symgrad.graph.index_reads import Read, describe
from symgrad.pytensor_compat import stored_shape

__all__ = ["Averages", "ema", "polyak"]


@dataclass(frozen=True)
class _Average:
    """The average of one table, and for each row the number of calls that it includes."""

    value: SharedVariable
    seen: SharedVariable | None  # None for a dense parameter, all of which is in every call


class Averages(Updates):
    """Updates of the averages of some parameters; join them to those of the rule.

    Attributes
    ----------
    slots : dict
        Name to shared variable: ``slots["ema/W"]`` is the average of `W`, of its shape and dtype,
        ``slots["ema_seen/W"]`` the number of calls that each row of it includes, in int64, if `W`
        is read by index, and ``slots["ema_calls"]`` the number of calls. The slots of
        :func:`polyak` begin with ``polyak``.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.sgd(W[index].sum(), W, learning_rate=1.0)
    >>> averages = sg.ema(updates, decay=0.5)
    >>> step = sg.function([index], updates=updates | averages)
    >>> step([0, 0]), step([1])
    (None, None)
    >>> averages.value(W).ravel().tolist()
    [-0.5, 0.5, 1.0]
    """

    def __init__(self, updates: Updates, name: str, kept: Callable) -> None:
        super().__init__()
        self._kept = kept
        self._tables: dict[SharedVariable, _Average] = {}
        self._calls = self._slot(f"{name}_calls", np.array(0, "int64"))
        for number, move in enumerate(updates.moves):
            self._average(move, name, move.table.name or f"param{number}")
        self[self._calls] = self._calls + 1

    def value(self, param: SharedVariable) -> np.ndarray:
        """The average of a parameter, including the calls that its rows have missed so far.

        Parameters
        ----------
        param : shared variable

        Returns
        -------
        array of the parameter's shape and dtype
            A new array; the slots do not change.

        Raises
        ------
        ArgumentError
            If the updates do not move the parameter.
        """
        if param not in self._tables:
            raise ArgumentError(
                f"{describe(param)} has no average: the updates that were averaged move "
                f"{', '.join(map(describe, self._tables))}; give one of these"
            )
        average = self._tables[param]
        value: np.ndarray = average.value.get_value()
        if average.seen is None:
            return value
        now = param.get_value(borrow=True)
        since, calls = (x.get_value(borrow=True) for x in (average.seen, self._calls))
        kept = self._kept(since.astype("float64"), np.float64(calls)).astype(value.dtype)
        return now + (value - now) * kept

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the parameters the values of their averages for the length of a ``with`` block.

        Evaluate in the block, but do not train: at its end the parameters get back the values that
        they had before.

        Examples
        --------
        >>> import numpy as np, symgrad as sg
        >>> w = sg.shared(np.array(4.0), name="w")
        >>> updates = sg.sgd(w, w, learning_rate=2.0)
        >>> averages = sg.polyak(updates)
        >>> step = sg.function([], updates=updates | averages)
        >>> step(), step()
        (None, None)
        >>> with averages.applied():
        ...     print(w.get_value())
        1.0
        >>> print(w.get_value())
        0.0
        """
        values = {table: self.value(table) for table in self._tables}
        before = {table: table.get_value(borrow=True) for table in self._tables}
        try:
            for table, value in values.items():
                table.set_value(value, borrow=True)
            yield
        finally:
            for table, value in before.items():
                table.set_value(value, borrow=True)

    def _average(self, move: Move, name: str, table_name: str) -> None:
        """Add the slots of one table and their updates."""
        table, (place, old, new) = move.table, _distinct_rows(move)
        kept = self._factor(table.type.dtype)
        average = self._slot(f"{name}/{table_name}", table.get_value(), table.type.shape)
        past, seen = place.read(average), None
        if place.indices:
            shape = place.row_shape(stored_shape(table))
            static = place.row_shape(table.type.shape)
            seen = self._slot(f"{name}_seen/{table_name}", np.zeros(shape, "int64"), static)
            rows = place.of_rows().read(seen)
            past = old + (past - old) * kept(rows, self._calls)
            self[seen] = place.of_rows().write(seen, pt.zeros_like(rows) + (self._calls + 1))
        self[average] = place.write(
            average, new + (past - new) * kept(self._calls, self._calls + 1)
        )
        self._tables[table] = _Average(average, seen)

    def _factor(self, dtype: str) -> Callable:
        """The law, computed in float64, with its result in the dtype of a table."""

        def factor(since: Variable, to: Variable) -> Variable:
            since, to = (pt.cast(calls, "float64") for calls in (since, to))
            return pt.cast(self._kept(since, to), dtype)

        return factor

    def _slot(self, name: str, value: Any, static: Sequence = ()) -> SharedVariable:
        name = free_name(name, self.slots)
        self.slots[name] = pytensor.shared(value, name=name, borrow=True, shape=static)
        return self.slots[name]


def _distinct_rows(move: Move) -> tuple[Place, Variable, Variable]:
    """The place of a move with each row once, and its rows before and after the step."""
    place, step = move.place, move.step
    if not place.distinct:
        if len(place.axes) > 1:
            raise ArgumentError(
                f"entries of {describe(move.table)} are chosen by {len(place.axes)} indices, may "
                "repeat, and are moved one repeat after the other: give write='set' to the rule, "
                "which then moves each once"
            )
        read = Read(move.table, place.read(move.table), (place.indices,))
        place, step = distinct_place([read], [step])
    old = place.read(move.table)
    return place, old, old + step


def ema(updates: Updates, decay: float = 0.999) -> Averages:
    r"""Exponential moving average of the parameters.

    Law, in every call and for every row, after the rule has moved the parameter::

        average = decay * average + (1 - decay) * value

    .. math:: \bar w_t = d\, \bar w_{t-1} + (1 - d)\, w_t, \qquad \bar w_0 = w_0

    A row that a call does not touch costs nothing: its value stays, so ``k`` such calls are made up
    for at once, when the row is next touched or its average is asked for::

        average = value + (average - value) * decay**k

    Parameters
    ----------
    updates : Updates
        What a rule returned, or several joined with ``|``. All parameters in it are averaged.
    decay : float, in [0, 1)
        The part of the average that each call keeps (no unit); the average looks back about
        ``1 / (1 - decay)`` calls.

    Returns
    -------
    Averages
        Give ``updates | averages`` to the function.

    Raises
    ------
    HyperparameterError
        For a `decay` out of its range.
    ArgumentError
        For updates that were not returned by a rule, updates with ``unused="exact"``, where rows
        change in calls that do not touch them, and updates of `sgd` at entries ``table[i, j]``,
        which may repeat, unless they were made with ``write="set"``.

    Notes
    -----
    ``AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))`` of torch 2, if its first
    ``update_parameters`` is called before the first step: the average starts from the values that
    the parameters have when this function is called, and needs no bias correction. ``ema`` of
    optax starts from 0 and corrects the bias.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> w = sg.shared(np.array(1.0), name="w")
    >>> updates = sg.sgd(w, w, learning_rate=1.0)
    >>> averages = sg.ema(updates, decay=0.75)
    >>> step = sg.function([], updates=updates | averages)
    >>> step(), averages.value(w).tolist()
    (None, 0.75)
    """
    if not isinstance(decay, Real) or not 0 <= decay < 1:
        raise HyperparameterError(f"ema: decay is {decay!r}: give a number from 0 to below 1")
    decay = float(decay)
    return _averages(updates, "ema", lambda since, to: decay ** (to - since))


def polyak(updates: Updates, start: int = 0) -> Averages:
    r"""Mean of all values that the parameters have had after a call.

    Law, in every call ``t > start`` and for every row, after the rule has moved the parameter::

        average = average + (value - average) / (t - start)

    .. math:: \bar w_t = \frac{1}{t - s} \sum_{i=s+1}^{t} w_i

    Up to call `start` the average is the value itself. A row that the last ``k`` of ``n`` averaged
    calls did not touch is made up for at once, when it is next touched or its average is asked
    for::

        average = value + (average - value) * (n - k) / n

    Parameters
    ----------
    updates : Updates
        What a rule returned, or several joined with ``|``. All parameters in it are averaged.
    start : int, >= 0
        The number of calls to leave out at the beginning [calls].

    Returns
    -------
    Averages
        Give ``updates | averages`` to the function.

    Raises
    ------
    HyperparameterError
        For a `start` that is not a whole number from 0.
    ArgumentError
        For updates that :func:`ema` does not take.

    Notes
    -----
    ``AveragedModel`` of torch 2 with its defaults, and ``update_parameters`` after each step from
    step `start` on: the initial values do not count.

    References
    ----------
    .. [1] Polyak & Juditsky (1992), Acceleration of stochastic approximation by averaging.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> w = sg.shared(np.array(4.0), name="w")
    >>> updates = sg.sgd(w, w, learning_rate=1.0)
    >>> averages = sg.polyak(updates, start=1)
    >>> step = sg.function([], updates=updates | averages)
    >>> [(step(), averages.value(w).tolist())[1] for call in range(3)]
    [3.0, 2.0, 1.5]
    """
    if not isinstance(start, Integral) or isinstance(start, bool) or start < 0:
        raise HyperparameterError(f"polyak: start is {start!r}: give a whole number from 0")
    start = int(start)

    def counted(calls: Any) -> Any:
        return (calls - start) * (calls > start)

    # While nothing counts yet this is 0 / 1: the average is the value.
    return _averages(
        updates, "polyak", lambda since, to: counted(since) / (counted(to) + (to <= start))
    )


def _averages(updates: Updates, name: str, kept: Callable) -> Averages:
    """Averages under a law: the part of the average of call `since` that is left in call `to`."""
    if not getattr(updates, "moves", ()):
        raise ArgumentError(
            f"{name} was given updates that do not say how parameters move: give what a rule "
            "returned, as in updates = sg.adam(cost, params)"
        )
    if updates.caught_up:
        raise ArgumentError(
            f"{name} was given updates with unused='exact', where rows also change between the "
            "calls that touch them, which their averages would miss: use unused='keep', or "
            "unused='decay'"
        )
    return Averages(updates, name, kept)
