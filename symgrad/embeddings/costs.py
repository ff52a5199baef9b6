"""Ranking costs, and the negatives of a pool that are worth ranking.

The costs are graphs, one number for each example; take their mean or sum for a rule.
"""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from symgrad.errors import HyperparameterError

__all__ = ["hard_negatives", "logistic_cost", "margin_cost", "picked", "triplet_cost"]


def logistic_cost(positive, negative, mask=None):
    """Cost of telling the positive from its negatives by the sign of their scores.

    Law::

        cost = -log(sigmoid(positive)) - sum_k log(sigmoid(-negative[k]))

    Parameters
    ----------
    positive : variable of floats, shape (...)
        Scores of the right items, as scalar products of their vectors.
    negative : variable of floats, shape (..., k)
    mask : boolean variable, shape (..., k), optional
        Where False, a negative does not count.

    Returns
    -------
    variable, shape (...)

    Raises
    ------
    HyperparameterError
        If `negative` has not one dimension more than `positive`.

    Notes
    -----
    Skip-gram with negative sampling: Mikolov et al. (2013). Written with softplus, which does not
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


def margin_cost(positive, negative, margin=1.0, mask=None):
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
        For a negative margin, or if `negative` has not one dimension more than `positive`.

    Notes
    -----
    As in WSABIE (Weston et al. 2011) without its weights by rank, and StarSpace (Wu et al. 2018).
    Scores can be pulled apart without end by longer vectors, so limit their norms:
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


def triplet_cost(anchor, positive, negative, margin=0.2):
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


def hard_negatives(positive, pool, k, margin=1.0, allowed=None):
    """Choose from a pool of candidates those that score highest, and see which violate the margin.

    Law::

        index = positions of the k largest of pool, largest first, equal ones in any order
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
        Where False, a candidate is no negative: it is the right item itself, say. Such candidates
        are chosen last and never violate.

    Returns
    -------
    index : variable of int64, shape (..., k)
        Positions in the pool.
    violates : boolean variable, shape (..., k)
        For ``mask=`` of the costs.

    Raises
    ------
    HyperparameterError
        For a `k` that is no number above 0, for a negative margin, or if `pool` has not one
        dimension more than `positive`.

    Notes
    -----
    The choice is made without gradients: score the chosen items, which :func:`picked` gives, again
    for the cost, then only their rows are updated. Its price is one score for each candidate, so
    keep pools to some hundreds drawn at random, not the whole vocabulary.

    Source: mining within a part of the data as in Schroff et al. (2015).

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
            f"k is {k!r}: give a number above 0; it is the length of the result, so no variable"
        )
    positive, pool = (disconnected_grad(x) for x in _scores(positive, pool))
    if allowed is not None:
        pool = pt.switch(allowed, pool, -float("inf"))
    # Sorted, not read by index: JAX could not tell the shape of such a read.
    index, score = pt.argsort(-pool, axis=-1), -pt.sort(-pool, axis=-1)
    shape = [None] * (pool.type.ndim - 1) + [k]
    index, score = (pt.specify_shape(x[..., :k], shape) for x in (index, score))
    return index, score > positive[..., None] - margin


def picked(items, index):
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
    HyperparameterError
        If one of them is no matrix.

    Notes
    -----
    What :func:`pytensor.tensor.take_along_axis` gives, written so that JAX can tell the shape of
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
        raise HyperparameterError(
            f"items have {items.type.ndim} dimensions and index {index.type.ndim}: give matrices "
            "with one row for each example"
        )
    start = pt.arange(items.shape[0])[:, None] * items.shape[1]
    return items.ravel()[index + start]


def _scores(positive, negative):
    positive, negative = pt.as_tensor(positive), pt.as_tensor(negative)
    if negative.type.ndim != positive.type.ndim + 1:
        raise HyperparameterError(
            f"the negatives have {negative.type.ndim} dimensions for {positive.type.ndim} of the "
            "positives: give one more, that of the negatives of each positive"
        )
    return positive, negative


def _sum(costs, mask):
    return pt.sum(costs if mask is None else pt.switch(mask, costs, 0), axis=-1)


def _check_margin(margin):
    if isinstance(margin, (int, float)) and not margin >= 0:
        raise HyperparameterError(f"margin is {margin}: give a number of at least 0")
