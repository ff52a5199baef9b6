"""What may follow a lookup: the positions of words, and units that compete."""

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Variable

from symgrad.errors import ArgumentError, HyperparameterError, OptionError

__all__ = ["positional_encoding", "winner_take_all"]


def positional_encoding(
    length: int, dim: int, level: str = "word", dtype: str | None = None
) -> np.ndarray:
    """Encode the positions in a sequence by a fixed matrix, one row for each position.

    Law, with positions and dimensions from 0, for words::

        encoding[position, 2 * i]     = sin(position / 10000**(2 * i / dim))
        encoding[position, 2 * i + 1] = cos(position / 10000**(2 * i / dim))

    and for characters::

        encoding[position, i] = cos(position / (i + 1)) if position is even
                                sin(position / (i + 1)) if position is odd

    Parameters
    ----------
    length : int, >= 0
        The length of the longest sequence.
    dim : int, > 0
        The length of the vectors.
    level : {"word", "character"}
        For words, add the matrix to the vectors of the words. For characters, multiply it with the
        vectors of the characters, and sum over the positions for a vector of the whole text.
    dtype : str, optional
        Default: ``pytensor.config.floatX``.

    Returns
    -------
    array of `dtype`, shape (length, dim)
        A constant in a graph, which every backend takes.

    Raises
    ------
    HyperparameterError
        For sizes that are not whole numbers in their range.
    OptionError
        For an unknown level.

    Notes
    -----
    Words: Vaswani et al. (2017), *Attention is all you need*. Characters: from a blog that applied
    this law to titles with spelling errors; neighbouring positions alternate between cosine and
    sine, and every dimension has its own frequency.

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
        raise OptionError(f"level is {level!r}: choose 'word' or 'character'")
    position, i = np.arange(length)[:, None], np.arange(dim)
    if level == "word":
        angle, is_sine = position / 10000.0 ** (2 * (i // 2) / dim), i % 2 == 0
    else:
        angle, is_sine = position / (i + 1.0), position % 2 == 1
    values = np.where(is_sine, np.sin(angle), np.cos(angle))
    return values.astype(dtype or pytensor.config.floatX)


def winner_take_all(h: Any, groups: int) -> Variable:
    """Keep the largest unit of each group and set the others to zero.

    Law, within each group of neighbouring units::

        out = h if h is the largest of its group else 0

    Parameters
    ----------
    h : variable of numbers, shape (..., units)
    groups : int, > 0
        The number of groups; `units` must be a multiple of it.

    Returns
    -------
    variable of the dtype and shape of `h`
        Units that share the largest value all stay. NaNs stay too, so that they are noticed.

    Raises
    ------
    HyperparameterError
        For `groups` that is not a whole number above 0.
    ArgumentError
        For a scalar `h`, and for units that are known not to be a multiple of `groups`; if they
        are not known, the call fails.

    Notes
    -----
    Only winners pass on a gradient. This is maxout that keeps the number of dimensions.
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
        raise ArgumentError(
            f"h of type {h.type} cannot be cut into {groups} groups: give a last dimension that is "
            "a multiple of groups"
        )
    lead = [h.shape[axis] for axis in range(h.type.ndim - 1)]
    # No gradient goes through the groups: JAX would not know their size in it.
    grouped = disconnected_grad(h).reshape([*lead, groups, -1])
    lost = grouped < pt.max(grouped, axis=-1, keepdims=True)
    return pt.switch(lost.reshape(h.shape), pt.zeros_like(h), h)
