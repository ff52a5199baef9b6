"""Slices whose length is a constant, though their bounds are variables."""

from pytensor.graph.basic import Constant
from pytensor.scalar.basic import Add, Cast, Mul, Neg, Sub
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.variable import TensorVariable

__all__ = ["constant_length"]


def constant_length(entry):
    """N if a slice is ``start : start + N`` in steps of one, with a variable `start`, else None.

    Bounds are compared as sums of multiples, so that `W[k * 20 : (k + 1) * 20]` has 20 rows.
    """
    bounds = (entry.start, entry.stop)
    if entry.step not in (None, 1) or not all(isinstance(one, TensorVariable) for one in bounds):
        return None
    if all(isinstance(one, Constant) for one in bounds):
        return None
    length = _sum(_linear(entry.stop), _linear(entry.start), -1)
    n = length.pop(None, 0)
    return n if n > 0 and not any(length.values()) else None


def _linear(expression):
    """``{variable: factor}`` of a whole number, with the constant part under None."""
    if isinstance(expression, Constant):
        return {None: int(expression.data)}
    op = getattr(expression.owner, "op", None)
    if isinstance(op, (ScalarFromTensor, TensorFromScalar)):
        return _linear(*expression.owner.inputs)
    scalar = op.scalar_op if isinstance(op, Elemwise) else None
    if not isinstance(scalar, (Add, Cast, Mul, Neg, Sub)):
        return {expression: 1}
    first, *others = map(_linear, expression.owner.inputs)
    if isinstance(scalar, Neg):
        return _sum({}, first, -1)
    for other in others:
        if isinstance(scalar, Mul):
            if set(first) > {None} and set(other) > {None}:
                return {expression: 1}
            factor, first = (first, other) if set(first) <= {None} else (other, first)
            first = _sum({}, first, factor.get(None, 0))
        else:
            first = _sum(first, other, -1 if isinstance(scalar, Sub) else 1)
    return first


def _sum(left, right, factor):
    """``left + factor * right``."""
    total = dict(left)
    for variable, times in right.items():
        total[variable] = total.get(variable, 0) + factor * times
    return total
