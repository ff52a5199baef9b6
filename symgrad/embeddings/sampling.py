"""Which words a step sees: fewer of the frequent words, and noise words as negatives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.errors import ArgumentError, HyperparameterError

__all__ = ["NoiseSampler", "keep_probability"]


def keep_probability(counts: Any, sample: float = 1e-3) -> np.ndarray:
    """Probability of keeping an occurrence of each word when frequent words are sub-sampled.

    Law, with ``share = count / sum(counts)``::

        keep = min(1, sqrt(sample / share) + sample / share)

    Parameters
    ----------
    counts : array of numbers, > 0, shape (n,)
        How often each word occurs in the text.
    sample : float, > 0
        Words with a share above about 2.6 times this are sub-sampled.

    Returns
    -------
    array of float64, shape (n,)
        Keep an occurrence of word ``k`` if a uniform random number in [0, 1) is below entry ``k``.

    Raises
    ------
    HyperparameterError
        For counts or a `sample` that are not above 0.

    Notes
    -----
    Source: the program word2vec. Mikolov et al. (2013), *Distributed representations of words and
    phrases*, print ``sqrt(sample / share)`` alone, which is not what the program computes.

    Examples
    --------
    >>> from symgrad.embeddings import keep_probability
    >>> keep_probability([1600, 400, 25], sample=0.01).round(3).tolist()
    [0.125, 0.276, 1.0]
    """
    counts = _vector(counts, "counts", above=True)
    if not sample > 0:
        raise HyperparameterError(
            f"sample is {sample}: give a number above 0, or keep every occurrence"
        )
    ratio = sample * counts.sum() / counts
    keep: np.ndarray = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return keep


class NoiseSampler:
    """Draws noise words for negative sampling, in a time that does not depend on the vocabulary.

    Law::

        P(word) = count(word)**power / sum(count**power)

    Parameters
    ----------
    counts : array of numbers, >= 0, shape (n,)
        How often each word occurs in the text; words with a count of 0 are never drawn.
    power : float
        3/4 as in word2vec. With 0 all words that occur are equally likely, with 1 they are drawn
        as often as they occur.

    Attributes
    ----------
    threshold : shared variable, float64, shape (n,)
    alias : shared variable, int64, shape (n,)
        Column ``k`` of the table stands for word ``k`` up to the threshold, and for word
        ``alias[k]`` above it.

    Raises
    ------
    HyperparameterError
        For counts that are negative, or all zero.

    Notes
    -----
    The alias method: Walker (1977), with the table built as in Vose (1991), in a time in proportion
    to `n`.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import NoiseSampler
    >>> noise = NoiseSampler([16, 1, 0])
    >>> drawn = noise.draw(np.random.default_rng(0).random(9000))
    >>> np.bincount(drawn, minlength=3).round(-2).tolist()
    [8000, 1000, 0]
    """

    def __init__(self, counts: Any, power: float = 0.75) -> None:
        weights = _vector(counts, "counts")
        # 0**0 is 1, but words that never occur are not drawn with a power of 0 either.
        weights = np.where(weights > 0, np.maximum(weights, 1e-300) ** power, 0.0)
        threshold, alias = _alias_table(weights / weights.sum())
        self.threshold = pytensor.shared(threshold, name="noise_threshold", borrow=True)
        self.alias = pytensor.shared(alias, name="noise_alias", borrow=True)

    def draw(self, uniform: Any, positive: Any = None, again: Sequence = ()) -> Any:
        """Draw a word for each uniform random number.

        Law, with ``x = n * uniform`` and ``k = floor(x)``::

            word = k if x - k < threshold[k] else alias[k]

        Where ``word == positive``, the word is drawn again with each entry of `again` in turn.

        Parameters
        ----------
        uniform : array or variable of float64, in [0, 1), any shape
            From NumPy, an input of the graph, or a random variable of PyTensor.
        positive : array or variable of integers, optional
            Words that are not to be drawn: a scalar, or as many dimensions as `uniform` has, each
            of the same length or 1, as ``positives[:, None]`` for ``k`` negatives of each of ``n``
            positives.
        again : sequence of arrays or variables like `uniform`
            Random numbers for the second draw of words that equal their positive, the third...

        Returns
        -------
        array or variable of int64, of the same shape
            An array for an array, a variable for a variable. A word whose every draw was its
            positive stays, which happens with probability ``P(word)**(1 + len(again))``;
            ``mask=words != positive`` takes it out of a cost.

        Raises
        ------
        ArgumentError
            If random numbers are not float64: their bits choose both the column and the side of
            the threshold, and float32 has too few for a large vocabulary. Also if only one of
            `positive` and `again` is given, or if their shapes do not fit.

        Examples
        --------
        >>> import pytensor.tensor as pt, symgrad as sg
        >>> from symgrad.embeddings import NoiseSampler
        >>> uniform = pt.dvector("uniform")
        >>> f = sg.function([uniform], NoiseSampler([16, 1, 0]).draw(uniform))
        >>> f([0.0, 0.4, 0.99]).tolist()
        [0, 1, 0]
        >>> NoiseSampler([16, 1, 0]).draw([0.0, 0.4], positive=[0, 0], again=[[0.4, 0.0]]).tolist()
        [1, 1]
        """
        again = list(again)
        if (positive is None) != (not again):
            raise ArgumentError(
                f"draw was given {'no ' if positive is None else ''}positive and {len(again)} "
                "times more numbers: give both, positive= and again=[numbers], or none of them"
            )
        words = self._drawn(uniform)
        for numbers in again:
            words = _where_equal(words, positive, self._drawn(numbers))
        return words

    def _drawn(self, uniform: Any) -> Any:
        """The words of the alias table for uniform random numbers."""
        if isinstance(uniform, Variable):
            threshold, alias, where = self.threshold, self.alias, pt.where
        else:
            uniform = np.asarray(uniform)
            threshold, alias = (x.get_value(borrow=True) for x in (self.threshold, self.alias))
            where = np.where
        dtype = str(uniform.dtype)
        if dtype != "float64":
            raise ArgumentError(
                f"uniform is {dtype}: give float64, whose bits are enough for the word and its "
                "threshold, e.g. rng.random(size) or pt.dmatrix()"
            )
        x = uniform * threshold.shape[0]
        column = x.astype("int64")
        height = x - column
        return where(height < threshold[column], column, alias[column])


def _where_equal(words: Any, positive: Any, others: Any) -> Any:
    """`others` where the words equal the positive, else `words`."""
    positive = positive if isinstance(positive, Variable) else np.asarray(positive)
    symbolic = any(isinstance(value, Variable) for value in (words, positive, others))
    fits = words.ndim == others.ndim and positive.ndim in (0, words.ndim)
    if fits and not symbolic:
        sizes = zip(positive.shape, words.shape, strict=False)
        fits = words.shape == others.shape and all(size in (1, full) for size, full in sizes)
    if not fits:
        raise ArgumentError(
            "positive and again do not fit the first numbers: give all numbers of one shape, and "
            "positives of as many dimensions that broadcast to it, as positives[:, None]"
        )
    if symbolic:
        return pt.switch(pt.eq(words, positive), others, words)
    return np.where(words == positive, others, words)


def _alias_table(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the probabilities into `n` columns of equal height, with at most two words in each."""
    n = len(probabilities)
    height = (probabilities * n).tolist()
    threshold, alias = np.ones(n), np.arange(n)
    low = [k for k in range(n) if height[k] < 1]
    high = [k for k in range(n) if height[k] >= 1]
    while low and high:
        short, tall = low.pop(), high[-1]
        threshold[short], alias[short] = height[short], tall
        height[tall] -= 1 - height[short]
        if height[tall] < 1:
            low.append(high.pop())
    # The columns that rounding leaves over have a height of 1 up to rounding, and keep their word.
    return threshold, alias


def _vector(values: Any, name: str, above: bool = False) -> np.ndarray:
    """A vector of finite numbers at or above 0, not all of them 0."""
    values = np.asarray(values, "float64")
    low = values <= 0 if above else values < 0
    if values.ndim != 1 or not np.isfinite(values).all() or low.any() or not values.any():
        raise HyperparameterError(
            f"{name} of shape {values.shape} are not all numbers {'above' if above else 'from'} "
            "0, or none of them is: give a vector with the count of each word"
        )
    return values
