"""A product taken apart into a number, factors and divisors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

__all__ = ["Factors", "broadcasts_to", "number_like"]


@dataclass(frozen=True)
class Factors:
    """``number / divisor · product of factors, each to its power``.

    Attributes
    ----------
    number, divisor : number
        Without a common divisor. The number carries the sign.
    powers : mapping
        Factor to its power, which is never 0.
    """

    number: Any
    divisor: Any
    powers: Mapping[Variable, int]

    @classmethod
    def of(cls, number: Any, divisor: Any, powers: Mapping[Variable, int]) -> "Factors":
        """The same in lowest terms."""
        remaining = {factor: power for factor, power in powers.items() if power}
        number, divisor = _in_lowest_terms(number, divisor)
        return cls(number, divisor, remaining)

    @property
    def above(self) -> list[Variable]:
        """The factors above the fraction bar."""
        return [factor for factor, power in self.powers.items() if power > 0]

    @property
    def below(self) -> list[Variable]:
        """The factors below the fraction bar."""
        return [factor for factor, power in self.powers.items() if power < 0]

    def size(self) -> int:
        """The number of factors and divisors."""
        return sum(map(abs, self.powers.values()))

    def times(self, other: "Factors") -> "Factors":
        """The product with another."""
        powers = dict(self.powers)
        for factor, power in other.powers.items():
            powers[factor] = powers.get(factor, 0) + power
        return Factors.of(self.number * other.number, self.divisor * other.divisor, powers)

    def without(self, factor: Variable) -> "Factors":
        """All factors but the given one."""
        rest = {other: power for other, power in self.powers.items() if other is not factor}
        return Factors(self.number, self.divisor, rest)

    def joined(self, like: Variable) -> Variable:
        """The product as an expression that broadcasts with `like`."""
        above = [_to_power(factor, self.powers[factor]) for factor in self.above]
        below = [_to_power(factor, -self.powers[factor]) for factor in self.below]
        if abs(self.number) != 1 or not above:
            above.insert(0, number_like(abs(self.number), like))
        if self.divisor != 1:
            below.insert(0, number_like(self.divisor, like))
        product = _product(above) / _product(below) if below else _product(above)
        return -product if self.number < 0 else product


def _in_lowest_terms(number, divisor):
    """A quotient of numbers, in lowest terms if both are whole."""
    if isinstance(number, complex) or isinstance(divisor, complex):
        return number / divisor, 1
    number, divisor = (-number, -divisor) if divisor < 0 else (number, divisor)
    if not float(number).is_integer():
        return number / divisor, 1
    if not float(divisor).is_integer():
        return (number / divisor, 1) if number % divisor == 0 else (number, divisor)
    common = gcd(int(number), int(divisor)) or 1
    return number // common, divisor // common


def _to_power(factor, power):
    return factor if power == 1 else factor ** number_like(power, factor)


def _product(factors):
    return pt.mul(*factors) if len(factors) > 1 else factors[0]


def broadcasts_to(variables: Sequence[Variable], like: Variable) -> bool:
    """Do the variables together have the shape of `like`?"""
    axes = zip(*(variable.type.broadcastable for variable in variables), strict=True)
    return tuple(map(all, axes)) == like.type.broadcastable or not like.type.ndim


def number_like(value: Any, like: Variable) -> Variable:
    """A number that broadcasts as `like` does."""
    constant = pt.constant(value, dtype=like.type.dtype)
    return constant.dimshuffle(*["x"] * like.type.ndim) if like.type.ndim else constant
