"""``theano.sandbox.rng_mrg``: random numbers of MRG31k3p, bit for bit those of Theano."""

import warnings
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import undefined_grad
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar import upcast
from pytensor.tensor.basic import get_underlying_scalar_constant_value
from pytensor.tensor.variable import TensorVariable

from symgrad.errors import ArgumentError
from symgrad.theano.gof.op import StandsFor
from symgrad.theano.ops.mrg import M1, M2, MRG
from symgrad.theano.ops.multinomial import ChoiceFromUniform, MultinomialFromUniform
from symgrad.theano.ops.multiply_add import multiply_add
from symgrad.theano.tensor.raw_random import StateSharedVariable

__all__ = [
    "M1",
    "M2",
    "MRG_RandomStreams",
    "ff_2p72",
    "ff_2p134",
    "guess_n_streams",
    "mrg_uniform",
]

MAX_STREAMS = 60 * 256


def product(a: np.ndarray, b: np.ndarray, modulus: int) -> np.ndarray:
    """``a @ b.T`` modulo `modulus`, for factors below 2**31."""
    return ((a[:, None, :] * b) % modulus).sum(-1) % modulus


def jump(step: np.ndarray, doublings: int, modulus: int) -> np.ndarray:
    """The matrix of 2**doublings steps of a recurrence."""
    matrix = np.array(step, "int64")
    for _ in range(doublings):
        matrix = product(matrix, matrix.T, modulus)
    return matrix


STEP1, STEP2 = np.eye(3, k=-1, dtype="int64"), np.eye(3, k=-1, dtype="int64")
STEP1[0], STEP2[0] = (0, 2**22, 129), (32768, 0, 32769)
# Substreams of a stream begin 2**72 draws apart, and streams 2**134 draws.
SUBSTREAM = jump(STEP1, 72, M1), jump(STEP2, 72, M2)
STREAM = jump(STEP1, 134, M1), jump(STEP2, 134, M2)


