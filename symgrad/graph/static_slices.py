"""Slices with variable bounds whose length is a constant, as ``W[start : start + 4]``."""

from functools import reduce
from typing import TypeAlias

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar.basic import Add, Cast, Mul, Neg, Sub
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import integer_dtypes
from pytensor.tensor.variable import TensorVariable

__all__ = ["constant_length"]

# A sum of products, ``{factors: coefficient}``; the factors of the constant term are ().
Polynomial: TypeAlias = dict[tuple[Variable, ...], int]


def constant_length(entry: slice) -> int | None:
    """The N of a slice ``start : start + N`` with a variable `start` and a step of 1, else None.

    Bounds are compared as polynomials, so that `W[k * 20 : (k + 1) * 20]` has 20 rows.
    """
    bounds = (entry.start, entry.stop)
    if entry.step not in (None, 1) or not all(isinstance(b, TensorVariable) for b in bounds):
        return None
    if all(isinstance(bound, Constant) for bound in bounds):
        return None
    length = _sum(_polynomial(entry.stop), _negative(_polynomial(entry.start)))
    n = length.pop((), 0)
    return n if n > 0 and not any(length.values()) else None


def _polynomial(expression: Variable) -> Polynomial:
    """An integer expression as a polynomial; what is not a sum or product counts as a variable."""
    if expression.type.dtype not in integer_dtypes:
        return {(expression,): 1}
    if isinstance(expression, Constant):
        return {(): int(expression.data)}
    node = expression.owner
    op = None if node is None else node.op
    if isinstance(op, (ScalarFromTensor, TensorFromScalar)):
        return _polynomial(*node.inputs)
    scalar_op = op.scalar_op if isinstance(op, Elemwise) else None
    if isinstance(scalar_op, Cast) and np.can_cast(node.inputs[0].dtype, expression.type.dtype):
        return _polynomial(*node.inputs)
    if not isinstance(scalar_op, (Add, Mul, Neg, Sub)):
        return {(expression,): 1}
    first, *others = map(_polynomial, node.inputs)
    if isinstance(scalar_op, Neg):
        return _negative(first)
    if isinstance(scalar_op, Sub):
        others = [_negative(other) for other in others]
    return reduce(_product if isinstance(scalar_op, Mul) else _sum, others, first)


def _negative(polynomial: Polynomial) -> Polynomial:
    return {factors: -coefficient for factors, coefficient in polynomial.items()}


def _sum(left: Polynomial, right: Polynomial) -> Polynomial:
    total = dict(left)
    for factors, coefficient in right.items():
        total[factors] = total.get(factors, 0) + coefficient
    return total


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for left_factors, a in left.items():
        for right_factors, b in right.items():
            factors = tuple(sorted((*left_factors, *right_factors), key=id))
            total = _sum(total, {factors: a * b})
    return total
