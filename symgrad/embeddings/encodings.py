"""What may follow a lookup: the order of the words, and units that compete."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from symgrad.errors import HyperparameterError

__all__ = ["positional_encoding", "winner_take_all"]


def positional_encoding(length, dim, level="word", dtype=None):
    """Encode positions in a sequence as a fixed matrix, one row for each position.

    Law, with positions and dimensions from 0, for words::

        encoding[position, 2 * i]     = sin(position / 10000**(2 * i / dim))
        encoding[position, 2 * i + 1] = cos(position / 10000**(2 * i / dim))

    and for characters::

        encoding[position, i] = cos(position / (i + 1)) if position is even
                                sin(position / (i + 1)) if position is odd

    Parameters
    ----------
    length : int, >= 0
        Of the longest sequence.
    dim : int, > 0
        Length of the vectors.
    level : {"word", "character"}
        Words: add it to the vectors of the words. Characters: multiply it with the vectors of the
        characters, and sum over the positions for a vector of the whole text.
    dtype : str, optional
        Default: ``pytensor.config.floatX``.

    Returns
    -------
    array of `dtype`, shape (length, dim)
        Constant in a graph, so it works on every backend.

    Raises
    ------
    HyperparameterError
        For an unknown level, and sizes that are no numbers in their range.

    Notes
    -----
    Words: Vaswani et al. (2017), *Attention is all you need*. Characters: the rule of a blog that
    applied it to titles with spelling errors; neighbouring positions alternate between cosine
    and sine, and every dimension has a frequency of its own.

    Examples
    --------
    >>> from symgrad.embeddings import positional_encoding
    >>> positional_encoding(2, 4, dtype="float64").round(2).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.84, 0.54, 0.01, 1.0]]
    >>> positional_encoding(2, 3, "character", "float64").round(2).tolist()
    [[1.0, 1.0, 1.0], [0.84, 0.48, 0.33]]
    """
    for name, size, least in (("length", length, 0), ("dim", dim, 1)):
        if not isinstance(size, (int, np.integer)) or size < least:
            raise HyperparameterError(f"{name} is {size!r}: give a whole number from {least}")
    if level not in ("word", "character"):
        raise HyperparameterError(f"level is {level!r}: choose 'word' or 'character'")
    position, i = np.arange(length)[:, None], np.arange(dim)
    if level == "word":
        angle, is_sine = position / 10000.0 ** (2 * (i // 2) / dim), i % 2 == 0
    else:
        angle, is_sine = position / (i + 1.0), position % 2 == 1
    return np.where(is_sine, np.sin(angle), np.cos(angle)).astype(dtype or pytensor.config.floatX)


def winner_take_all(h, groups):
    """Keep the largest unit of each group and set the others to zero.

    Law, within each group of neighbouring units::

        out = h if h is the largest of its group else 0

    Parameters
    ----------
    h : variable of numbers, shape (..., units)
    groups : int, > 0
        How many; `units` must be a multiple of it.

    Returns
    -------
    variable of the dtype and shape of `h`
        Units that share the largest value all stay; so do NaNs, to be found.

    Raises
    ------
    HyperparameterError
        For `groups` that is no number above 0, a scalar `h`, or units that are known not to be a
        multiple of it; otherwise the call fails.

    Notes
    -----
    The gradient of a winner is passed on, the others have none: maxout without fewer dimensions.
    Source: winner-take-all circuits, e.g. Srivastava et al. (2013), *Compete to compute*.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import winner_take_all
    >>> winner_take_all(np.array([[3.0, 1.0, -2.0, -1.0]]), groups=2).eval().tolist()
    [[3.0, 0.0, 0.0, -1.0]]
    """
    h = pt.as_tensor(h)
    if isinstance(groups, bool) or not isinstance(groups, (int, np.integer)) or groups < 1:
        raise HyperparameterError(f"groups is {groups!r}: give a whole number above 0")
    if h.type.ndim == 0 or (h.type.shape[-1] or 0) % groups:
        raise HyperparameterError(
            f"h of type {h.type} cannot be cut into {groups} groups: give a last dimension that is "
            "a multiple of groups"
        )
    lead = [h.shape[axis] for axis in range(h.type.ndim - 1)]
    # No gradient goes through the groups: JAX could not tell their size in it.
    grouped = disconnected_grad(h).reshape([*lead, groups, -1])
    lost = grouped < pt.max(grouped, axis=-1, keepdims=True)
    return pt.switch(lost.reshape(h.shape), pt.zeros_like(h), h)