def jumped(states: np.ndarray, matrices: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """States, one per row, moved forward by a pair of jump matrices."""
    first, second = matrices
    halves = product(states[:, :3], first, M1), product(states[:, 3:], second, M2)
    return np.concatenate(halves, axis=1)


def ff_2p72(rstate: np.ndarray) -> np.ndarray:
    """The state 2**72 draws later."""
    return jumped(np.asarray(rstate, "int64")[None], SUBSTREAM)[0].astype("int32")


def ff_2p134(rstate: np.ndarray) -> np.ndarray:
    """The state 2**134 draws later."""
    return jumped(np.asarray(rstate, "int64")[None], STREAM)[0].astype("int32")


class mrg_uniform(metaclass=StandsFor):
    """The generator without stored states: ``new_state, sample = mrg_uniform.new(...)``.

    The Ops of a graph are instances of MRG; they count as instances of this class.
    """

    ops = (MRG,)

    @staticmethod
    def new(rstate, ndim, dtype, size):
        """A uniform sample from states: an int32 matrix with a state of 6 numbers in each row."""
        size = lengths(size, ndim)
        return MRG("uniform", dtype, len(size))(rstate, *size)


def guess_n_streams(size: Any, warn: bool = False) -> int:
    """How many streams Theano draws a sample of this size from.

    Law::

        min(n // 6 if n > 6 else n, 15360)    of n numbers, if size is a tuple or list of int
        15360                                 else

    Parameters
    ----------
    size : tuple or list of int, or anything else
        NumPy's integers do not count as int, as in Theano.
    warn : bool
        Warn if the size is not known.

    Returns
    -------
    int

    Examples
    --------
    >>> guess_n_streams((4, 5)), guess_n_streams((3,)), guess_n_streams(None)
    (3, 3, 15360)
    """
    if isinstance(size, tuple | list) and all(isinstance(n, int) for n in size):
        n = int(np.prod(size, dtype=object))
        return min(n // 6 if n > 6 else n, MAX_STREAMS)
    if warn:
        warnings.warn(
            f"the size {size} is known only at run time: {MAX_STREAMS} streams are used. Give "
            "nstreams to choose",
            stacklevel=2,
        )
    return MAX_STREAMS


class MRG_RandomStreams:
    """Random variables, each from its own streams of the generator MRG31k3p.

    Law::

        draw i of a sample  comes from its substream i mod nstreams
        substreams          begin 2**72 draws apart
        samples             begin 2**134 draws apart, in the order in which they are made

    Parameters
    ----------
    seed : int, or list of 6 int
        The first three are below 2147483647 and the last three below 2147462579; neither triple
        is all zero. A single int stands for all six.

    Raises
    ------
    HyperparameterError
        For a seed out of its range.

    Notes
    -----
    C, Numba and JAX draw the numbers of ``theano.sandbox.rng_mrg`` of Theano 1.0.5. The generator
    is that of L'Ecuyer and Touzin, Fast combined multiple recursive generators with multipliers of
    the form a = +-2^d +-2^e (2000). Each sample has its state in a shared variable with a default
    update. ``uniform`` and ``normal`` have gradients with respect to their bounds, mean and
    deviation.

    Examples
    --------
    >>> import pytensor
    >>> streams = MRG_RandomStreams(seed=42)
    >>> draw = pytensor.function([], streams.uniform((2,), dtype="float64"))
    >>> draw().round(6).tolist(), draw().round(6).tolist()
    ([0.080752, 0.926764], [0.08034, 0.347342])
    """

    def __init__(self, seed=12345):
        self.state_updates = []
        self.default_instance_seed = seed
        self.set_rstate(seed)

    def updates(self):
        """``(state, new state, size, nstreams)`` of all samples made so far."""
        return list(self.state_updates)

    def set_rstate(self, seed):
        """Start the samples made from now on from another seed."""
        if isinstance(seed, int | np.integer):
            seed = [seed] * 6
        elif len(seed) != 6:
            raise TypeError(f"a seed of {len(seed)} numbers was given: give 1 or 6 integers")
        for triple, modulus in ((seed[:3], M1), (seed[3:], M2)):
            if not any(triple) or not all(0 <= number < modulus for number in triple):
                raise ArgumentError(
                    f"seed was given with {list(triple)}: give three integers from 0 to "
                    f"{modulus - 1}, not all 0"
                )
        self.rstate = np.array(seed, "int32")

    def seed(self, seed=None):
        """Reset all samples made so far, to another seed or to the first."""
        self.set_rstate(self.default_instance_seed if seed is None else seed)
        for state, _, _, nstreams in self.state_updates:
            state.set_value(self.get_substream_rstates(nstreams), borrow=True)

    def inc_rstate(self):
        """Move on to the streams of the next sample."""
        self.rstate = ff_2p134(self.rstate)

    def get_substream_rstates(self, n_streams, dtype=None, inc_rstate=True):
        """First states of a sample's substreams, an int32 matrix of 6 columns."""
        states, matrices = self.rstate.astype("int64")[None], SUBSTREAM
        while len(states) < n_streams:
            states = np.concatenate([states, jumped(states, matrices)])
            first, second = matrices
            matrices = product(first, first.T, M1), product(second, second.T, M2)
        if inc_rstate:
            self.inc_rstate()
        return states[:n_streams].astype("int32")

    def n_streams(self, size):
        """How many streams a sample of this size is drawn from, unless ``nstreams`` says it."""
        return guess_n_streams(size)

    def uniform(self, size, low=0.0, high=1.0, ndim=None, dtype=None, nstreams=None, target=None):
        """A uniform sample between `low` and `high`, both excluded.

        Parameters
        ----------
        size : tuple of int and scalar variables, or integer vector
        low, high : number or variable
        ndim : int, optional
            The length of `size`, if that is a vector of unknown length.
        dtype : str, optional
            Default: floatX, or wider if `low` or `high` are.
        nstreams : int, optional
            Default: :func:`guess_n_streams`.
        target : ignored
        """
        size = lengths(size, ndim)
        low, high, dtype = common(low, high, dtype)
        sample = self._draw("uniform", size, dtype, nstreams)
        scaled = multiply_add(sample, high - low, low)
        if scaled.type.broadcastable != sample.type.broadcastable:
            raise NotImplementedError(
                f"size {size} was given for bounds of shapes {low.type.shape} and "
                f"{high.type.shape}: give the size that they broadcast to"
            )
        return scaled

    def normal(
        self,
        size,
        avg=0.0,
        std=1.0,
        ndim=None,
        dtype=None,
        nstreams=None,
        truncate=False,
        target=None,
    ):
        """A normal sample of mean `avg` and standard deviation `std`.

        With `truncate`, numbers more than two deviations from the mean are drawn again. The other
        parameters are those of :meth:`uniform`.
        """
        size = lengths(size, ndim)
        avg, std, dtype = common(avg, std, dtype)
        # Theano computed in the graph how many numbers it needs, so it did not know the size.
        nstreams = self.n_streams(None) if nstreams is None else nstreams
        if truncate:
            sample = self._truncated(size, dtype, nstreams)
        else:
            sample = self._draw("normal", size, dtype, nstreams)
        return multiply_add(sample, std, avg)

    def truncated_normal(
        self, size, avg=0.0, std=1.0, ndim=None, dtype=None, nstreams=None, target=None
    ):
        """A truncated normal sample whose standard deviation is `std`."""
        std = std / pt.constant(0.87962566103423978)
        return self.normal(size, avg, std, ndim, dtype, nstreams, truncate=True)

    def binomial(self, size=None, n=1, p=0.5, ndim=None, dtype="int64", nstreams=None, target=None):
        """A sample that is 1 with probability `p`, and 0 otherwise."""
        if n != 1:
            raise NotImplementedError(f"binomial was given n={n}: only n=1 can be drawn here")
        p = undefined_grad(pt.as_tensor(p))
        return pt.cast(self.uniform(size, ndim=ndim, nstreams=nstreams) < p, dtype)

    def multinomial(
        self,
        size=None,
        n=1,
        pvals=None,
        ndim=None,
        dtype="int64",
        nstreams=None,
        target=None,
    ):
        """How often each outcome is drawn in `n` draws, for each row of probabilities.

        Parameters
        ----------
        n : int or integer scalar
        pvals : matrix, shape ``(rows, outcomes)``
        size, ndim
            Must not be given.

        Returns
        -------
        matrix, shape ``(rows, outcomes)``
        """
        if size is not None or ndim is not None:
            raise ArgumentError(
                f"multinomial was given size={size} and ndim={ndim}: the rows of pvals are the size"
            )
        pvals = probabilities("multinomial", pvals)
        return MultinomialFromUniform(dtype)(pvals, self._per_row(pvals, n, nstreams), n)

    def choice(
        self,
        size=1,
        a=None,
        replace=True,
        p=None,
        ndim=None,
        dtype="int64",
        nstreams=None,
        target=None,
    ):
        """Distinct outcomes, for each row of probabilities.

        Parameters
        ----------
        size : int or integer scalar
            How many outcomes.
        p : matrix, shape ``(rows, outcomes)``
        replace : must be False
        a, ndim
            Must not be given.

        Returns
        -------
        matrix, shape ``(rows, size)``
            The outcomes; -1 where the remaining probabilities are too small.
        """
        if replace:
            raise NotImplementedError("choice draws without replacement only: give replace=False")
        if a is not None:
            raise TypeError(f"choice was given a={a}: it draws from the columns of p")
        if ndim is not None:
            raise ArgumentError(f"choice was given ndim={ndim}: leave it out")
        p = probabilities("choice", p)
        return ChoiceFromUniform(dtype)(p, self._per_row(p, size, nstreams), size)

    def multinomial_wo_replacement(
        self, size=None, n=1, pvals=None, ndim=None, dtype="int64", nstreams=None, target=None
    ):
        """An old name of :meth:`choice`."""
        warnings.warn(
            "multinomial_wo_replacement is an old name: use choice(size=n, replace=False, p=pvals)",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.choice(n, None, False, pvals, ndim, dtype, nstreams)

    def _draw(self, law, size, dtype, nstreams):
        if nstreams is None:
            nstreams = self.n_streams(size)
        states = self.get_substream_rstates(nstreams)
        state = StateSharedVariable(pt.imatrix().type, states, strict=True)
        new_state, sample = MRG(law, dtype, len(size))(state, *size)
        state.default_update = new_state
        state.tag.is_rng = True
        self.state_updates.append((state, new_state, size, nstreams))
        return sample

    def _per_row(self, p, n, nstreams):
        """A vector with `n` uniform draws for each row of `p`."""
        rows, nstreams = p.type.shape[0], self.n_streams(None) if nstreams is None else nstreams
        known = rows is not None and isinstance(n, int)
        return self.uniform((rows * n if known else p.shape[0] * n,), nstreams=nstreams)

    def _truncated(self, size, dtype, nstreams):
        n = pt.prod(pt.stack([pt.constant(1), *map(pt.as_tensor, size)]), dtype="int64")
        n_even = n + n % 2
        uniform = self._draw("uniform", (n_even,), dtype, nstreams)
        turn = np.array(2 * np.pi, dtype)
        radius = pt.sqrt(-2.0 * pt.log(uniform[: n_even // 2]))
        # A plain product would take the constant as a literal of C, which is double.
        angle = multiply_add(uniform[n_even // 2 :], turn, np.array(0, dtype))
        cos, sin = pt.cos(angle), pt.sin(angle)
        outside = [(z < -2.0) | (z > 2.0) for z in (radius * cos, radius * sin)]
        kept = [
            (radius * wave)[pt.nonzero(~out)] for wave, out in zip((cos, sin), outside, strict=True)
        ]
        first, second = (pt.nonzero(out)[0] for out in outside)
        lower = np.array(1.0 / np.e**2, dtype)
        again = self._draw("uniform", (first.size + second.size,), dtype, nstreams)
        radius = pt.sqrt(-2.0 * pt.log(multiply_add(again, np.array(1, dtype) - lower, lower)))
        fixed = radius[: first.size] * cos[first], radius[first.size :] * sin[second]
        parts = pt.join(0, kept[0], fixed[0], kept[1], fixed[1])
        return parts[:n].reshape(size)


def lengths(size: Any, ndim: int | None) -> tuple:
    """A size as a tuple of integers and scalar variables."""
    if isinstance(size, int | np.integer):
        size = (size,)
    if isinstance(size, Constant):
        size = pt.constant(np.atleast_1d(size.data))
    if isinstance(size, TensorVariable):
        if size.ndim == 0:
            return (size,)
        if size.ndim != 1:
            raise TypeError(f"size was given as {size.type}: give integers or an integer vector")
        n = ndim if ndim is not None else pt.get_vector_length(size)
        entries = (
            get_underlying_scalar_constant_value(size[axis], raise_not_constant=False)
            for axis in range(n)
        )
        return tuple(int(entry) if isinstance(entry, np.ndarray) else entry for entry in entries)
    if not isinstance(size, tuple | list):
        raise TypeError(f"size was given as {size!r}: give a tuple of integers")
    for length in size:
        if isinstance(length, int | np.integer) and length <= 0:
            raise ArgumentError(f"size was given as {size}: give lengths above 0")
    return tuple(size)


def common(first: Any, second: Any, dtype: str | None) -> tuple[Variable, Variable, str]:
    """Two arguments in the dtype of the sample, and that dtype."""
    first, second = pt.as_tensor(first), pt.as_tensor(second)
    dtype = dtype or upcast(pytensor.config.floatX, first.dtype, second.dtype)
    return pt.cast(first, dtype), pt.cast(second, dtype), dtype


def probabilities(name: str, p: Any) -> Variable:
    """A matrix with a distribution in each row; gradients with respect to it are undefined."""
    if p is None:
        raise TypeError(
            f"{name} was given no probabilities: give a matrix with a distribution in each row"
        )
    p = pt.as_tensor(p)
    if p.ndim != 2:
        raise NotImplementedError(
            f"{name} was given probabilities of {p.ndim} dimensions: give a matrix"
        )
    return undefined_grad(p)
