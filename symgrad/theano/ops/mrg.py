"""The Op that draws numbers from streams of L'Ecuyer's generator MRG31k3p."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.link.c.op import COp
from pytensor.tensor.type import TensorType

from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.theano.core import is_known

__all__ = ["M1", "M2", "MRG", "length_of"]

M1 = 2147483647  # 2**31 - 1
M2 = 2147462579  # 2**31 - 21069

# The factors that turn an integer of the recurrence into a number below 1. For float32 it is one
# unit in the last place less than 2**-31, so that no number is rounded to 1.
NORM: dict[str, np.floating] = {
    "float16": np.float16(3.0458e-05),
    "float32": np.float32(4.6566126e-10),
    "float64": np.float64(2.0**-31),
}


def recurrence(where: Callable) -> Callable[..., tuple[tuple, Any]]:
    """Make the step of MRG31k3p: the new state, and the integer drawn, in 1 .. M1.

    It takes uint32 of NumPy and JAX, of which no sum overflows, and int64 scalars of Numba.
    """

    def step(x11, x12, x13, x21, x22, x23):
        y = ((x12 & 511) << 22) + (x12 >> 9) + ((x13 & 16777215) << 7) + (x13 >> 24)
        y = where(y >= M1, y - M1, y) + x13
        y = where(y >= M1, y - M1, y)
        v = ((x21 & 65535) << 15) + 21069 * (x21 >> 16)
        w = ((x23 & 65535) << 15) + 21069 * (x23 >> 16)
        z = where(w >= M2, w - M2, w) + x23
        z = where(z >= M2, z - M2, z) + where(v >= M2, v - M2, v)
        z = where(z >= M2, z - M2, z)
        return (y, x11, x12, z, x21, x22), where(y <= z, y + M1, y) - z

    return step


class MRG(COp):
    """``(state, *size) -> (new state, sample)``: element i is drawn from stream i mod streams.

    Parameters
    ----------
    law : {"uniform", "normal"}
        Between 0 and 1, or of mean 0 and standard deviation 1. Normal numbers are made by Box and
        Muller's method from an even number of uniform draws: radii from the first half, angles
        from the second.
    dtype : {"float16", "float32", "float64"}
        float16 runs only in Python and on JAX.
    ndim : int
        Number of dimensions of the sample.
    """

    draws = True  # the C backend computes exactly, to the last bit, with what it draws
    __props__ = ("law", "dtype", "ndim")

    def __init__(self, law, dtype, ndim):
        self.law, self.dtype, self.ndim = law, dtype, ndim

    def make_node(self, state, *size):
        state = pt.as_tensor(state)
        lengths = [length_of(n) for n in size]
        if state.type.dtype != "int32" or state.type.ndim != 2:
            raise TypeError(
                f"MRG wants its state as an int32 matrix of 6 columns, not {state.type}"
            )
        if len(lengths) != self.ndim or any(length.type.ndim for length in lengths):
            raise TypeError(f"MRG wants {self.ndim} integers as size, not {lengths}")
        shape = [int(length.data) if isinstance(length, Constant) else None for length in lengths]
        return Apply(self, [state, *lengths], [state.type(), TensorType(self.dtype, shape=shape)()])

    def perform(self, node, inputs, output_storage):
        state, *size = inputs
        n = draws_for(self.law, size)
        state, bits = draw(state.copy(), n)
        if self.dtype == "float16":
            sample = (((bits & 0x7FFF) + 1) * np.float64(NORM["float16"])).astype("float16")
        else:
            sample = bits.astype(self.dtype) * NORM[self.dtype]
        if self.law == "normal":
            radius = np.sqrt(sample.dtype.type(-2) * np.log(sample[: n // 2]))
            angle = sample.dtype.type(2 * np.pi) * sample[n // 2 :]
            sample = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
        output_storage[0][0] = state
        output_storage[1][0] = sample[: np.prod(size, dtype=int)].reshape(size)

    def infer_shape(self, *args):
        node, (state_shape, *_) = args[-2:]
        return [state_shape, tuple(node.inputs[1:])]

    def connection_pattern(self, node):
        return [[False, False] for _ in node.inputs]

    def pullback(self, inputs, outputs, cotangents):
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs, outputs, tangents):
        return [disconnected_type() for _ in outputs]

    def c_code_cache_version(self):
        return (1,)

    def c_headers(self, **kwargs):
        return ["<cmath>"]

    def c_support_code(self, **kwargs):
        return C_DRAW

    def c_code(self, node, name, inputs, outputs, sub):
        if self.dtype == "float16":
            raise NotImplementedError("no C code for float16")
        state, *size = inputs
        return C_SAMPLE.format(
            state=state,
            new_state=outputs[0],
            sample=outputs[1],
            ndim=self.ndim,
            sizes=", ".join(f"*(npy_int64 *)PyArray_DATA({n})" for n in size) or "1",
            normal=int(self.law == "normal"),
            ctype="npy_" + self.dtype,
            typenum="NPY_" + self.dtype.upper(),
            norm=f"(npy_{self.dtype}){float(NORM[self.dtype])!r}",
            fail=sub["fail"],
        )


def length_of(n: Any) -> Variable:
    """A number or variable as an int64 variable; a constant stays a constant."""
    n = pt.as_tensor(n)
    return pt.constant(n.data, dtype="int64") if isinstance(n, Constant) else pt.cast(n, "int64")


def draws_for(law: str, size: Iterable[int]) -> int:
    """How many uniform numbers a sample needs."""
    n = int(np.prod([int(length) for length in size], dtype=object))
    n += n % 2 if law == "normal" else 0
    if n > M1:
        raise ValueError(
            f"MRG draws at most 2**31 - 1 numbers at once, not {n}: draw them in parts"
        )
    return n


def draw(state: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Advance `state` in place by `n` draws; return it, and the integers drawn."""
    step = recurrence(np.where)
    bits = np.empty(n, "uint32")
    for start in range(0, n, len(state)):
        part = bits[start : start + len(state)]
        new, part[:] = step(*state[: len(part)].T.astype("uint32"))
        state[: len(part)] = np.transpose(new)
    return state, bits


