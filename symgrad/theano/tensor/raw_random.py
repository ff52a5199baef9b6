"""``theano.tensor.raw_random``: random variables of NumPy's RandomState.

The state is a vector in the graph.
"""

import warnings
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.scalar import upcast
from pytensor.tensor.exceptions import ShapeError
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.type import TensorType, integer_dtypes
from pytensor.tensor.variable import TensorVariable

from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.errors import ArgumentError
from symgrad.theano.tensor import raw_draws

__all__ = [
    "RandomFunction",
    "RandomStateType",
    "StateSharedVariable",
    "binomial",
    "choice",
    "multinomial",
    "normal",
    "packed",
    "permutation",
    "permutation_helper",
    "poisson",
    "random_integers",
    "random_state_type",
    "uniform",
    "unpacked",
]


#: 624 words of the Mersenne twister, its position, and a normal number kept for the next draw.
state_vector_type = TensorType("uint32", shape=(628,))


class RandomStateType(TensorType):
    """The vector of a RandomState; a function may be given the RandomState itself."""

    def is_super(self, otype):
        return state_vector_type.is_super(otype)

    def filter(self, data, strict=False, allow_downcast=None):
        if isinstance(data, np.random.RandomState):
            return packed(data)
        return super().filter(data, strict, allow_downcast)

    def values_eq(self, a, b, force_same_dtype=True):
        return super().values_eq(self.filter(a), self.filter(b), force_same_dtype)


random_state_type = RandomStateType("uint32", shape=(628,), name="random_state_type")


def packed(random_state: np.random.RandomState) -> np.ndarray:
    """A RandomState as a vector of 628 uint32."""
    state = random_state.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise TypeError(
            f"a RandomState on {state['bit_generator']} was given: give one on MT19937, the default"
        )
    twister, kept = state["state"], state["gauss"] if state["has_gauss"] else 0.0
    words = [twister["key"], [twister["pos"], state["has_gauss"]], np.array([kept]).view("uint32")]
    return np.concatenate(words).astype("uint32")


def unpacked(vector: np.ndarray) -> np.random.RandomState:
    """The RandomState of a vector made by :func:`packed`."""
    state = np.random.RandomState(0)
    kept = float(np.ascontiguousarray(vector[626:]).view("float64")[0])
    state.set_state(("MT19937", vector[:624], int(vector[624]), int(vector[625]), kept))
    return state


class StateSharedVariable(TensorSharedVariable):
    """A shared variable with a default update, which PyTensor deprecates for other variables."""

    @property
    def default_update(self):
        """The state after a call."""
        return self._default_update

    @default_update.setter
    def default_update(self, new_state):
        self._default_update = new_state


class RandomFunction(Op):
    """``(state, shape, *args) -> (new state, sample)``, drawn by a method of RandomState.

    Parameters
    ----------
    fn : str or callable
        The name of a method of RandomState, or a function ``(RandomState, *args, size) -> sample``.
    outtype : TensorType
    inplace : bool
        Ignored: the state is never changed in place.
    ndim_added : int
        How many dimensions a sample has beyond its size.
    """

    __props__ = ("fn", "outtype", "ndim_added")

    inplace = False

    def __init__(self, fn, outtype, inplace=False, ndim_added=0):
        self.fn, self.outtype, self.ndim_added = fn, outtype, ndim_added

    def make_node(self, state, shape, *args):
        is_scalar = isinstance(shape, tuple) and not shape
        shape = pt.as_tensor(np.array((), "int64") if is_scalar else shape)
        parameters = [pt.as_tensor(arg) for arg in args]
        return Apply(self, [state, shape, *parameters], [state_vector_type(), self.outtype()])

    def perform(self, node, inputs, output_storage):
        vector, shape, *args = inputs
        state = unpacked(vector)
        size = tuple(int(n) for n in shape) or None
        draw = getattr(np.random.RandomState, self.fn) if isinstance(self.fn, str) else self.fn
        sample = np.asarray(draw(state, *args, size), self.outtype.dtype)
        if size is None and sample.ndim == 0:
            sample = sample.reshape((1,) * self.outtype.ndim)
        drawn_size = sample.shape[: sample.ndim - self.ndim_added]
        if sample.ndim != self.outtype.ndim or (size is not None and drawn_size != size):
            raise ValueError(
                f"a sample of size {size} and {self.outtype.ndim} dimensions was asked for, and "
                f"its arguments give one of shape {sample.shape}: give the size they broadcast to"
            )
        output_storage[0][0] = packed(state)
        output_storage[1][0] = sample

    def infer_shape(self, *arguments):
        node, shapes = arguments[-2:]
        size, ndim = node.inputs[1], self.outtype.ndim
        if self.ndim_added or size.type.shape != (ndim,):
            raise ShapeError("the sample has the shape that its arguments broadcast to")
        return [shapes[0], tuple(size[axis] for axis in range(ndim))]

    def connection_pattern(self, node):
        return [[False, False] for _ in node.inputs]

    def pullback(self, inputs, outputs, cotangents):
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs, outputs, tangents):
        return [disconnected_type() for _ in outputs]


