"""Laws that RandomState has not for arrays: each draw is one call, in Theano's order."""

import numpy as np

__all__ = ["choice", "integers", "multinomial", "permutation"]


def broadcast(size, *shapes):
    """The size of a sample, from its arguments where it is not given, and a check that they fit."""
    full = np.broadcast_shapes(*shapes)
    size = full if size is None else size
    if np.broadcast_shapes(full, size) != size:
        raise ValueError(f"arguments of shape {full} do not fit a sample of size {size}")
    return size


def integers(state, low, high, size):
    """One integer from `low` to `high` for each entry of the sample."""
    size = broadcast(size, low.shape, high.shape)
    low, high = np.broadcast_to(low, size), np.broadcast_to(high, size)
    out = np.empty(size)
    for at in np.ndindex(*size):
        out[at] = state.randint(int(low[at]), int(high[at]) + 1)
    return out


def choice(state, a, replace, p, size):
    """Entries of `a`, an empty `p` for equal probabilities."""
    a = a if a.ndim else int(a)
    return state.choice(a, size, bool(replace), p if p.ndim and p.size else None)


def permutation(state, n, size):
    """A permutation of 0 .. n - 1 for each entry of the size."""
    size = () if size is None else size
    out = np.empty((*size, int(n)), int)
    for at in np.ndindex(*size):
        out[at] = state.permutation(int(n))
    return out


def multinomial(state, n, pvals, size):
    """Counts of `n` draws for each entry of the sample.

    Probabilities whose sum, by rounding, is above 1, or whose last is nearly 0, are lowered
    a little: NumPy refuses them.
    """
    size = broadcast(size, n.shape, pvals.shape[:-1])
    n = np.broadcast_to(n, size)
    pvals = np.broadcast_to(pvals, (*size, pvals.shape[-1]))
    if not (pvals >= 0).all():
        raise ValueError("multinomial was given probabilities below 0")
    out = np.empty(pvals.shape)
    for at in np.ndindex(*size):
        p = pvals[at]
        if 1 < np.sum(p) < 1 + 1e-5 or p[-1] < 5e-5:
            p = p * (1.0 - 5e-5)
        out[at] = state.multinomial(int(n[at]), p.astype("float64"))
    return out