C_DRAW = r"""
static inline npy_uint32 symgrad_mrg_step(npy_uint32 *s)
{
    const npy_uint32 m1 = 2147483647u, m2 = 2147462579u;
    npy_uint32 y = ((s[1] & 511u) << 22) + (s[1] >> 9) + ((s[2] & 16777215u) << 7) + (s[2] >> 24);
    if (y >= m1) y -= m1;
    y += s[2];
    if (y >= m1) y -= m1;
    npy_uint32 v = ((s[3] & 65535u) << 15) + 21069u * (s[3] >> 16);
    if (v >= m2) v -= m2;
    npy_uint32 z = ((s[5] & 65535u) << 15) + 21069u * (s[5] >> 16);
    if (z >= m2) z -= m2;
    z += s[5];
    if (z >= m2) z -= m2;
    z += v;
    if (z >= m2) z -= m2;
    s[2] = s[1]; s[1] = s[0]; s[0] = y;
    s[5] = s[4]; s[4] = s[3]; s[3] = z;
    return y <= z ? y + m1 - z : y - z;
}

template <typename real>
static void symgrad_mrg_uniform(npy_uint32 *state, npy_intp streams, real norm,
                                real *sample, npy_intp n)
{
    for (npy_intp k = 0, stream = 0; k < n; k++) {
        sample[k] = (real)(npy_int32)symgrad_mrg_step(state + 6 * stream) * norm;
        if (++stream == streams) stream = 0;
    }
}

template <typename real>
static void symgrad_box_muller(const real *uniform, npy_intp half, real *sample, npy_intp n)
{
    const real turn = (real)6.283185307179586;
    for (npy_intp k = 0; k < half; k++) {
        real radius = std::sqrt((real)-2 * std::log(uniform[k])), angle = turn * uniform[half + k];
        sample[k] = radius * std::cos(angle);
        if (half + k < n) sample[half + k] = radius * std::sin(angle);
    }
}
"""

C_SAMPLE = r"""
{{
    const npy_int64 sizes[] = {{ {sizes} }};
    npy_intp dims[{ndim} + 1] = {{1}};
    double wanted = 1;
    for (int d = 0; d < {ndim}; d++) wanted *= (double)(dims[d] = sizes[d]);
    if (wanted + {normal} > 2147483647.0) {{
        PyErr_SetString(PyExc_ValueError,
            "MRG draws at most 2**31 - 1 numbers at once: draw them in parts");
        {fail}
    }}
    Py_XDECREF({new_state});
    Py_XDECREF({sample});
    {sample} = NULL;
    {new_state} = (PyArrayObject *)PyArray_FromArray(
        {state}, NULL, NPY_ARRAY_ENSURECOPY | NPY_ARRAY_CARRAY);
    if ({new_state}) {sample} = (PyArrayObject *)PyArray_SimpleNew({ndim}, dims, {typenum});
    if (!{sample}) {{ {fail} }}
    const npy_intp streams = PyArray_DIM({new_state}, 0), n = PyArray_SIZE({sample});
    if (streams < 1 || PyArray_DIM({new_state}, 1) != 6) {{
        PyErr_SetString(PyExc_ValueError, "the state of MRG wants rows of 6 integers");
        {fail}
    }}
    npy_uint32 *state = (npy_uint32 *)PyArray_DATA({new_state});
    {ctype} *sample = ({ctype} *)PyArray_DATA({sample});
    if (!{normal}) symgrad_mrg_uniform<{ctype}>(state, streams, {norm}, sample, n);
    else {{
        const npy_intp half = (n + 1) / 2;
        {ctype} *uniform = ({ctype} *)malloc((2 * half + 1) * sizeof({ctype}));
        if (!uniform) {{ PyErr_NoMemory(); {fail} }}
        symgrad_mrg_uniform<{ctype}>(state, streams, {norm}, uniform, 2 * half);
        symgrad_box_muller<{ctype}>(uniform, half, sample, n);
        free(uniform);
    }}
}}
"""