permutation_helper = raw_draws.permutation


def _register_numba():
    from pytensor.link.numba.dispatch.basic import generate_fallback_impl, numba_funcify

    @numba_funcify.register(RandomFunction)
    def numba_funcify_RandomFunction(op, node, **kwargs):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Numba will use object mode", UserWarning)
            return generate_fallback_impl(op, node, **kwargs)


def _register_jax():
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(RandomFunction)
    def jax_funcify_RandomFunction(op, **kwargs):
        raise NotImplementedError(
            "JAX cannot draw from NumPy's RandomState: take MRG_RandomStreams of "
            "theano.sandbox.rng_mrg"
        )


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)


def sized(size: Any, ndim: int | None, *args: TensorVariable) -> tuple[Any, tuple[bool, ...]]:
    """The size as an int64 vector, and which of its dimensions are known to be 1.

    An entry of -1 stands for the length that the arguments have there. A size of None is the one
    that all arguments broadcast to.
    """
    if isinstance(size, tuple | list):
        if ndim is not None and ndim != len(size):
            raise ArgumentError(f"ndim={ndim} was given for a size of {len(size)}: leave it out")
        lengths = [_length(axis, n, len(size), args) for axis, n in enumerate(size)]
        ones = tuple(isinstance(n, int) and n == 1 for n in lengths)
        vector = pt.stack(lengths) if lengths else pt.constant([], dtype="int64")
    elif size is None:
        if not args:
            raise TypeError("no size was given, and there are no arguments to take it from")
        total = reduce(add, args)
        vector, ones = np.array((), "int64"), total.type.broadcastable  # NumPy broadcasts them
    else:
        vector = pt.as_tensor(size)
        if vector.ndim != 1 or vector.dtype not in integer_dtypes:
            raise TypeError(f"size was given as {vector.type}: give integers or an integer vector")
        ones = (False,) * (pt.get_vector_length(vector) if ndim is None else ndim)
    if max((arg.ndim for arg in args), default=0) > len(ones):
        raise ArgumentError(
            f"a size of {len(ones)} dimensions was given for arguments that have more: give as many"
        )
    return pt.cast(vector, "int64"), ones


def _length(axis, n, ndim, args):
    """An entry of a size; -1 is replaced by the length of the arguments along that axis."""
    if isinstance(n, Variable) or n >= 0:
        return n if isinstance(n, Variable) else int(n)
    axes = [(arg, axis + arg.ndim - ndim) for arg in args if axis >= ndim - arg.ndim]
    if n != -1 or not axes:
        raise ArgumentError(
            f"size was given with {n}: give lengths, or -1 for the length of the arguments"
        )
    lengths = [arg.shape[axis] for arg, axis in axes if not arg.type.broadcastable[axis]]
    return lengths[0] if lengths else 1


