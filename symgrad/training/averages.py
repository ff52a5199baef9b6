"""Averages of the parameters over the calls, at the cost of the rows that each call touches."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.cost.join import distinct_place
from symgrad.emit.updates import Updates, free_name
from symgrad.errors import HyperparameterError
from symgrad.graph.index_reads import Read, describe

__all__ = ["Averages", "ema", "polyak"]


@dataclass(frozen=True)
class _Average:
    """The average of one table; `seen` counts, for each row, the calls that it includes."""

    value: SharedVariable
    seen: SharedVariable | None  # None for a dense parameter, whose rows are all in every call


class Averages(Updates):
    """Updates of the averages of some parameters; join them to those of the rule.

    Attributes
    ----------
    slots : dict
        Name to shared variable: ``slots["ema/W"]`` is the average of `W`, of its shape and dtype,
        ``slots["ema_seen/W"]`` the number of calls that each row of it includes, in int64, if `W`
        is read by index, and ``slots["ema_calls"]`` the number of calls. Of :func:`polyak` they
        begin with ``polyak``.

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

    def __init__(self, updates, name, kept):
        super().__init__()
        self._kept, self._tables = kept, {}
        self._calls = self._slot(f"{name}_calls", np.array(0, "int64"))
        for number, move in enumerate(updates.moves):
            self._average(move, name, move.table.name or f"param{number}")
        self[self._calls] = self._calls + 1

    def value(self, param):
        """The average of a parameter, with the calls that its rows still miss.

        Parameters
        ----------
        param : shared variable

        Returns
        -------
        array of the parameter's shape and dtype
            A new one. The slots do not change.

        Raises
        ------
        HyperparameterError
            If the updates do not move the parameter.
        """
        if param not in self._tables:
            raise HyperparameterError(
                f"{describe(param)} has no average: the updates that were averaged move "
                f"{', '.join(map(describe, self._tables))}; give one of these"
            )
        average = self._tables[param]
        value = average.value.get_value()
        if average.seen is None:
            return value
        now = param.get_value(borrow=True)
        since, calls = (x.get_value(borrow=True) for x in (average.seen, self._calls))
        kept = self._kept(since.astype("float64"), np.float64(calls)).astype(value.dtype)
        return now + (value - now) * kept

    @contextmanager
    def applied(self):
        """Let the parameters have the values of their averages for the length of a block.

        Evaluate in it, do not train: at its end the parameters are what they were before.

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

    def _average(self, move, name, of):
        """The slots of one table and their updates."""
        table, (place, old, new) = move.table, _block(move)
        kept = self._factor(table.type.dtype)
        average = self._slot(f"{name}/{of}", table.get_value(), table.type.shape)
        past, seen = place.read(average), None
        if place.indices:
            shape = place.row_shape(np.shape(table.container.storage[0]))
            static = place.row_shape(table.type.shape)
            seen = self._slot(f"{name}_seen/{of}", np.zeros(shape, "int64"), static)
            rows = place.of_rows().read(seen)
            past = old + (past - old) * kept(rows, self._calls)
            self[seen] = place.of_rows().write(seen, pt.zeros_like(rows) + (self._calls + 1))
        self[average] = place.write(
            average, new + (past - new) * kept(self._calls, self._calls + 1)
        )
        self._tables[table] = _Average(average, seen)

    def _factor(self, dtype):
        """The law in float64, its result in a table's dtype."""

        def factor(since, to):
            since, to = (pt.cast(calls, "float64") for calls in (since, to))
            return pt.cast(self._kept(since, to), dtype)

        return factor

    def _slot(self, name, value, static=()):
        name = free_name(name, self.slots)
        self.slots[name] = pytensor.shared(value, name=name, borrow=True, shape=static)
        return self.slots[name]


def _block(move):
    """The place of a move with each row once, its rows before the step and after it."""
    place, step = move.place, move.step
    if not place.distinct:
        if len(place.axes) > 1:
            raise HyperparameterError(
                f"entries of {describe(move.table)} are chosen by {len(place.axes)} indices, may "
                "repeat, and are moved one repeat after the other: give write='set' to the rule, "
                "which then moves each once"
            )
        read = Read(move.table, place.read(move.table), (place.indices,))
        place, step = distinct_place([read], [step])
    old = place.read(move.table)
    return place, old, old + step


def ema(updates, decay=0.999):
    r"""Exponential moving average of the parameters.

    Law, in every call and for every row, once the rule has moved the parameter::

        average = decay * average + (1 - decay) * value

    .. math:: \bar w_t = d\, \bar w_{t-1} + (1 - d)\, w_t, \qquad \bar w_0 = w_0

    A row that the call does not touch costs nothing: its value stays, so that ``k`` such calls are
    made up for in one, when it is next touched or its average is asked for::

        average = value + (average - value) * decay**k

    Parameters
    ----------
    updates : Updates
        What a rule returned, or several joined with ``|``. All parameters in it are averaged.
    decay : float, in [0, 1)
        What stays of the average in a call (no unit); it looks back about ``1 / (1 - decay)``
        calls.

    Returns
    -------
    Averages
        Give ``updates | averages`` to the function.

    Raises
    ------
    HyperparameterError
        For a `decay` out of its range, updates that name no moves, updates with
        ``unused="exact"``, where rows change in calls that do not touch them, and those of `sgd`
        at entries ``table[i, j]``, which may repeat, unless they are made with ``write="set"``.

    Notes
    -----
    ``AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))`` of torch 2, when its first
    ``update_parameters`` is made before the first step. So the average starts from the values that
    the parameters have when this is called, and has no correction of a bias; ``ema`` of optax
    starts from 0 and has one.

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


def polyak(updates, start=0):
    r"""Mean of all values that the parameters have had after a call.

    Law, in every call ``t > start`` and for every row, once the rule has moved the parameter::

        average = average + (value - average) / (t - start)

    .. math:: \bar w_t = \frac{1}{t - s} \sum_{i=s+1}^{t} w_i

    As far as call `start` the average is the value itself. A row that the last ``k`` of ``n``
    averaged calls did not touch is made up for in one, when it is next touched or its average is
    asked for::

        average = value + (average - value) * (n - k) / n

    Parameters
    ----------
    updates : Updates
        What a rule returned, or several joined with ``|``. All parameters in it are averaged.
    start : int, >= 0
        How many calls to leave out before [calls].

    Returns
    -------
    Averages
        Give ``updates | averages`` to the function.

    Raises
    ------
    HyperparameterError
        For a `start` that is no whole number from 0, and updates that :func:`ema` refuses.

    Notes
    -----
    ``AveragedModel`` of torch 2 as it is by default, with ``update_parameters`` after each step
    from the one numbered `start`: the initial values do not count.

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

    def counted(calls):
        return (calls - start) * (calls > start)

    # Where nothing counts yet, 0 / 1: nothing of the average stays, it becomes the value.
    return _averages(
        updates, "polyak", lambda since, to: counted(since) / (counted(to) + (to <= start))
    )


def _averages(updates, name, kept: Callable):
    """Averages under a law: what is left of the average of call `since` in call `to`."""
    if not getattr(updates, "moves", ()):
        raise HyperparameterError(
            f"{name} was given updates that do not say how parameters move: give what a rule "
            "returned, as in updates = sg.adam(cost, params)"
        )
    if updates.caught_up:
        raise HyperparameterError(
            f"{name} was given updates with unused='exact', where rows change also between the "
            "calls that touch them, which their averages would miss: use unused='keep', or "
            "unused='decay'"
        )
    return Averages(updates, name, kept)
