"""Distributions that RandomState does not draw arrays from: a call for each draw, as in Theano."""

import numpy as np
from numpy.random import RandomState

__all__ = ["choice", "integers", "multinomial", "permutation"]


def sample_size(size: tuple | None, *shapes: tuple) -> tuple:
    """The size of a sample, by default that of its arguments, which must broadcast to it."""
    full = np.broadcast_shapes(*shapes)
    size = full if size is None else size
    if np.broadcast_shapes(full, size) != size:
        raise ValueError(f"arguments of shape {full} do not fit a sample of size {size}")
    return size


def integers(
    state: RandomState, low: np.ndarray, high: np.ndarray, size: tuple | None
) -> np.ndarray:
    """Integers from `low` to `high`, both included."""
    size = sample_size(size, low.shape, high.shape)
    low, high = np.broadcast_to(low, size), np.broadcast_to(high, size)
    out = np.empty(size)
    for position in np.ndindex(*size):
        out[position] = state.randint(int(low[position]), int(high[position]) + 1)
    return out


def choice(
    state: RandomState, a: np.ndarray, replace: np.ndarray, p: np.ndarray, size: tuple | None
) -> np.ndarray:
    """Entries of `a`; an empty `p` means equal probabilities."""
    choices = a if a.ndim else int(a)
    return state.choice(choices, size, bool(replace), p if p.ndim and p.size else None)


def permutation(state: RandomState, n: int, size: tuple | None) -> np.ndarray:
    """A permutation of 0 .. n - 1 for each entry of the size."""
    size = () if size is None else size
    out = np.empty((*size, int(n)), int)
    for position in np.ndindex(*size):
        out[position] = state.permutation(int(n))
    return out


def multinomial(
    state: RandomState, n: np.ndarray, pvals: np.ndarray, size: tuple | None
) -> np.ndarray:
    """Counts of the outcomes of `n` draws, for each entry of the sample.

    NumPy refuses probabilities whose sum is above 1 by rounding, or whose last is nearly 0. These
    are lowered a little.
    """
    size = sample_size(size, n.shape, pvals.shape[:-1])
    n = np.broadcast_to(n, size)
    pvals = np.broadcast_to(pvals, (*size, pvals.shape[-1]))
    if not (pvals >= 0).all():
        raise ValueError("multinomial was given probabilities below 0")
    out = np.empty(pvals.shape)
    for position in np.ndindex(*size):
        p = pvals[position]
        if 1 < np.sum(p) < 1 + 1e-5 or p[-1] < 5e-5:
            p = p * (1.0 - 5e-5)
        out[position] = state.multinomial(int(n[position]), p.astype("float64"))
    return out
