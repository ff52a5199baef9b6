"""``theano.tensor.shared_randomstreams``: RandomState's numbers, bit for bit those of Theano."""

import numpy as np
from pytensor.tensor.basic import permute_row_elements

from symgrad.theano.compile.sharedvalue import shared_constructor
from symgrad.theano.tensor import raw_random
from symgrad.theano.tensor.raw_random import (
    StateSharedVariable,
    packed,
    state_vector_type,
    unpacked,
)

__all__ = ["RandomStateSharedVariable", "RandomStreams", "randomstate_constructor"]


class RandomStateSharedVariable(StateSharedVariable):
    """A shared variable whose value is a RandomState; in a graph it is a vector of words."""

    def get_value(self, borrow=False, return_internal_type=False):
        """A copy of the RandomState, or its vector of words."""
        vector = super().get_value(borrow=borrow)
        return vector if return_internal_type else unpacked(vector)

    def set_value(self, new_value, borrow=False):
        """Set the state, given as a RandomState or as a vector of words."""
        if isinstance(new_value, np.random.RandomState):
            new_value = packed(new_value)
        super().set_value(new_value, borrow=borrow)


@shared_constructor
def randomstate_constructor(value, name=None, strict=False, allow_downcast=None, borrow=False):
    """Make the shared variable of a RandomState."""
    if not isinstance(value, np.random.RandomState):
        raise TypeError(f"{value!r} is no RandomState")
    return RandomStateSharedVariable(
        type=state_vector_type,
        value=packed(value),
        strict=strict,
        allow_downcast=allow_downcast,
        name=name,
    )


class RandomStreams:
    """Random variables, each with its own RandomState.

    Parameters
    ----------
    seed : int, sequence of int, or None
        The seed of the RandomState whose ``randint(2**30)`` seeds each variable, in the order in
        which they are made. None is another seed each time.

    Notes
    -----
    C and Numba draw the numbers of ``theano.tensor.shared_randomstreams`` of Theano 1.0.5, by a
    call of Python for each sample. JAX refuses them: use MRG_RandomStreams there. Each variable
    has its state as ``.rng``, a shared variable with a default update, and has no gradient.

    Examples
    --------
    >>> import pytensor
    >>> streams = RandomStreams(seed=234)
    >>> sample = streams.uniform((2,))
    >>> f = pytensor.function([], sample)
    >>> before = sample.rng.get_value()
    >>> first = f()
    >>> sample.rng.set_value(before)
    >>> bool((f() == first).all())
    True
    """

    def __init__(self, seed=None):
        self.state_updates = []
        self.default_instance_seed = seed
        self.gen_seedgen = np.random.RandomState(seed)

    def updates(self):
        """``(state, new state)`` of all variables made so far."""
        return list(self.state_updates)

    def seed(self, seed=None):
        """Reset all variables made so far, to another seed or to the first."""
        generator = np.random.RandomState(self.default_instance_seed if seed is None else seed)
        for state, _ in self.state_updates:
            state.set_value(np.random.RandomState(int(generator.randint(2**30))))

    def __getitem__(self, item):
        """The RandomState of a variable's ``.rng``."""
        return item.get_value(borrow=True)

    def __setitem__(self, item, value):
        item.set_value(value, borrow=True)

    def gen(self, op, *args, **kwargs):
        """Make a variable ``op(state, *args, **kwargs)``, by a function of raw_random."""
        seed = int(self.gen_seedgen.randint(2**30))
        state = randomstate_constructor(np.random.RandomState(seed))
        new_state, sample = op(state, *args, **kwargs)
        sample.rng, sample.update = state, (state, new_state)
        self.state_updates.append(sample.update)
        state.default_update = new_state
        state.tag.is_rng = True
        return sample

    def uniform(self, size=None, low=0.0, high=1.0, ndim=None, dtype=None):
        """Numbers between `low` and `high`."""
        return self.gen(raw_random.uniform, size, low, high, ndim, dtype)

    def normal(self, size=None, avg=0.0, std=1.0, ndim=None, dtype=None):
        """Normal numbers of mean `avg` and standard deviation `std`."""
        return self.gen(raw_random.normal, size, avg, std, ndim, dtype)

    def binomial(self, size=None, n=1, p=0.5, ndim=None, dtype="int64", prob=None):
        """How many of `n` trials of probability `p` succeed."""
        return self.gen(raw_random.binomial, size, n, p, ndim, dtype, prob)

    def random_integers(self, size=None, low=0, high=1, ndim=None, dtype="int64"):
        """Integers from `low` to `high`, both included."""
        return self.gen(raw_random.random_integers, size, low, high, ndim, dtype)

    def choice(self, size=None, a=2, replace=True, p=None, ndim=None, dtype="int64"):
        """Entries of the vector `a`, or integers below `a`, with probabilities `p`."""
        return self.gen(raw_random.choice, size, a, replace, p, ndim, dtype)

    def poisson(self, size=None, lam=None, ndim=None, dtype="int64"):
        """Counts of mean `lam`."""
        return self.gen(raw_random.poisson, size, lam, ndim, dtype)

    def permutation(self, size=None, n=1, ndim=None, dtype="int64"):
        """Permutations of 0 .. n - 1, along an axis after those of `size`."""
        return self.gen(raw_random.permutation, size, n, ndim, dtype)

    def multinomial(self, size=None, n=1, pvals=(0.5, 0.5), ndim=None, dtype="int64"):
        """Counts of each outcome in `n` draws, along an axis after those of `size`."""
        return self.gen(raw_random.multinomial, size, n, pvals, ndim, dtype)

    def shuffle_row_elements(self, input):
        """`input` with each row shuffled; the order is ``.permutation`` of the result."""
        order = self.permutation(input.shape[:-1], input.shape[-1], input.ndim - 1)
        shuffled = permute_row_elements(input, order)
        shuffled.permutation = order
        return shuffled
