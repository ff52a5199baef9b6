"""Closed forms: what the calls that did not read a row would have made of it.

With ``unused="exact"`` a row is brought up to date when it is next read, by the closed form of the
rule: a function of the row, its slots and the calls that it missed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pytensor.graph.basic import Variable

from symgrad.errors import ArgumentError

__all__ = ["STEP_COLUMNS", "CatchUpFunction", "ClosedForm", "MissedCalls", "NoClosedForm"]

# The first columns of the history if steps are added up, in the order that `MissedSteps` takes.
STEP_COLUMNS = ("rate", "scale", "epsilon", "kept")


class MissedCalls(Protocol):
    """The calls that the rows of a block missed.

    Attributes
    ----------
    count : float64 block
        How many, one number per row.
    then, now : namespaces
        The columns of the closed form, as of the last call that each row is up to date with, and
        as of the last call of all.
    """

    @property
    def count(self) -> Variable: ...

    @property
    def then(self) -> Any: ...

    @property
    def now(self) -> Any: ...

    def less_steps(
        self,
        value: Variable,
        m: Variable,
        root: Variable,
        beta1: Variable,
        beta: Variable | float,
        decays: bool = False,
    ) -> Variable:
        """The value after the steps ``rate * m / (scale * root + epsilon)`` of falling averages.

        In each missed call `m` is multiplied by `beta1` and `root` by `beta`. The columns of the
        closed form must begin with ``STEP_COLUMNS``. If the value `decays`, there must be a column
        ``log_kept``, the logarithm of what all calls so far have left of a value.
        """


class CatchUpFunction(Protocol):
    """``(value, slots, hyper, missed) -> (value, new slots)``, on blocks."""

    def __call__(
        self, value: Variable, slots: Any, hyper: Any, missed: MissedCalls, /
    ) -> tuple[Variable, Mapping[str, Variable]]: ...


@dataclass(frozen=True)
class ClosedForm:
    """What several steps with a gradient of zero make of a row, in one formula.

    Attributes
    ----------
    catch_up : callable
        ``(value, slots, hyper, missed) -> (value, new slots)`` on blocks. ``missed.count`` is the
        number of missed calls of each row; ``missed.then`` and ``missed.now`` have the `columns`
        as of the call that a row is up to date with, and as of the last call.
    constants : tuple of str
        The hyper-parameters that must be numbers, because the formula takes the same value for
        all missed calls.
    columns : tuple of str
        What is recorded of every call, one number each, if hyper-parameters may change.
    record : callable or None
        ``(hyper, before) -> {column: number}`` for a call, given the columns of the call before.
    ratio : callable or None
        ``hyper -> number``: each missed step is at most this many times the step before. Needed
        by ``missed.less_steps``, which adds up steps until they are too small to count.
    scales : bool
        What a row gains is in proportion to the learning rate, so that ``row_rates`` apply.

    Raises
    ------
    HyperparameterError
        If a field is not of the kind above, or `columns` and `record` are not given together.

    Examples
    --------
    Momentum: without a gradient, a velocity rolls out like a geometric series.

    >>> import symgrad as sg
    >>> def roll(w, slots, h, missed):
    ...     kept = h.momentum**missed.count
    ...     way = h.momentum * (1 - kept) / (1 - h.momentum)
    ...     return w + way * slots.velocity, {"velocity": kept * slots.velocity}
    >>> sg.ClosedForm(roll, constants=("momentum",)).columns
    ()
    """

    catch_up: CatchUpFunction
    constants: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    record: Callable[[Any, Any], Mapping[str, Variable | float]] | None = None
    ratio: Callable[[Any], float] | None = None
    scales: bool = True

    def __post_init__(self) -> None:
        for name in ("catch_up", "record", "ratio"):
            field = getattr(self, name)
            if not callable(field) and (field is not None or name == "catch_up"):
                raise ArgumentError(
                    f"ClosedForm got {field!r} as {name}, which is not callable: give a function"
                )
        for name in ("constants", "columns"):
            if isinstance(getattr(self, name), str):
                raise ArgumentError(
                    f"ClosedForm got {getattr(self, name)!r} as {name}: give a tuple of names"
                )
        if bool(self.columns) != (self.record is not None):
            raise ArgumentError(
                "ClosedForm got columns without record, or record without columns: give the "
                "names of what is recorded of a call, and the function that computes it"
            )


@dataclass(frozen=True)
class NoClosedForm:
    """There is none, for the `reason` that an error gives.

    Attributes
    ----------
    reason : str
        Completes the sentence "there is no closed form, because ...".
    """

    reason: str
