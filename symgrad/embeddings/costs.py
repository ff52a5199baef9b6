"""Ranking costs, and the negatives of a pool that are worth ranking.

A cost is a graph with one number for each example; give its mean or sum to a rule.
"""

from typing import Any

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Variable

from symgrad.errors import ArgumentError, HyperparameterError

__all__ = ["hard_negatives", "logistic_cost", "margin_cost", "picked", "triplet_cost"]


def logistic_cost(positive: Any, negative: Any, mask: Any = None) -> Variable:
    """Cost of telling the positive item from the negative ones by the signs of their scores.

    Law::

        cost = -log(sigmoid(positive)) - sum_k log(sigmoid(-negative[k]))

    Parameters
    ----------
    positive : variable of floats, shape (...)
        Scores of the right items, for example scalar products of vectors.
    negative : variable of floats, shape (..., k)
    mask : boolean variable, shape (..., k), optional
        Where False, a negative does not count.

    Returns
    -------
    variable, shape (...)

    Raises
    ------
    ArgumentError
        If `negative` does not have one dimension more than `positive`.

    Notes
    -----
    Skip-gram with negative sampling: Mikolov et al. (2013). Computed by softplus, which does not
    overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import logistic_cost
    >>> logistic_cost(np.array([2.0]), np.array([[0.0, -1.0]])).eval().round(3).tolist()
    [1.133]
    """
    positive, negative = _scores(positive, negative)
    return pt.softplus(-positive) + _sum(pt.softplus(negative), mask)


def margin_cost(positive: Any, negative: Any, margin: Any = 1.0, mask: Any = None) -> Variable:
    """Cost of negatives that do not stay below the positive by a margin.

    Law::

        cost = sum_k max(0, margin - positive + negative[k])

    Parameters
    ----------
    positive : variable of floats, shape (...)
        Scores of the right items.
    negative : variable of floats, shape (..., k)
    margin : float, >= 0, or scalar variable
    mask : boolean variable, shape (..., k), optional
        Where False, a negative does not count.

    Returns
    -------
    variable, shape (...)

    Raises
    ------
    HyperparameterError
        For a negative margin.
    ArgumentError
        If `negative` does not have one dimension more than `positive`.

    Notes
    -----
    As in WSABIE (Weston et al. 2011) without its weights by rank, and StarSpace (Wu et al. 2018).
    Longer vectors pull the scores apart without end, so limit their norms:
    ``constraint=sg.max_norm(1.0)``.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import margin_cost
    >>> margin_cost(np.array([2.0]), np.array([[1.5, 0.0]]), margin=1.0).eval().tolist()
    [0.5]
    """
    _check_margin(margin)
    positive, negative = _scores(positive, negative)
    return _sum(pt.maximum(margin - positive[..., None] + negative, 0), mask)


def triplet_cost(anchor: Any, positive: Any, negative: Any, margin: Any = 0.2) -> Variable:
    """Cost of negatives that are not farther from the anchor than the positive by a margin.

    Law, with squared Euclidean distances::

        cost = max(0, margin + |anchor - positive|**2 - |anchor - negative|**2)

    Parameters
    ----------
    anchor, positive, negative : variables of floats, shape (..., dim)
        Vectors; they broadcast, so ``(n, 1, dim)`` goes with negatives of ``(n, k, dim)``.
    margin : float, >= 0, or scalar variable

    Returns
    -------
    variable, shape (...)

    Raises
    ------
    HyperparameterError
        For a negative margin.

    Notes
    -----
    FaceNet: Schroff et al. (2015), for vectors of unit norm: ``constraint=sg.unit_norm()``.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import triplet_cost
    >>> anchor, near, far = np.array([[0.0, 1.0]]), np.array([[0.0, 0.5]]), np.array([[0.5, 1.0]])
    >>> triplet_cost(anchor, near, far, margin=0.25).eval().tolist()
    [0.25]
    """
    _check_margin(margin)
    anchor, positive, negative = (pt.as_tensor(x) for x in (anchor, positive, negative))
    near = pt.sum((anchor - positive) ** 2, axis=-1)
    far = pt.sum((anchor - negative) ** 2, axis=-1)
    return pt.maximum(margin + near - far, 0)