def _register_numba():
    import numba
    from pytensor.link.numba.dispatch.basic import (
        numba_njit,
        register_funcify_default_op_cache_key,
        tuple_setitem,
    )

    @numba_njit
    def either(condition, if_true, if_false):
        return if_true if condition else if_false

    step = numba_njit(recurrence(either))

    @register_funcify_default_op_cache_key(MRG)
    def numba_funcify_MRG(op, node, **kwargs):
        if op.dtype == "float16":
            raise NotImplementedError("MRG in float16 runs on JAX and in Python, not on Numba")
        normal, norm, real = op.law == "normal", NORM[op.dtype], np.dtype(op.dtype).type
        minus_two, turn = real(-2), real(2 * np.pi)
        no_shape = (0,) * op.ndim

        @numba_njit
        def uniform(state, n):
            sample = np.empty(n, real)
            stream = 0
            for k in range(n):
                s = state[stream]
                new, bits = step(
                    np.int64(s[0]),
                    np.int64(s[1]),
                    np.int64(s[2]),
                    np.int64(s[3]),
                    np.int64(s[4]),
                    np.int64(s[5]),
                )
                for j in range(6):
                    s[j] = new[j]
                sample[k] = real(bits) * norm
                stream += 1
                if stream == len(state):
                    stream = 0
            return sample

        # Without fast-math, which approximates other than the C library does.
        @numba_njit(fastmath=False)
        def box_muller(uniform, n):
            half = len(uniform) // 2
            sample = np.empty(n, real)
            for k in range(half):
                radius = np.sqrt(minus_two * np.log(uniform[k]))
                angle = turn * uniform[half + k]
                sample[k] = radius * np.cos(angle)
                if half + k < n:
                    sample[half + k] = radius * np.sin(angle)
            return sample

        @numba_njit
        def sampled(state, shape):
            n = 1
            for length in shape:
                n *= length
            if n + normal > M1:
                raise ValueError("MRG draws at most 2**31 - 1 numbers at once")
            state = state.copy()
            drawn = uniform(state, n + n % 2 if normal else n)
            return state, (box_muller(drawn, n) if normal else drawn).reshape(shape)

        @numba_njit
        def scalar(state):
            state = state.copy()
            if normal:
                return state, np.array(box_muller(uniform(state, 2), 1)[0])
            return state, np.array(uniform(state, 1)[0])

        @numba_njit
        def shaped(state, *size):
            shape = no_shape
            at = 0
            for length in numba.literal_unroll(size):
                shape = tuple_setitem(shape, at, length.item())
                at += 1  # noqa: SIM113 - Numba cannot enumerate an unrolled loop
            return sampled(state, shape)

        version = 1
        return shaped if op.ndim else scalar, version


def _register_jax():
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    step = recurrence(jnp.where)

    def draw_on_jax(state, n):
        width = min(n, len(state))
        if not width:
            return state, jnp.zeros(0, jnp.uint32)
        rounds, rest = divmod(n, width)
        streams = tuple(state[:width].T.astype(jnp.uint32))
        streams, bits = jax.lax.scan(lambda s, _: step(*s), streams, None, length=rounds)
        new, tail = step(*(column[:rest] for column in streams))
        streams = jnp.stack(streams, 1).at[:rest].set(jnp.stack(new, 1))
        bits = jnp.concatenate([bits.ravel(), tail])
        return state.at[:width].set(streams.astype(state.dtype)), bits

    @jax_funcify.register(MRG)
    def jax_funcify_MRG(op, node, **kwargs):
        known = [int(n.data) if isinstance(n, Constant) else None for n in node.inputs[1:]]
        for length, static in zip(node.inputs[1:], known, strict=True):
            if static is None and not is_known(length):
                raise NotImplementedError(
                    f"the size of a random sample, {length}, is known only at run time: give "
                    "integers or the shape of a variable"
                )

        def mrg(state, *lengths):
            size = [
                int(length) if static is None else static
                for length, static in zip(lengths, known, strict=True)
            ]
            n = draws_for(op.law, size)
            state, bits = draw_on_jax(state, n)
            if op.dtype == "float16":
                sample = ((bits & 0x7FFF) + 1) * np.float64(NORM["float16"])
            else:
                # As int32: every platform converts numbers below 2**31 in one step.
                sample = bits.astype(jnp.int32).astype(op.dtype) * NORM[op.dtype]
            sample = sample.astype(op.dtype)
            if op.law == "normal":
                # XLA approximates the logarithm of float32. Its logarithm of float64 is the C
                # library's, which rounds to the C library's float32 in 99 of 100 cases.
                log = jnp.log(sample[: n // 2].astype("float64")).astype(op.dtype)
                radius = jnp.sqrt(-2 * log)
                angle = np.dtype(op.dtype).type(2 * np.pi) * sample[n // 2 :]
                sample = jnp.concatenate([radius * jnp.cos(angle), radius * jnp.sin(angle)])
            return state, sample[: int(np.prod(size, dtype=object))].reshape(size)

        return mrg


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)
