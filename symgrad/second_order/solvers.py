"""Methods that solve for the step: Newton, Hessian-free, and L-BFGS."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.compile.function import function
from symgrad.cost.blocks import Param
from symgrad.emit.updates import Updates
from symgrad.errors import ArgumentError, HyperparameterError
from symgrad.second_order.conjugate import check_loop, conjugate_gradient, scan
from symgrad.second_order.products import outputs_of
from symgrad.second_order.rows import problem_of
from symgrad.second_order.vectors import Vectors, dot, like

__all__ = ["hessian_free", "lbfgs", "newton"]


def newton(
    cost: Variable, params: Param | Iterable[Param], damping: float | Variable = 0.0
) -> Updates:
    """Take a Newton step on the distinct rows of small subsets, by solving with their Hessian.

    Law::

        rows = rows - (H + damping I)^-1 gradient

    with the gradient and the Hessian `H` of the cost as a function of the distinct rows: all
    occurrences of a row share its unknowns, so their blocks of the Hessian add up.

    Parameters
    ----------
    cost : scalar variable
    params
        A subset, a shared variable, a Subset or a list of those, as for every rule. All rows are
        solved for together: `n` unknowns take ``n ** 2`` numbers and ``n ** 3`` operations.
    damping : float, >= 0, or scalar variable

    Returns
    -------
    Updates

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, NotSharedError, IntegerTableError
        As every rule does.
    HyperparameterError
        For a negative `damping`.

    Notes
    -----
    The matrix is computed column by column, and the system is solved in float64. Entries that are
    read but have neither gradient nor curvature stay. With any other singular matrix, which is
    possible without `damping`, the solver raises or returns NaN.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> from symgrad.second_order import newton
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=newton(((W[index] - 3) ** 2).sum(), W))
    >>> f([2, 0, 2]); W.get_value().ravel().tolist()
    [3.0, 1.0, 3.0, 1.0]
    """
    _check_damping("newton", damping)
    problem = problem_of(cost, params)
    gradient = _flat(problem.gradients)
    numbers = _numbered(problem.unknowns)
    flat, unit = _flat(numbers), pt.dscalar()
    direction = like([pt.eq(number, unit) for number in numbers], problem.unknowns)
    column = _flat(problem.hessian_product(direction))
    matrix = scan([unit], [column], sequences=[flat])[0]
    # Entries that were read but do not matter have no curvature; with any other they do not move.
    idle = pt.all(pt.eq(matrix, 0), axis=1) & pt.eq(gradient, 0)
    shift = pt.cast(damping + idle, "float64")
    diagonal = pt.eq(flat[:, None], flat)
    # The right side is a column: for a vector and a singular matrix PyTensor 3.0 returns NaN.
    step = pt.linalg.solve(matrix + shift * diagonal, -gradient[:, None])[:, 0]
    return problem.updates(problem.settled([step[number] for number in numbers]))


def hessian_free(
    cost: Variable,
    params: Param | Iterable[Param],
    damping: float | SharedVariable = 1.0,
    *,
    output: Variable | Iterable[Variable] | None = None,
    iterations: int = 20,
    tolerance: float | None = 1e-4,
) -> Updates:
    """Minimise by conjugate gradients on the rows, with Martens' damping.

    Law::

        d     = CG solution of (B + damping I) d = -gradient, from the last d of each row
        ratio = (cost(rows + d) - cost(rows)) / (gradient.d + d.B d / 2)
        rows  = rows + d                if this does not raise the cost
        damping = damping * 3 / 2       if ratio < 1/4, or the model predicts no descent
        damping = damping * 2 / 3       if ratio > 3/4

    `B` is the Hessian, or with `output` the Gauss-Newton matrix, of the cost as a function of the
    distinct rows that the call uses.

    Parameters
    ----------
    cost : scalar variable
    params
        A shared variable, a subset, a Subset or a list of those, as for every rule.
    damping : float, > 0, or floating shared scalar
        The initial damping; a shared variable takes the place of the slot and is updated.
    output : variable, or list of them, optional
        What the cost was built from, see :func:`gauss_newton_vp`.
    iterations : int, > 0
        Rounds of :func:`conjugate_gradient`.
    tolerance : float, > 0, or None
        See :func:`conjugate_gradient`.

    Returns
    -------
    Updates
        With the slots ``damping`` and, for each table, ``direction/<table>`` of its shape.

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, NotSharedError, IntegerTableError
        As every rule does.
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    Martens, 'Deep learning via Hessian-free optimization' (2010), sections 3 and 4: the damping,
    its update and the start of CG. A step that raises the cost is not taken, where Martens searches
    along the CG rounds. A direction that does not lead to a finite cost is not kept.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> from symgrad.second_order import hessian_free
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> updates = hessian_free(((W[index] - 3) ** 2).sum(), W, damping=1e-6)
    >>> f = sg.function([index], updates=updates)
    >>> f([2, 0, 2]); W.get_value().ravel().round(3).tolist()
    [3.0, 1.0, 3.0, 1.0]
    >>> list(updates.slots)
    ['damping', 'direction/W']
    """
    check_loop("hessian_free", iterations, tolerance)
    level = _damping_slot(damping)
    outputs = [] if output is None else outputs_of(output)
    problem = problem_of(cost, params, outputs)
    product = problem.hessian_product if output is None else problem.gauss_newton_product
    slots = problem.slots("direction")
    start = [
        place.only_used(place.read(slot))
        for place, slot in zip(problem.places, slots.values(), strict=True)
    ]
    right = [-g for g in problem.gradients]
    shift = pt.cast(level, "float64")
    direction = conjugate_gradient(
        lambda v: like([p + shift * x for p, x in zip(product(v), v, strict=True)], v),
        right,
        like(start, right),
        iterations,
        tolerance,
    )
    predicted = dot(problem.gradients, direction) + dot(direction, product(direction)) / 2
    change = problem.cost_after(direction) - problem.cost
    new_level = _damped(shift, change, predicted)
    step = [pt.switch(pt.le(change, 0), d, pt.zeros_like(d)) for d in direction]
    finite = ~(pt.isnan(change) | pt.isinf(change))
    kept = [pt.switch(finite, d, pt.zeros_like(d)) for d in direction]
    n = len(step)
    settled = problem.settled([*step, *kept, new_level])
    updates = problem.updates(settled[:n])
    for place, slot, new in zip(problem.places, slots.values(), settled[n:-1], strict=True):
        updates[slot] = place.write(slot, pt.cast(new, slot.type.dtype))
    updates[level] = pt.cast(settled[-1], level.type.dtype)
    updates.slots = {"damping": level, **slots}
    return updates


def lbfgs(
    cost: Variable,
    params: Param | Iterable[Param],
    inputs: Sequence[Variable],
    values: Sequence,
    *,
    backend: str | None = None,
    **options: Any,
) -> Any:
    """Minimise a cost over parameters and the rows of one batch, by SciPy's L-BFGS-B.

    The unknowns are the distinct rows that `values` choose and the entries of dense parameters, all
    in a flat vector; other rows of the tables are not touched.

    Parameters
    ----------
    cost : scalar variable
    params
        A shared variable, a subset, a Subset or a list of those, as for every rule.
    inputs : list of variables
        The inputs of the cost.
    values : list of arrays
        One for each input: the batch.
    backend : {"c", "numba", "jax"}, optional
        See :func:`symgrad.function`.
    **options
        Options of L-BFGS-B: ``maxiter``, ``maxcor``, ``ftol``, ``gtol``...

    Returns
    -------
    scipy.optimize.OptimizeResult
        With the flat solution ``x``, the cost ``fun``, ``success`` and ``message``. The parameters
        hold the solution.

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, NotSharedError, IntegerTableError
        As every rule does.
    ArgumentError
        If there are not as many `values` as `inputs`.

    Notes
    -----
    Each call compiles functions, so this is for many iterations on the rows of a large batch. On
    JAX ``x`` has a row for each index; for repeated indices, the rows left over stand at the end of
    the rows of their table and mean nothing.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> from symgrad.second_order import lbfgs
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> result = lbfgs(((W[index] - 3) ** 4).sum(), W, [index], [[2, 0, 2]], gtol=1e-9)
    >>> result.success, W.get_value().ravel().round(2).tolist()
    (True, [3.0, 1.0, 3.0, 1.0])
    """
    from scipy.optimize import minimize

    inputs, values = list(inputs), list(values)
    if len(inputs) != len(values):
        raise ArgumentError(
            f"lbfgs was given {len(values)} values for {len(inputs)} inputs: give one for each"
        )
    problem = problem_of(cost, params)
    rows = [pt.cast(unknown, "float64").type() for unknown in problem.unknowns]
    results = [pt.cast(result, "float64") for result in (problem.cost, *problem.gradients)]
    common: dict[str, Any] = {"backend": backend, "on_unused_input": "ignore"}
    evaluate = function([*inputs, *rows], problem.settled(results, rows), **common)
    read = function(inputs, [pt.cast(value, "float64") for value in problem.values], **common)
    write = function([*inputs, *rows], updates=problem.written(rows), **common)
    start = read(*values)

    def at(x: np.ndarray) -> tuple[float, np.ndarray]:
        cost, *gradients = evaluate(*values, *_like_arrays(x, start))
        return float(cost), _ravel(gradients)

    result = minimize(at, _ravel(start), jac=True, method="L-BFGS-B", options=options)
    write(*values, *_like_arrays(result.x, start))
    return result


def _damped(level: Variable, change: Variable, predicted: Variable) -> Variable:
    """Martens' rule: damp less where the model predicted the change of the cost well."""
    descends = pt.lt(predicted, 0)
    ratio = change / pt.switch(descends, predicted, 1)
    bad = ~(pt.ge(ratio, 0.25) & descends) & pt.neq(predicted, 0)
    good = pt.gt(ratio, 0.75) & descends
    return level * pt.switch(bad, 1.5, pt.switch(good, 2 / 3, 1.0))


