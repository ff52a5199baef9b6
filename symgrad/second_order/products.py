"""Products with the Hessian and with the Gauss-Newton matrix."""

import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Variable
from pytensor.tensor.type import TensorType

from symgrad.cost.blocks import listed
from symgrad.cost.gradients import grad, variables_of
from symgrad.errors import DisconnectedError, HyperparameterError, OtherPathError
from symgrad.graph.index_reads import describe
from symgrad.graph.replace import substitute
from symgrad.graph.walk import paths

__all__ = [
    "check_pairs",
    "check_through",
    "dot",
    "gauss_newton_product",
    "gauss_newton_vp",
    "hessian_product",
    "hvp",
    "like",
    "minus",
    "outputs_of",
    "pullback",
    "replacements",
]


def hvp(cost, wrt, vectors):
    """Product of the Hessian of a cost with vectors.

    Law::

        H v = d (sum of gradient * v) / d wrt,  gradient = d cost / d wrt,  v held constant

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, Subset, or sequence of them
        As in :func:`symgrad.grad`. Repeated rows of a subset are unknowns of their own here.
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
    HyperparameterError
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


def gauss_newton_vp(cost, output, wrt, vectors):
    """Product of the Gauss-Newton matrix of a cost with vectors.

    Law::

        G v = J^T (H_output (J v)),  J = d output / d wrt,  H_output = d^2 cost / d output^2

    It is positive semi-definite if the cost is convex in `output`, and is the Hessian if `output`
    is linear in `wrt`.

    Parameters
    ----------
    cost : scalar variable
    output : variable, or list of them
        What the cost was built from: predictions, logits. Everything that the cost takes of `wrt`
        goes through here; for a penalty on the subset itself give ``[output, subset]``.
    wrt, vectors
        As in :func:`hvp`.

    Returns
    -------
    variable or list of variables
        Each of the shape and dtype of its `wrt`.

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, IntegerTableError
        As :func:`symgrad.grad` does; OtherPathError also if `wrt` reaches the cost by another way
        than `output`, DisconnectedError also if the cost does not depend on an output.
    HyperparameterError
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
    grad(cost, wrt)  # for its checks
    check_through(cost, outputs, wrt)
    return unpack(gauss_newton_product(cost, outputs, wrt, vectors))


def hessian_product(gradients, wrt, vectors):
    """Law of :func:`hvp`."""
    return pullback(gradients, wrt, [disconnected_grad(one) for one in vectors])


def gauss_newton_product(cost, outputs, wrt, vectors):
    """Law of :func:`gauss_newton_vp`: forward to the outputs, bend there, and back."""
    # The cost as a function of its outputs alone: one output may be made of another.
    free = [output.type() for output in outputs]
    directions = [output.type() for output in outputs]
    (freed,) = substitute([cost], replacements(outputs, free))
    gradients = grad(freed, free)
    bent = pullback(gradients, free, directions)
    forward = _pushforward(outputs, wrt, vectors)
    bent = substitute(bent, replacements([*free, *directions], [*outputs, *forward]))
    return pullback(outputs, wrt, [disconnected_grad(one) for one in bent])


def pullback(outputs, wrt, cotangents):
    """``J^T c``, zero where nothing connects, for cotangents that no gradient flows through.

    Unlike PyTensor's pullback, an output may be made of another, or of ``wrt``.
    """
    total = dot(outputs, cotangents)
    return pytensor.grad(total, wrt, disconnected_inputs="ignore", return_disconnected="zero")


def _pushforward(outputs, wrt, tangents):
    """``J v``: the pullback is linear in its cotangents, and ``J v`` is its transpose."""
    cotangents = [pt.zeros_like(output) for output in outputs]
    return pullback(pullback(outputs, wrt, cotangents), cotangents, tangents)


def check_through(cost, outputs, wrt):
    """All that the cost takes of `wrt` goes through the outputs, on each of which it depends."""
    reached = {variable for variable, _ in paths(cost, blocked=outputs)}
    for output in outputs:
        if output not in reached and output not in wrt:
            raise DisconnectedError(
                f"the cost {describe(cost)} is not built from the output {describe(output)}: give "
                "the very variable that the cost was built from"
            )
    for one in wrt:
        if one in reached and all(one is not output for output in outputs):
            raise OtherPathError(
                f"{describe(one)} reaches the cost by another way than the output, and the "
                "Gauss-Newton matrix would leave that part out: give output=[output, subset], "
                "with the variable that reaches it"
            )


def check_pairs(name, what, given, wanted):
    """Lists that go together have one length, and pairs have one number of dimensions."""
    given = list(given)
    if len(given) != len(wanted):
        raise HyperparameterError(
            f"{name}: {what} has {len(given)} blocks where {len(wanted)} are wanted: give one each"
        )
    for one, other in zip(given, wanted, strict=True):
        if one.type.ndim != other.type.ndim:
            raise HyperparameterError(
                f"{name}: {what} has {one.type.ndim} dimensions for {describe(other)}, which has "
                f"{other.type.ndim}: give a variable of its shape"
            )


def _paired(name, wrt, vectors):
    """Lists of `wrt` and `vectors`, and how to return a result for them."""
    if isinstance(wrt, Variable):
        wrt, vectors, unpack = [wrt], [vectors], lambda results: results[0]
    else:
        wrt = [one for item in listed(wrt) for one in variables_of(item)]
        vectors, unpack = list(vectors), list
    vectors = [pt.as_tensor(vector) for vector in vectors]
    check_pairs(name, "vectors", vectors, wrt)
    return wrt, vectors, unpack


def outputs_of(output):
    """The outputs as a list."""
    return [output] if isinstance(output, Variable) else list(output)


def replacements(variables, values):
    """A mapping for ``substitute``, each value in the type of its variable."""
    return dict(zip(variables, like(values, variables), strict=True))


def like(values, models):
    """Values cast to the types of their models."""
    return [
        model.type.filter_variable(pt.cast(value, model.type.dtype))
        if isinstance(model.type, TensorType)
        else value
        for value, model in zip(values, models, strict=True)
    ]


def dot(a, b):
    """The inner product of two lists of blocks."""
    return sum(pt.sum(one * other) for one, other in zip(a, b, strict=True))


def minus(a, b):
    """The difference of two lists of blocks."""
    return [one - other for one, other in zip(a, b, strict=True)]
