"""Values and adjoints at the user's inputs, with finite differences next to them."""

from dataclasses import dataclass

import numpy as np

from symgrad.explain.notation import is_float
from symgrad.explain.rebuild import evaluator, exact_type, rebuilt, values_at
from symgrad.explain.sample import leaves_of

__all__ = ["Reading", "read"]

_STEP = 1e-5
# More entries than these are neither listed nor moved one by one.
_LISTED = 64


@dataclass(frozen=True)
class Reading:
    """What one node is at the user's inputs.

    Attributes
    ----------
    node : str
        Its id.
    size : int
        Its number of entries.
    value, adjoint : nested list, number or None
        None where there are more than 64 entries, and for the adjoint where there is none.
    finite : nested list, number or None
        The adjoint by central differences: each entry moved by itself, in float64.
    error : float or None
        The largest difference between adjoint and finite, relative to ``1 + abs(finite)``. For
        more than 64 entries it is that along one random direction.
    """

    node: str
    size: int
    value: object
    adjoint: object
    finite: object
    error: float | None


def read(found, names, ids, point):
    """A :class:`Reading` for each variable that has a name."""
    variables = [one for one in names.names if hasattr(one.type, "dtype")]
    values = values_at(point, [found.shown(one) for one in variables])
    with_adjoint = [one for one in variables if one in found.adjoints]
    adjoints = values_at(point, [found.adjoints[one] for one in with_adjoint])
    adjoints = dict(zip(with_adjoint, adjoints, strict=True))
    cost_at = _Moved(found, point, with_adjoint)
    return tuple(
        _reading(ids[one], value, adjoints.get(one), lambda d, one=one: cost_at(one, d))
        for one, value in zip(variables, values, strict=True)
    )


class _Moved:
    """The cost with one of the variables moved."""

    def __init__(self, found, point, variables):
        inputs = {one: exact_type(one)() for one in leaves_of(found.outputs)}
        self.offsets = {one: exact_type(one)() for one in variables if is_float(one)}
        starts = {k: v + self.offsets[k] for k, v in inputs.items() if k in self.offsets}
        inner = {k: v for k, v in self.offsets.items() if k not in inputs}
        outputs = rebuilt(found.outputs, inputs | starts, inner)
        # The cost itself may be among those moved, and is no input of any node then.
        total = sum(one.sum() for one in outputs)
        self.function = evaluator([*inputs.values(), *self.offsets.values()], [total])
        self.at = [
            np.asarray(point[one], "float64") if is_float(one) else point[one] for one in inputs
        ]
        sizes = evaluator(list(inputs.values()), rebuilt(list(self.offsets), inputs))(*self.at)
        self.zeros = {
            one: np.zeros(np.shape(v)) for one, v in zip(self.offsets, sizes, strict=True)
        }

    def __call__(self, variable, direction):
        """The slope of the cost along a direction."""
        direction = np.reshape(direction, self.zeros[variable].shape)
        ends = []
        for sign in (1, -1):
            moved = self.zeros | {variable: sign * _STEP * direction}
            ends.append(self.function(*self.at, *moved.values())[0])
        return float((ends[0] - ends[1]) / (2 * _STEP))


def _reading(node, value, adjoint, slope):
    value = np.asarray(value)
    listed = value.size <= _LISTED
    if adjoint is None:
        return Reading(node, value.size, value.tolist() if listed else None, None, None, None)
    adjoint = np.asarray(adjoint).reshape(value.shape)
    if listed:
        finite = np.zeros(value.shape)
        for k in range(value.size):
            direction = np.zeros(value.size)
            direction[k] = 1
            finite.flat[k] = slope(direction)
        return Reading(
            node, value.size, value.tolist(), adjoint.tolist(), finite.tolist(),
            _error(adjoint, finite),
        )  # fmt: skip
    direction = np.random.default_rng(0).standard_normal(value.shape)
    error = _error((adjoint * direction).sum(), slope(direction))
    return Reading(node, value.size, None, None, None, error)


def _error(mine, theirs):
    return float(np.max(np.abs(mine - theirs) / (1 + np.abs(theirs)), initial=0))
