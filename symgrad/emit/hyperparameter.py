"""Hyper-parameters: their defaults, their ranges, and what may be given for them."""

from dataclasses import dataclass
from numbers import Number
from typing import Any, TypeAlias

import numpy as np
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symgrad.errors import ArgumentError, HyperparameterError

__all__ = ["Hyperparameter", "Scalar"]

Scalar: TypeAlias = float | TensorVariable  # shared ones included


@dataclass(frozen=True)
class Hyperparameter:
    """The default and the range of a hyper-parameter of a :class:`~symgrad.Rule`.

    Attributes
    ----------
    default : float or None
        None if every call must give a value.
    at_least, above : float or None
        The lower limit, included or excluded; give one of the two, or none.
    at_most, below : float or None
        The upper limit, included or excluded; give one of the two, or none.
    meaning : str
        One sentence for the documentation of the rule, with the unit.

    Raises
    ------
    HyperparameterError
        If the limits contradict each other, or the default is outside them.

    Examples
    --------
    >>> import symgrad as sg
    >>> sg.Hyperparameter(0.9, at_least=0, below=1).range
    'in [0, 1)'
    """

    default: float | None = None
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    meaning: str = ""

    def __post_init__(self) -> None:
        if self.at_least is not None and self.above is not None:
            raise ArgumentError("Hyperparameter got at_least and above: give one of them")
        if self.at_most is not None and self.below is not None:
            raise ArgumentError("Hyperparameter got at_most and below: give one of them")
        if self.default is not None and not self.admits(self.default):
            raise ArgumentError(
                f"Hyperparameter got the default {self.default}, which is not {self.range}: give "
                "a default that is, or other limits"
            )

    @property
    def range(self) -> str:
        """The range in words, as ``"at least 0"`` or ``"in [0, 1)"``."""
        low = self.above if self.at_least is None else self.at_least
        high = self.below if self.at_most is None else self.at_most
        if low is None and high is None:
            return "any number"
        if high is None:
            return f"above {low}" if self.at_least is None else f"at least {low}"
        if low is None:
            return f"below {high}" if self.at_most is None else f"at most {high}"
        opening = "(" if self.at_least is None else "["
        closing = ")" if self.at_most is None else "]"
        return f"in {opening}{low}, {high}{closing}"

    def admits(self, number: float) -> bool:
        """Whether a number is in the range; NaN never is."""
        return (
            not np.isnan(number)
            and (self.at_least is None or number >= self.at_least)
            and (self.above is None or number > self.above)
            and (self.at_most is None or number <= self.at_most)
            and (self.below is None or number < self.below)
        )

    def check(self, label: str, value: Scalar) -> None:
        """Raise a :class:`HyperparameterError` for what is no scalar, or out of the range."""
        if not _is_scalar(value):
            raise HyperparameterError(
                f"{label} is {value!r}: give a number, a scalar variable or a shared one"
            )
        if not isinstance(value, Variable) and not self.admits(value):
            raise HyperparameterError(f"{label} is {value}: it must be {self.range}")


def _is_scalar(value: Any) -> bool:
    if isinstance(value, Variable):
        return getattr(value.type, "ndim", None) == 0
    return isinstance(value, Number) or (isinstance(value, np.ndarray) and value.ndim == 0)
