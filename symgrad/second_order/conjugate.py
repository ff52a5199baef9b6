"""Conjugate gradients, in the graph."""

from collections.abc import Callable, Sequence
from typing import Any, overload

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import toposort
from pytensor.tensor.type import TensorType

from symgrad.errors import HyperparameterError
from symgrad.graph.replace import substitute
from symgrad.second_order.vectors import (
    Vectors,
    check_pairs,
    dot,
    like,
    minus,
    replacements,
)

__all__ = ["check_loop", "conjugate_gradient", "scan"]


@overload
def conjugate_gradient(
    product: Callable[[Variable], Variable],
    right: Variable,
    start: Variable | None = None,
    iterations: int = 10,
    tolerance: float | None = None,
) -> Variable: ...
@overload
def conjugate_gradient(
    product: Callable[[list[Variable]], Sequence[Variable]],
    right: Sequence[Variable],
    start: Sequence[Variable] | None = None,
    iterations: int = 10,
    tolerance: float | None = None,
) -> list[Variable]: ...
def conjugate_gradient(
    product: Callable[[Any], Any],
    right: Any,
    start: Any = None,
    iterations: int = 10,
    tolerance: float | None = None,
) -> Any:
    """Solve ``A x = right`` by conjugate gradients, in the graph.

    Law::

        r = right - A x,  p = r
        repeat: alpha = r.r / p.A p;  x = x + alpha p;  r' = r - alpha A p
                p = r' + (r'.r' / r.r) p;  r = r'

    Nothing changes once ``|r| <= tolerance * |right|``, or once ``p.A p`` is not positive, which
    shows that `A` is not positive definite.

    Parameters
    ----------
    product : callable
        ``v -> A v`` for a positive definite `A`; lists to lists if `right` is a list.
    right : variable, or list of them
    start : variable, or list of them, optional
        Of the shapes of `right`; default zeros.
    iterations : int, > 0
        The number of rounds that every call runs, which keeps the shapes static for JAX.
    tolerance : float, > 0, optional
        Default: only a residual of zero ends the changes.

    Returns
    -------
    variable or list of variables
        Of the shapes and dtypes of `right`.

    Raises
    ------
    HyperparameterError
        For `iterations` or `tolerance` out of range.
    ArgumentError
        If `start` does not fit `right`.

    Notes
    -----
    Hestenes and Stiefel (1952). The parts of `product` that do not depend on `v` are computed once,
    outside the loop. `product` receives the dtypes of `right`; the rounds add up in float64.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt
    >>> from symgrad.second_order import conjugate_gradient
    >>> A = pt.constant(np.array([[2.0, 1.0], [1.0, 3.0]]))
    >>> x = conjugate_gradient(lambda v: A @ v, pt.constant(np.array([3.0, 4.0])), iterations=2)
    >>> x.eval().round(6).tolist()
    [1.0, 1.0]
    """
    check_loop("conjugate_gradient", iterations, tolerance)
    if isinstance(right, Variable):
        starts = None if start is None else [start]
        (solution,) = conjugate_gradient(
            lambda v: [product(v[0])], [right], starts, iterations, tolerance
        )
        return solution
    if start is not None:
        check_pairs("conjugate_gradient", "start", start, right)
    solution = like([pt.zeros_like(b) for b in right] if start is None else start, right)
    residual = list(right) if start is None else minus(right, product(solution))
    solution, residual, wide_right = _float64(solution), _float64(residual), _float64(right)
    limit = (0 if tolerance is None else tolerance**2) * dot(wide_right, wide_right)
    squared = dot(residual, residual)
    old = [*solution, *residual, *residual, squared]
    state = [variable.type() for variable in old]
    new = like(_round(lambda v: _float64(product(like(v, right))), state, limit), old)
    rounds = scan(state, new, outputs_info=old, n_steps=int(iterations))
    return like([trace[-1:].squeeze(0) for trace in rounds[: len(right)]], right)


def _float64(blocks: Vectors) -> list[Variable]:
    """Blocks in float64: in float32 the directions lose conjugacy, and a scan on JAX its dtypes."""
    return [pt.cast(block, "float64") for block in blocks]


def _round(product: Callable, state: Vectors, limit: Variable) -> list[Variable]:
    """The state after a round of :func:`conjugate_gradient`, or the same state at the end."""
    *blocks, squared = state
    n = len(blocks) // 3
    solution, residual, direction = blocks[:n], blocks[n : 2 * n], blocks[2 * n :]
    image = product(direction)
    curvature = dot(direction, image)
    active = pt.gt(squared, limit) & pt.gt(curvature, 0)
    alpha = squared / pt.switch(active, curvature, 1)
    new_solution = [x + alpha * p for x, p in zip(solution, direction, strict=True)]
    new_residual = [r - alpha * q for r, q in zip(residual, image, strict=True)]
    new_squared = dot(new_residual, new_residual)
    beta = new_squared / pt.switch(active, squared, 1)
    new_direction = [r + beta * p for r, p in zip(new_residual, direction, strict=True)]
    new = [*new_solution, *new_residual, *new_direction, new_squared]
    return [pt.switch(active, a, b) for a, b in zip(new, state, strict=True)]


def scan(loop: Vectors, results: Vectors, **options: Any) -> list[Variable]:
    """:func:`pytensor.scan` over `results`, which are graphs in the variables `loop`.

    What does not depend on `loop` is computed once, outside of the scan: a table is read there.
    """
    outside = _outside(results, loop)
    # Scan recognises its arguments by identity, which cloning changes: hence the stand-ins.
    stand_ins = [variable.type() for variable in outside]

    def body(*arguments: Variable) -> list[Variable]:
        values = [*arguments[: len(loop)], *stand_ins]
        return substitute(results, replacements([*loop, *outside], values))

    traces = pytensor.scan(
        body, non_sequences=stand_ins, strict=True, return_updates=False, **options
    )
    traces = [traces] if isinstance(traces, Variable) else list(traces)
    return substitute(traces, replacements(stand_ins, outside))


def _outside(results: Vectors, loop: Vectors) -> list[Variable]:
    """The tensors that enter the loop: used by `results`, and not computed from `loop`."""
    inside = set(loop)
    for node in toposort(results):
        if not inside.isdisjoint(node.inputs):
            inside.update(node.outputs)
    entering: dict[Variable, None] = {}
    seen: set[Variable] = set()
    stack = list(results)
    while stack:
        variable = stack.pop()
        if variable in seen or isinstance(variable, Constant):
            continue
        seen.add(variable)
        if variable not in inside and isinstance(variable.type, TensorType):
            entering[variable] = None
        elif variable.owner is not None:
            stack.extend(variable.owner.inputs)
    return list(entering)


def check_loop(name: str, iterations: Any, tolerance: Any) -> None:
    """Raise if the number of iterations or the tolerance is out of its range."""
    if isinstance(iterations, Variable) or int(iterations) != iterations or iterations < 1:
        raise HyperparameterError(
            f"{name}: iterations is {iterations}: give a whole number above 0, known when the "
            "graph is built"
        )
    if not isinstance(tolerance, Variable) and tolerance is not None and not tolerance > 0:
        raise HyperparameterError(
            f"{name}: tolerance is {tolerance}: give a number above 0, or None"
        )