def drawn(
    state: Variable,
    method: str | Callable,
    size: Any,
    ndim: int | None,
    args: list[TensorVariable],
    dtype: str,
    shape_args: list[TensorVariable] | None = None,
    added: tuple[int | None, ...] = (),
) -> Any:
    """The new state and a sample; without a size, the sample has the shape of `shape_args`.

    `added` are the lengths of the sample's dimensions beyond its size.
    """
    vector, ones = sized(size, ndim, *(args if shape_args is None else shape_args))
    shape = tuple(1 if is_one else None for is_one in ones) + added
    op = RandomFunction(method, TensorType(dtype, shape=shape), ndim_added=len(added))
    return op(state, vector, *args)


def uniform(random_state, size=None, low=0.0, high=1.0, ndim=None, dtype=None):
    """Numbers between `low` and `high`, in floatX or wider."""
    low, high = pt.as_tensor(low), pt.as_tensor(high)
    dtype = dtype or upcast(pytensor.config.floatX, low.dtype, high.dtype)
    return drawn(random_state, "uniform", size, ndim, [low, high], dtype)


def normal(random_state, size=None, avg=0.0, std=1.0, ndim=None, dtype=None):
    """Normal numbers of mean `avg` and standard deviation `std`, in floatX or wider."""
    avg, std = pt.as_tensor(avg), pt.as_tensor(std)
    dtype = dtype or upcast(pytensor.config.floatX, avg.dtype, std.dtype)
    return drawn(random_state, "normal", size, ndim, [avg, std], dtype)


def binomial(random_state, size=None, n=1, p=0.5, ndim=None, dtype="int64", prob=None):
    """How many of `n` trials of probability `p` succeed; `prob` is the older name of `p`."""
    args = [pt.as_tensor(n), pt.as_tensor(p if prob is None else prob)]
    return drawn(random_state, "binomial", size, ndim, args, dtype)


def random_integers(random_state, size=None, low=0, high=1, ndim=None, dtype="int64"):
    """Integers from `low` to `high`, both included."""
    args = [pt.as_tensor(low), pt.as_tensor(high)]
    return drawn(random_state, raw_draws.integers, size, ndim, args, dtype)


def choice(random_state, size=None, a=2, replace=True, p=None, ndim=None, dtype="int64"):
    """Entries of the vector `a`, or integers below `a`, with probabilities `p`."""
    replace = pt.as_tensor(np.int8(replace) if isinstance(replace, bool) else replace)
    p = pt.as_tensor(np.zeros(0) if p is None else p)
    args = [pt.as_tensor(a), replace, p]
    return drawn(random_state, raw_draws.choice, size, ndim, args, dtype, shape_args=[])


def poisson(random_state, size=None, lam=1.0, ndim=None, dtype="int64"):
    """Counts of mean `lam`; the size must be given."""
    return drawn(random_state, "poisson", size, ndim, [pt.as_tensor(lam)], dtype, shape_args=[])


def permutation(random_state, size=None, n=1, ndim=None, dtype="int64"):
    """Permutations of 0 .. n - 1, along an axis after those of `size`."""
    if size is None or (isinstance(size, tuple) and size == ()):
        if ndim not in (None, 1):
            raise TypeError(f"without a size, a permutation has one dimension, not {ndim}")
        size, ndim = (), None
    draw = raw_draws.permutation
    return drawn(random_state, draw, size, ndim, [n], dtype, shape_args=[], added=(None,))


def multinomial(random_state, size=None, n=1, pvals=(0.5, 0.5), ndim=None, dtype="int64"):
    """Counts of each outcome in `n` draws, along an axis after those of `size`."""
    n, pvals = pt.as_tensor(n), pt.as_tensor(pvals)
    return drawn(
        random_state,
        raw_draws.multinomial,
        size,
        ndim,
        [n, pvals],
        dtype,
        shape_args=[n, pvals[..., 0]],
        added=pvals.type.shape[-1:],
    )