def _damping_slot(damping: Any) -> SharedVariable:
    """The shared scalar that holds the damping."""
    if isinstance(damping, SharedVariable):
        if damping.type.ndim or "float" not in damping.type.dtype:
            raise HyperparameterError(
                f"hessian_free: damping is a shared {damping.type}: make it a floating scalar, "
                "e.g. sg.shared(1.0)"
            )
        return damping
    if isinstance(damping, Variable) or not damping > 0:
        raise HyperparameterError(
            f"hessian_free: damping is {damping}: give a number above 0, or a shared scalar"
        )
    return pytensor.shared(np.array(damping, "float64"), name="damping")


def _check_damping(name: str, damping: Any) -> None:
    if not isinstance(damping, Variable) and not damping >= 0:
        raise HyperparameterError(f"{name}: damping is {damping}: give a number of at least 0")


def _flat(blocks: Vectors) -> Variable:
    """All entries of all blocks in one vector of float64, which holds every dtype."""
    return pt.concatenate([pt.cast(block.flatten(), "float64") for block in blocks])


def _numbered(blocks: Vectors) -> list[Variable]:
    """For each block, the positions of its entries in `_flat`.

    They are counted by a sum of ones, since JAX needs static lengths for `arange` and for slices.
    """
    numbers = []
    start: int | Variable = 0
    for block in blocks:
        ones = pt.ones_like(block, dtype="int64")
        numbers.append(pt.cumsum(ones.flatten()).reshape(block.shape) + (start - 1))
        start = start + block.size
    return numbers


def _ravel(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """All entries of all arrays in one vector."""
    return np.concatenate([np.ravel(array) for array in arrays])


def _like_arrays(x: np.ndarray, models: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays, of the shapes of `models`, that `_ravel` makes the vector `x` of."""
    ends = np.cumsum([model.size for model in models])
    parts = np.split(x, ends[:-1])
    return [part.reshape(model.shape) for part, model in zip(parts, models, strict=True)]
