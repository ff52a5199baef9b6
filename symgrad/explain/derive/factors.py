"""A product taken apart: a number, factors and divisors; and what is computed twice as one."""

from dataclasses import dataclass
from math import gcd

import pytensor.tensor as pt
from pytensor.graph.basic import Constant
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar

__all__ = ["Factors", "Same", "broadcasts_to", "number_like"]


@dataclass(frozen=True)
class Factors:
    """``number / divisor · product of factors to the power of their count``.

    Attributes
    ----------
    number, divisor : float
        Without a common divisor; the sign is the number's.
    count : dict
        Factor to its power, never 0.
    """

    number: float
    divisor: float
    count: dict

    @classmethod
    def of(cls, number, divisor, count):
        """The same, cancelled."""
        return cls(*_cancelled(number, divisor), {k: n for k, n in count.items() if n})

    @property
    def above(self):
        """The factors above the line."""
        return [one for one, power in self.count.items() if power > 0]

    @property
    def below(self):
        """The factors below the line."""
        return [one for one, power in self.count.items() if power < 0]

    def size(self):
        """How many factors and divisors there are."""
        return sum(map(abs, self.count.values()))

    def times(self, other):
        """The product with another."""
        count = dict(self.count)
        for one, power in other.count.items():
            count[one] = count.get(one, 0) + power
        return Factors.of(self.number * other.number, self.divisor * other.divisor, count)

    def without(self, factor):
        """All but one of the factors."""
        rest = {one: power for one, power in self.count.items() if one is not factor}
        return Factors(self.number, self.divisor, rest)

    def joined(self, like):
        """The product as an expression that broadcasts with `like`."""
        above = [_power(one, self.count[one]) for one in self.above]
        below = [_power(one, -self.count[one]) for one in self.below]
        if abs(self.number) != 1 or not above:
            above.insert(0, number_like(abs(self.number), like))
        if self.divisor != 1:
            below.insert(0, number_like(self.divisor, like))
        found = _times(above) / _times(below) if below else _times(above)
        return -found if self.number < 0 else found


def _cancelled(number, divisor):
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


def _power(one, n):
    return one if n == 1 else one ** number_like(n, one)


def _times(factors):
    return pt.mul(*factors) if len(factors) > 1 else factors[0]


def broadcasts_to(variables, like):
    """Do the variables together have the shape of `like`?"""
    shape = zip(*(one.type.broadcastable for one in variables), strict=True)
    return tuple(map(all, shape)) == like.type.broadcastable or not like.type.ndim


def number_like(value, like):
    """A number that broadcasts as `like` does."""
    made = pt.constant(value, dtype=like.type.dtype)
    return made.dimshuffle(*["x"] * like.type.ndim) if like.type.ndim else made


class Same:
    """One variable for all that compute the same of the same.

    Parameters
    ----------
    known : collection of variables
        Nothing is looked for behind these.
    """

    def __init__(self, known):
        self.known = known
        self.seen, self.nodes, self.constants = {}, {}, {}

    def of(self, variable):
        """The first variable that was seen to compute the same."""
        if isinstance(variable, Constant):
            return self._constant(variable)
        if variable.owner is None or variable in self.known:
            return variable
        if variable not in self.seen:
            self.seen[variable] = self._of(variable)
        return self.seen[variable]

    def _constant(self, variable):
        data = getattr(variable.data, "tobytes", None)
        key = (variable.type, data()) if data else variable
        return self.constants.setdefault(key, variable)

    def _of(self, variable):
        node = variable.owner
        inputs = tuple(map(self.of, node.inputs))
        if isinstance(node.op, ScalarFromTensor) and _is_of_scalar(inputs[0]):
            return inputs[0].owner.inputs[0]
        key = (node.op, inputs)
        if key not in self.nodes:
            is_new = list(inputs) != node.inputs
            self.nodes[key] = node.clone_with_new_inputs(list(inputs)) if is_new else node
        return self.nodes[key].outputs[node.outputs.index(variable)]


def _is_of_scalar(variable):
    return variable.owner is not None and isinstance(variable.owner.op, TensorFromScalar)
