"""Values and adjoints at the user's inputs, with finite differences next to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.explain.derive.derivation import Derivation
from symgrad.explain.derive.rebuild import evaluator, exact_type, rebuilt, values_at
from symgrad.explain.derive.trace import Trace
from symgrad.explain.graph import is_float, leaves_of
from symgrad.explain.sample import Point

__all__ = ["Reading", "readings_at"]

_STEP = 1e-5
# Larger arrays are neither listed nor moved entry by entry.
_LISTED = 64


@dataclass(frozen=True)
class Reading:
    """The numbers of one node at the user's inputs.

    Attributes
    ----------
    node : str
        Its id.
    size : int
        Its number of entries.
    value, adjoint : nested list, number or None
        None for more than 64 entries; the adjoint is also None where there is none.
    finite : nested list, number or None
        The adjoint by central differences: each entry moved by itself, in float64.
    error : float or None
        The largest difference between adjoint and finite, relative to ``1 + abs(finite)``. For
        more than 64 entries they are compared along one random direction.
    """

    node: str
    size: int
    value: Any
    adjoint: Any
    finite: Any
    error: float | None


def readings_at(point: Point, derivation: Derivation) -> tuple[Reading, ...]:
    """A :class:`Reading` for each variable that has a name."""
    trace = derivation.trace
    variables = [x for x in derivation.names.names if hasattr(x.type, "dtype")]
    values = values_at(point, [trace.shown(x) for x in variables])
    with_adjoint = [x for x in variables if x in trace.adjoints]
    computed = values_at(point, [trace.adjoints[x] for x in with_adjoint])
    adjoints = dict(zip(with_adjoint, computed, strict=True))
    slope = _Slope(trace, point, with_adjoint)
    return tuple(
        _reading(derivation.ids[x], value, adjoints.get(x), partial(slope, x))
        for x, value in zip(variables, values, strict=True)
    )


class _Slope:
    """The slope of the cost when one of the variables is moved."""

    def __init__(self, trace: Trace, point: Point, variables: Sequence[Variable]) -> None:
        inputs: dict[Variable, Any] = {
            leaf: exact_type(leaf)() for leaf in leaves_of(trace.outputs)
        }
        self.offsets: dict[Variable, Any] = {x: exact_type(x)() for x in variables if is_float(x)}
        starts = {
            leaf: x + self.offsets[leaf] for leaf, x in inputs.items() if leaf in self.offsets
        }
        inner = {x: offset for x, offset in self.offsets.items() if x not in inputs}
        outputs = rebuilt(trace.outputs, inputs | starts, inner)
        total: Any = sum(pt.sum(output) for output in outputs)
        self.cost = evaluator([*inputs.values(), *self.offsets.values()], [total])
        self.at = [
            np.asarray(point[leaf], "float64") if is_float(leaf) else point[leaf] for leaf in inputs
        ]
        moved = evaluator(list(inputs.values()), rebuilt(list(self.offsets), inputs))(*self.at)
        self.zeros = {
            x: np.zeros(np.shape(value)) for x, value in zip(self.offsets, moved, strict=True)
        }

    def __call__(self, variable: Variable, direction: np.ndarray) -> float:
        """The slope of the cost along a direction."""
        direction = np.reshape(direction, self.zeros[variable].shape)
        ends = []
        for sign in (1, -1):
            offsets = self.zeros | {variable: sign * _STEP * direction}
            ends.append(self.cost(*self.at, *offsets.values())[0])
        return float((ends[0] - ends[1]) / (2 * _STEP))


def _reading(node: str, value: Any, adjoint: Any, slope: Callable[[np.ndarray], float]) -> Reading:
    value = np.asarray(value)
    is_listed = value.size <= _LISTED
    if adjoint is None:
        return Reading(node, value.size, value.tolist() if is_listed else None, None, None, None)
    adjoint = np.asarray(adjoint).reshape(value.shape)
    if not is_listed:
        direction = np.random.default_rng(0).standard_normal(value.shape)
        error = _error((adjoint * direction).sum(), slope(direction))
        return Reading(node, value.size, None, None, None, error)
    finite = np.zeros(value.shape)
    for k in range(value.size):
        direction = np.zeros(value.size)
        direction[k] = 1
        finite.flat[k] = slope(direction)
    error = _error(adjoint, finite)
    return Reading(node, value.size, value.tolist(), adjoint.tolist(), finite.tolist(), error)


def _error(adjoint: np.ndarray | float, finite: np.ndarray | float) -> float:
    return float(np.max(np.abs(adjoint - finite) / (1 + np.abs(finite)), initial=0))