def hard_negatives(
    positive: Any, pool: Any, k: int, margin: Any = 1.0, allowed: Any = None
) -> tuple[Variable, Variable]:
    """Choose the candidates of a pool with the highest scores, and see which violate the margin.

    Law::

        index = positions of the k largest scores of pool, largest first, ties in any order
        violates = pool[index] > positive - margin

    Parameters
    ----------
    positive : variable of floats, shape (...)
        Scores of the right items.
    pool : variable of floats, shape (..., candidates)
        Scores of the candidates.
    k : int, > 0
        How many to choose; the call fails if there are fewer candidates.
    margin : float, >= 0, or scalar variable
    allowed : boolean variable, shape (..., candidates), optional
        Where False, a candidate is not a negative, for example the right item itself. Such
        candidates are chosen last and never violate.

    Returns
    -------
    index : variable of int64, shape (..., k)
        Positions in the pool.
    violates : boolean variable, shape (..., k)
        For ``mask=`` of the costs.

    Raises
    ------
    HyperparameterError
        For a `k` that is not a whole number above 0, and for a negative margin.
    ArgumentError
        If `pool` does not have one dimension more than `positive`.

    Notes
    -----
    The choice has no gradient: score the chosen items, which :func:`picked` gives, again for the
    cost, so that only their rows are updated. Every candidate is scored, so use pools of a few
    hundred items drawn at random, not the whole vocabulary.

    Source: mining within a part of the data, as in Schroff et al. (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import hard_negatives
    >>> pool = np.array([[0.1, 0.9, -0.5, 0.6]])
    >>> index, violates = hard_negatives(np.array([1.0]), pool, k=2, margin=0.3)
    >>> index.eval().tolist(), violates.eval().tolist()
    ([[1, 3]], [[True, False]])
    """
    _check_margin(margin)
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise HyperparameterError(
            f"k is {k!r}: give a whole number above 0, not a variable, as it is a length"
        )
    positive, pool = (disconnected_grad(x) for x in _scores(positive, pool))
    if allowed is not None:
        pool = pt.switch(allowed, pool, -float("inf"))
    # Sorted, not read by index: JAX would not know the shape of such a read.
    index, score = pt.argsort(-pool, axis=-1), -pt.sort(-pool, axis=-1)
    shape = [None] * (pool.type.ndim - 1) + [k]
    index, score = (pt.specify_shape(x[..., :k], shape) for x in (index, score))
    return index, score > positive[..., None] - margin


def picked(items: Any, index: Any) -> Variable:
    """Items of each example at the positions that :func:`hard_negatives` chose.

    Law::

        out[n, j] = items[n, index[n, j]]

    Parameters
    ----------
    items : variable, shape (n, candidates)
        The pool: the row of each candidate in its table.
    index : variable of integers in [0, candidates), shape (n, k)

    Returns
    -------
    variable of the dtype of `items`, shape (n, k)

    Raises
    ------
    ArgumentError
        If one of them is not a matrix.

    Notes
    -----
    The same as :func:`pytensor.tensor.take_along_axis`, but written so that JAX knows the shape of
    the rows ``table[picked(items, index)]``.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import picked
    >>> picked(np.array([[10, 11, 12], [20, 21, 22]]), np.array([[2], [0]])).eval().tolist()
    [[12], [20]]
    """
    items, index = pt.as_tensor(items), pt.as_tensor(index)
    if items.type.ndim != 2 or index.type.ndim != 2:
        raise ArgumentError(
            f"items have {items.type.ndim} dimensions and index {index.type.ndim}: give matrices "
            "with one row for each example"
        )
    start = pt.arange(items.shape[0])[:, None] * items.shape[1]
    return items.ravel()[index + start]


def _scores(positive: Any, negative: Any) -> tuple[Variable, Variable]:
    positive, negative = pt.as_tensor(positive), pt.as_tensor(negative)
    if negative.type.ndim != positive.type.ndim + 1:
        raise ArgumentError(
            f"the negatives have {negative.type.ndim} dimensions for {positive.type.ndim} of the "
            "positives: give one more, that of the negatives of each positive"
        )
    return positive, negative


def _sum(costs: Variable, mask: Any) -> Variable:
    return pt.sum(costs if mask is None else pt.switch(mask, costs, 0), axis=-1)


def _check_margin(margin: Any) -> None:
    if isinstance(margin, (int, float)) and not margin >= 0:
        raise HyperparameterError(f"margin is {margin}: give a number of at least 0")
