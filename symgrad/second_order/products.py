"""Products with the Hessian and with the Gauss-Newton matrix."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Variable

from symgrad.cost.blocks import listed
from symgrad.cost.gradients import grad, variables_of
from symgrad.cost.lookups import Subset
from symgrad.errors import DisconnectedError, OtherPathError
from symgrad.graph.index_reads import describe
from symgrad.graph.replace import substitute
from symgrad.graph.walk import paths
from symgrad.second_order.vectors import Vectors, check_pairs, dot, replacements

__all__ = [
    "check_through",
    "gauss_newton_product",
    "gauss_newton_vp",
    "hessian_product",
    "hvp",
    "outputs_of",
    "pullback",
]


@overload
def hvp(cost: Variable, wrt: Variable, vectors: Variable) -> Variable: ...
@overload
def hvp(  # type: ignore[overload-cannot-match]  # only because Variable is untyped here
    cost: Variable, wrt: Subset | Sequence[Variable | Subset], vectors: Sequence[Variable]
) -> list[Variable]: ...
def hvp(cost: Variable, wrt: Any, vectors: Any) -> Any:
    """Product of the Hessian of a cost with vectors.

    Law::

        H v = d (sum of gradient * v) / d wrt,  gradient = d cost / d wrt,  v constant

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, Subset, or sequence of them
        As in :func:`symgrad.grad`. Each occurrence of a repeated row is an unknown of its own.
    vectors : variable, or list of them
        One for each `wrt`, of its shape; a list if `wrt` is a sequence or a Subset.

    Returns
    -------
    variable or list of variables
        Each of the shape and dtype of its `wrt`.

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, IntegerTableError
        As :func:`symgrad.grad` does.
    ArgumentError
        If `vectors` do not fit `wrt` in number or dimensions.

    Notes
    -----
    Pearlmutter, 'Fast exact multiplication by the Hessian' (1994), by two reverse passes.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> from symgrad.second_order import hvp
    >>> W, index = sg.shared(np.full((5, 1), 2.0), name="W"), pt.lvector("index")
    >>> subset = W[index]
    >>> product = hvp((subset**3).sum(), subset, pt.ones_like(subset))
    >>> sg.function([index], product)([4, 0]).tolist()
    [[12.0], [12.0]]
    """
    wrt, vectors, unpack = _paired("hvp", wrt, vectors)
    return unpack(hessian_product(grad(cost, wrt), wrt, vectors))


@overload
def gauss_newton_vp(
    cost: Variable, output: Variable | Iterable[Variable], wrt: Variable, vectors: Variable
) -> Variable: ...
@overload
def gauss_newton_vp(  # type: ignore[overload-cannot-match]  # only because Variable is untyped here
    cost: Variable,
    output: Variable | Iterable[Variable],
    wrt: Subset | Sequence[Variable | Subset],
    vectors: Sequence[Variable],
) -> list[Variable]: ...
def gauss_newton_vp(
    cost: Variable, output: Variable | Iterable[Variable], wrt: Any, vectors: Any
) -> Any:
    """Product of the Gauss-Newton matrix of a cost with vectors.

    Law::

        G v = J^T (H_output (J v)),  J = d output / d wrt,  H_output = d^2 cost / d output^2

    It is positive semi-definite if the cost is convex in `output`, and is the Hessian if `output`
    is linear in `wrt`.

    Parameters
    ----------
    cost : scalar variable
    output : variable, or list of them
        What the cost was built from: predictions, logits. The cost may depend on `wrt` only
        through the outputs; for a penalty on the subset itself give ``[output, subset]``.
    wrt, vectors
        As in :func:`hvp`.

    Returns
    -------
    variable or list of variables
        Each of the shape and dtype of its `wrt`.

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, IntegerTableError
        As :func:`symgrad.grad` does; OtherPathError also if `wrt` reaches the cost on a path
        other than `output`, DisconnectedError also if the cost does not depend on an output.
    ArgumentError
        If `vectors` do not fit `wrt` in number or dimensions.

    Notes
    -----
    Schraudolph, 'Fast curvature matrix-vector products' (2002).

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> from symgrad.second_order import gauss_newton_vp
    >>> w = sg.shared(3.0, name="w")
    >>> output = w**2
    >>> float(gauss_newton_vp((output - 1) ** 2, output, w, pt.constant(1.0)).eval())
    72.0
    """
    wrt, vectors, unpack = _paired("gauss_newton_vp", wrt, vectors)
    outputs = outputs_of(output)
    grad(cost, wrt)  # raises if `wrt` does not fit the cost
    check_through(cost, outputs, wrt)
    return unpack(gauss_newton_product(cost, outputs, wrt, vectors))


def hessian_product(gradients: Vectors, wrt: Vectors, vectors: Vectors) -> list[Variable]:
    """Law of :func:`hvp`."""
    return pullback(gradients, wrt, [disconnected_grad(vector) for vector in vectors])


def gauss_newton_product(
    cost: Variable, outputs: Vectors, wrt: Vectors, vectors: Vectors
) -> list[Variable]:
    """Law of :func:`gauss_newton_vp`: forward to the outputs, bend there, and back."""
    # The cost as a function of its outputs alone: an output may be computed from another output.
    free_outputs = [output.type() for output in outputs]
    tangents = [output.type() for output in outputs]
    (free_cost,) = substitute([cost], replacements(outputs, free_outputs))
    gradients = grad(free_cost, free_outputs)
    cotangents = pullback(gradients, free_outputs, tangents)
    forward = _pushforward(outputs, wrt, vectors)
    values = replacements([*free_outputs, *tangents], [*outputs, *forward])
    cotangents = substitute(cotangents, values)
    return pullback(outputs, wrt, [disconnected_grad(cotangent) for cotangent in cotangents])


def pullback(outputs: Vectors, wrt: Vectors, cotangents: Vectors) -> list[Variable]:
    """``J^T c``, zero for variables that nothing depends on; `cotangents` have no gradient.

    Unlike in PyTensor's pullback, an output may be computed from another output, or be in `wrt`.
    """
    total = dot(outputs, cotangents)
    return pytensor.grad(total, wrt, disconnected_inputs="ignore", return_disconnected="zero")


def _pushforward(outputs: Vectors, wrt: Vectors, tangents: Vectors) -> list[Variable]:
    """``J v``, the transpose of the pullback, which is linear in its cotangents."""
    cotangents = [pt.zeros_like(output) for output in outputs]
    return pullback(pullback(outputs, wrt, cotangents), cotangents, tangents)


def check_through(cost: Variable, outputs: Vectors, wrt: Vectors) -> None:
    """Raise unless the cost depends on each output, and on `wrt` only through the outputs."""
    reached = {variable for variable, _ in paths(cost, blocked=outputs)}
    for output in outputs:
        if output not in reached and output not in wrt:
            raise DisconnectedError(
                f"the cost {describe(cost)} is not built from the output {describe(output)}: give "
                "the very variable that the cost was built from"
            )
    for variable in wrt:
        if variable in reached and all(variable is not output for output in outputs):
            raise OtherPathError(
                f"{describe(variable)} reaches the cost by another way than the output, and the "
                "Gauss-Newton matrix would leave that part out: give output=[output, subset], "
                "with the variable that reaches it"
            )


def _paired(
    name: str, wrt: Any, vectors: Any
) -> tuple[list[Variable], list[Variable], Callable[[list[Variable]], Any]]:
    """Lists of `wrt` and `vectors`, and the function that returns results in the form of `wrt`."""
    if isinstance(wrt, Variable):
        wrt, vectors, unpack = [wrt], [vectors], lambda results: results[0]
    else:
        wrt = [variable for item in listed(wrt) for variable in variables_of(item)]
        vectors, unpack = list(vectors), list
    vectors = [pt.as_tensor(vector) for vector in vectors]
    check_pairs(name, "vectors", vectors, wrt)
    return wrt, vectors, unpack


def outputs_of(output: Variable | Iterable[Variable]) -> list[Variable]:
    """The outputs as a list."""
    return [output] if isinstance(output, Variable) else list(output)
