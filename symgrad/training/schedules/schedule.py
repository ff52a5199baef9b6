"""What a schedule is, and how its numbers are read."""

from dataclasses import dataclass
from numbers import Number

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError

__all__ = ["Schedule", "exact", "numbers"]

# The ranges of numbers, as a test and in words.
_RANGES = {
    "rate": (lambda x: x >= 0, "at least 0"),
    "low": (lambda x: x >= 0, "at least 0"),
    "high": (lambda x: x >= 0, "at least 0"),
    "min_rate": (lambda x: x >= 0, "at least 0"),
    "decay": (lambda x: x >= 0, "at least 0"),
    "threshold": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "calls": (lambda x: x > 0, "above 0"),
    "factor": (lambda x: x > 0, "above 0"),
    "start": (lambda x: 0 <= x <= 1, "in [0, 1]"),
    "patience": (lambda x: x >= 0, "at least 0"),
    "cooldown": (lambda x: x >= 0, "at least 0"),
}


@dataclass(frozen=True, eq=False)
class Schedule:
    """A learning rate, and the updates of what it depends on.

    Attributes
    ----------
    rate : scalar variable
        The learning rate of this call, in float64, for a rule's ``learning_rate=``.
    updates : Updates
        What advances it with every call: join it to those of the rule. Its slots have names,
        ``schedule.updates.slots["calls"].set_value(0)`` starts anew.
    """

    rate: Variable
    updates: Updates


def numbers(schedule, **given):
    """The given numbers and scalars as float64 expressions, in order, checked."""
    for name, value in given.items():
        test, words = _RANGES[name]
        if isinstance(value, Number):
            if not test(value):
                raise HyperparameterError(f"{schedule}: {name} is {value}: it must be {words}")
        elif not isinstance(value, Variable) or value.type.ndim != 0:
            raise HyperparameterError(
                f"{schedule}: {name} is {value!r}: give a number, a scalar variable or a shared one"
            )
    return [exact(value) for value in given.values()]


def exact(value):
    """A float64 scalar; floatX must not round it on the way."""
    if isinstance(value, Variable):
        return pt.cast(value, "float64")
    return pt.constant(value, dtype="float64")
