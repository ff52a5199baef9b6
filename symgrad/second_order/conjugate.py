"""Conjugate gradients, in the graph."""

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import toposort
from pytensor.tensor.type import TensorType

from symgrad.errors import HyperparameterError
from symgrad.graph.replace import substitute
from symgrad.second_order.products import check_pairs, dot, like, minus, replacements

__all__ = ["check_loop", "conjugate_gradient", "scan"]


def conjugate_gradient(product, right, start=None, iterations=10, tolerance=None):
    """Solve ``A x = right`` by conjugate gradients, in the graph.

    Law::

        r = right - A x,  p = r
        repeat: alpha = r.r / p.A p;  x = x + alpha p;  r' = r - alpha A p
                p = r' + (r'.r' / r.r) p;  r = r'

    Nothing changes any more once ``|r| <= tolerance * |right|``, or where ``p.A p`` is not
    positive, so that `A` is not positive definite.

    Parameters
    ----------
    product : callable
        ``v -> A v`` for a positive definite `A`; lists to lists if `right` is a list.
    right : variable, or list of them
    start : variable, or list of them, optional
        Of the shapes of `right`; default zeros.
    iterations : int, > 0
        So many rounds run, on every call, which keeps the shapes static for JAX.
    tolerance : float, > 0, optional
        Default: the rounds stop counting only at a residual of zero.

    Returns
    -------
    variable or list of variables
        Of the shapes and dtypes of `right`.

    Raises
    ------
    HyperparameterError
        For `iterations` or `tolerance` out of range, or a `start` that does not fit `right`.

    Notes
    -----
    Hestenes and Stiefel (1952). What `product` computes without `v` is computed once, outside the
    loop. `product` sees the dtypes of `right`; the sums of the rounds are in float64.

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
        started = None if start is None else [start]
        return conjugate_gradient(
            lambda v: [product(v[0])], [right], started, iterations, tolerance
        )[0]
    if start is not None:
        check_pairs("conjugate_gradient", "start", start, right)
    solution = like([pt.zeros_like(b) for b in right] if start is None else start, right)
    residual = list(right) if start is None else minus(right, product(solution))
    solution, residual, wide = _float64(solution), _float64(residual), _float64(right)
    limit = (0 if tolerance is None else tolerance**2) * dot(wide, wide)
    squared = dot(residual, residual)
    old = [*solution, *residual, *residual, squared]
    inner = [one.type() for one in old]
    new = like(_cg_round(lambda v: _float64(product(like(v, right))), inner, limit), old)
    rounds = scan(inner, new, outputs_info=old, n_steps=int(iterations))
    return like([trace[-1:].squeeze(0) for trace in rounds[: len(right)]], right)


def _float64(blocks):
    """Blocks for the rounds: float32 would lose the conjugacy, and JAX its own in a scan."""
    return [pt.cast(block, "float64") for block in blocks]


def _cg_round(product, state, limit):
    """One round of conjugate gradients, or none: see the law of :func:`conjugate_gradient`."""
    n = len(state) // 3
    solution, residual, direction = state[:n], state[n : 2 * n], state[2 * n : 3 * n]
    squared = state[-1]
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


def scan(loop, results, **options):
    """:func:`pytensor.scan` over `results`, graphs in the variables `loop`.

    What does not depend on those is computed once, outside: a table is read there, not inside.
    """
    outside = _outside(results, loop)
    # Stand-ins for what is outside: scan tells its arguments by identity, which cloning changes.
    stand_ins = [one.type() for one in outside]

    def body(*inner):
        inner = [*inner[: len(loop)], *stand_ins]
        return substitute(results, replacements([*loop, *outside], inner))

    traces = pytensor.scan(
        body, non_sequences=stand_ins, strict=True, return_updates=False, **options
    )
    traces = [traces] if isinstance(traces, Variable) else list(traces)
    return substitute(traces, replacements(stand_ins, outside))


def _outside(results, loop):
    """The tensors next to the loop: needed for `results`, and not made of `loop`."""
    inside = set(loop)
    for node in toposort(results):
        if not inside.isdisjoint(node.inputs):
            inside.update(node.outputs)
    found, seen, stack = {}, set(), list(results)
    while stack:
        variable = stack.pop()
        if variable in seen or isinstance(variable, Constant):
            continue
        seen.add(variable)
        if variable not in inside and isinstance(variable.type, TensorType):
            found[variable] = None
        elif variable.owner is not None:
            stack.extend(variable.owner.inputs)
    return list(found)


def check_loop(name, iterations, tolerance):
    """Raise for numbers of a loop that are out of their range."""
    if isinstance(iterations, Variable) or int(iterations) != iterations or iterations < 1:
        raise HyperparameterError(
            f"{name}: iterations is {iterations}: give a whole number above 0, known when the "
            "graph is built"
        )
    if not isinstance(tolerance, Variable) and tolerance is not None and not tolerance > 0:
        raise HyperparameterError(
            f"{name}: tolerance is {tolerance}: give a number above 0, or None"
        )
