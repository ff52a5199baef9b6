"""The schedule itself: a rate and its updates. Also the ranges of the numbers it is made of."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Updates
from symgrad.errors import ArgumentError, HyperparameterError

__all__ = ["Scalar", "Schedule", "exact", "numbers"]

# A number, a scalar variable, or a shared one.
Scalar: TypeAlias = float | Variable

# The range of each number, as a test and in words.
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
        They advance the schedule with every call: join them to the updates of the rule. Slots
        have names: ``schedule.updates.slots["calls"].set_value(0)`` starts again.
    """

    rate: Variable
    updates: Updates


def numbers(schedule: str, **given: Any) -> list[Variable]:
    """The given numbers and scalars as float64 expressions, in order, checked."""
    for name, value in given.items():
        test, words = _RANGES[name]
        if isinstance(value, Real):
            if not test(value):
                raise HyperparameterError(f"{schedule}: {name} is {value}: it must be {words}")
        elif not isinstance(value, Variable) or value.type.ndim != 0:
            raise ArgumentError(
                f"{schedule}: {name} is {value!r}: give a number, a scalar variable or a shared one"
            )
    return [exact(value) for value in given.values()]


def exact(value: Any) -> Variable:
    """A float64 scalar, which floatX does not round."""
    if isinstance(value, Variable):
        return pt.cast(value, "float64")
    return pt.constant(value, dtype="float64")
