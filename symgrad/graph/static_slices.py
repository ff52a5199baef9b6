"""Slices with variable bounds whose length is a constant, as ``W[start : start + 4]``."""

from typing import TypeAlias

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar.basic import Add, Cast, Mul, Neg, Sub
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import integer_dtypes
from pytensor.tensor.variable import TensorVariable

__all__ = ["constant_length"]

# An integer as a sum of multiples, ``{variable: factor}``, with its constant term under None.
LinearForm: TypeAlias = dict[Variable | None, int]


def constant_length(entry: slice) -> int | None:
    """The N of a slice ``start : start + N`` with a variable `start` and a step of 1, else None.

    Bounds are compared as sums of multiples, so that `W[k * 20 : (k + 1) * 20]` has 20 rows.
    """
    bounds = (entry.start, entry.stop)
    if entry.step not in (None, 1) or not all(isinstance(b, TensorVariable) for b in bounds):
        return None
    if all(isinstance(bound, Constant) for bound in bounds):
        return None
    length = _sum(_linear_form(entry.stop), _linear_form(entry.start), -1)
    n = length.pop(None, 0)
    return n if n > 0 and not any(length.values()) else None


def _linear_form(expression: Variable) -> LinearForm:
    """What is not a sum of multiples of integers counts as a variable of its own."""
    if expression.type.dtype not in integer_dtypes:
        return {expression: 1}
    if isinstance(expression, Constant):
        return {None: int(expression.data)}
    node = expression.owner
    op = None if node is None else node.op
    if isinstance(op, (ScalarFromTensor, TensorFromScalar)):
        return _linear_form(*node.inputs)
    scalar_op = op.scalar_op if isinstance(op, Elemwise) else None
    if isinstance(scalar_op, Cast) and np.can_cast(node.inputs[0].dtype, expression.type.dtype):
        return _linear_form(*node.inputs)
    if not isinstance(scalar_op, (Add, Mul, Neg, Sub)):
        return {expression: 1}
    first, *others = map(_linear_form, node.inputs)
    if isinstance(scalar_op, Neg):
        return _sum({}, first, -1)
    for other in others:
        if not isinstance(scalar_op, Mul):
            first = _sum(first, other, -1 if isinstance(scalar_op, Sub) else 1)
        elif _is_number(other):
            first = _sum({}, first, other.get(None, 0))
        elif _is_number(first):
            first = _sum({}, other, first.get(None, 0))
        else:
            return {expression: 1}
    return first


def _is_number(form: LinearForm) -> bool:
    return set(form) <= {None}


def _sum(left: LinearForm, right: LinearForm, factor: int) -> LinearForm:
    """``left + factor * right``."""
    total = dict(left)
    for variable, multiple in right.items():
        total[variable] = total.get(variable, 0) + factor * multiple
    return total
