"""Ops that turn uniform numbers into outcomes of given probabilities.

``MultinomialFromUniform`` draws with replacement, ``ChoiceFromUniform`` without.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Constant
from pytensor.link.c.op import COp
from pytensor.tensor.type import TensorType

from symgrad.dispatch import JAX, NUMBA, when_imported
from symgrad.theano.ops.mrg import length_of

__all__ = ["ChoiceFromUniform", "MultinomialFromUniform"]


C_CHECKED = r"""
{{
const npy_int64 draws = *(npy_int64 *)PyArray_DATA({n});
const npy_intp rows = PyArray_DIM({pvals}, 0), columns = PyArray_DIM({pvals}, 1);
if (PyArray_DIM({uniform}, 0) != rows * draws || ({distinct} && draws > columns)) {{
    PyErr_Format(PyExc_ValueError,
        "%lld draws do not fit %lld rows of %lld probabilities and %lld uniform numbers",
        (long long)draws, (long long)rows, (long long)columns,
        (long long)PyArray_DIM({uniform}, 0));
    {fail}
}}
npy_intp dims[2] = {{rows, {distinct} ? (npy_intp)draws : columns}};
Py_XDECREF({out});
{out} = (PyArrayObject *)PyArray_ZEROS(2, dims, {otypenum}, 0);
if (!{out}) {{ {fail} }}
{otype} *result = ({otype} *)PyArray_DATA({out});
"""

C_COUNTS = r"""
for (npy_int64 c = 0; c < draws; c++)
    for (npy_intp r = 0; r < rows; r++) {{
        const {utype} drawn = *({utype} *)PyArray_GETPTR1({uniform}, c * rows + r);
        double total = 0;
        for (npy_intp m = 0; m < columns; m++) {{
            total += *({ptype} *)PyArray_GETPTR2({pvals}, r, m);
            if (total > drawn) {{ result[r * columns + m] += 1; break; }}
        }}
    }}
}}
"""

C_CHOSEN = r"""
PyArrayObject *copy = (PyArrayObject *)PyArray_FromArray(
    {pvals}, NULL, NPY_ARRAY_ENSURECOPY | NPY_ARRAY_CARRAY);
if (!copy) {{ {fail} }}
for (npy_int64 c = 0; c < draws; c++)
    for (npy_intp r = 0; r < rows; r++) {{
        {ptype} *p = ({ptype} *)PyArray_DATA(copy) + r * columns;
        const {utype} drawn = *({utype} *)PyArray_GETPTR1({uniform}, c * rows + r);
        double total = 0;
        npy_intp m = 0;
        for (; m < columns; m++) {{
            total += p[m];
            if (total > drawn) break;
        }}
        result[r * draws + c] = ({otype})(m < columns ? m : -1);
        if (m == columns) continue;
        {ptype} left = ({ptype})(total - p[m]);
        p[m] = 0;
        for (npy_intp k = m; k < columns; k++) left += p[k];
        for (npy_intp k = 0; k < columns; k++) p[k] = left ? p[k] / left : 0;
    }}
Py_DECREF(copy);
}}
"""


class FromUniform(COp):
    """``(pvals, uniform, n) -> outcomes``; draw c of row r uses ``uniform[c * rows + r]``.

    The outcome is the first whose cumulative probability, summed in float64 from the left, is
    above the uniform number.

    Parameters
    ----------
    odtype : str
        The dtype of the result. "auto" means that of `pvals` for counts, and int64 for a choice.
    """

    __props__ = ("odtype",)

    def __init__(self, odtype):
        self.odtype = odtype

    def make_node(self, pvals, uniform, n=1):
        pvals, uniform, n = pt.as_tensor(pvals), pt.as_tensor(uniform), length_of(n)
        if pvals.ndim != 2 or uniform.ndim != 1 or n.ndim != 0:
            raise NotImplementedError(
                "outcomes want a matrix of probabilities, a vector of uniform numbers and a "
                f"number of draws, not {pvals.type}, {uniform.type} and {n.type}"
            )
        return Apply(self, [pvals, uniform, n], [self.result(pvals, n)])

    def perform(self, node, inputs, output_storage):
        pvals, uniform, n = inputs
        check(pvals.shape, uniform.shape, int(n), self.distinct)
        dtype = node.outputs[0].type.dtype
        output_storage[0][0] = self.outcomes(pvals.copy(), uniform, int(n), np.dtype(dtype))

    def connection_pattern(self, node):
        return [[False]] * 3

    def pullback(self, inputs, outputs, cotangents):
        return [disconnected_type() for _ in inputs]

    def pushforward(self, inputs, outputs, tangents):
        return [disconnected_type()]

    def c_code_cache_version(self):
        return (1,)

    def c_code(self, node, name, inputs, outputs, sub):
        dtypes = [variable.type.dtype for variable in (*node.inputs[:2], *node.outputs)]
        if "float16" in dtypes or any(dtype.startswith("complex") for dtype in dtypes):
            raise NotImplementedError("no C code for float16 and complex")
        return (C_CHECKED + self.c_outcomes).format(
            pvals=inputs[0],
            uniform=inputs[1],
            n=inputs[2],
            out=outputs[0],
            distinct=int(self.distinct),
            ptype="npy_" + dtypes[0],
            utype="npy_" + dtypes[1],
            otype="npy_" + dtypes[2],
            otypenum="NPY_" + dtypes[2].upper(),
            ptypenum="NPY_" + dtypes[0].upper(),
            fail=sub["fail"],
        )


class MultinomialFromUniform(FromUniform):
    """How often each outcome is drawn in `n` draws, shape ``(rows, outcomes)``."""

    distinct = False
    c_outcomes = C_COUNTS

    def result(self, pvals, n):
        dtype = pvals.dtype if self.odtype == "auto" else self.odtype
        return TensorType(dtype, shape=pvals.type.shape)()

    def infer_shape(self, *args):
        return [args[-1][0]]

    @staticmethod
    def outcomes(pvals, uniform, n, dtype):
        rows = len(pvals)
        counts = np.zeros(pvals.shape, dtype)
        for r in range(rows):
            for c in range(n):
                total = 0.0
                for m in range(pvals.shape[1]):
                    total += pvals[r, m]
                    if total > uniform[c * rows + r]:
                        counts[r, m] += 1
                        break
        return counts


class ChoiceFromUniform(FromUniform):
    """`n` distinct outcomes, shape ``(rows, n)``.

    After each draw the remaining probabilities are normalised. Where they are all too small, the
    outcome is -1.
    """

    distinct = True
    c_outcomes = C_CHOSEN

    def result(self, pvals, n):
        dtype = "int64" if self.odtype == "auto" else self.odtype
        columns = int(n.data) if isinstance(n, Constant) else None
        return TensorType(dtype, shape=(pvals.type.shape[0], columns))()

    def infer_shape(self, *args):
        node, shapes = args[-2:]
        return [(shapes[0][0], node.inputs[2])]

    @staticmethod
    def outcomes(pvals, uniform, n, dtype):
        rows, columns = pvals.shape
        chosen = np.full((rows, n), -1, dtype)
        for c in range(n):
            for r in range(rows):
                total = 0.0
                for m in range(columns):
                    total += pvals[r, m]
                    if total > uniform[c * rows + r]:
                        chosen[r, c] = m
                        left = pvals.dtype.type(total - pvals[r, m])
                        pvals[r, m] = 0
                        for k in range(m, columns):
                            left = pvals.dtype.type(left + pvals[r, k])
                        for k in range(columns):
                            pvals[r, k] = pvals.dtype.type(pvals[r, k] / left) if left else 0
                        break
        return chosen


def check(pvals_shape: tuple, uniform_shape: tuple, n: int, distinct: bool) -> None:
    """Raise ValueError for sizes that do not fit each other."""
    if uniform_shape[0] != pvals_shape[0] * n:
        raise ValueError(
            f"{uniform_shape[0]} uniform numbers were given for {n} draws from {pvals_shape[0]} "
            "rows: give one for each draw"
        )
    if distinct and n > pvals_shape[1]:
        raise ValueError(f"{n} distinct outcomes were asked for of {pvals_shape[1]}: ask for fewer")


def _register_numba():
    from pytensor.link.numba.dispatch.basic import (
        numba_njit,
        register_funcify_default_op_cache_key,
    )

    @register_funcify_default_op_cache_key(MultinomialFromUniform)
    def numba_funcify_Multinomial(op, node, **kwargs):
        like_pvals, real = op.odtype == "auto", np.dtype(node.outputs[0].type.dtype)

        @numba_njit(fastmath=False)
        def multinomial(pvals, uniform, n):
            rows, columns = pvals.shape
            if len(uniform) != rows * n.item():
                raise ValueError("give one uniform number for each draw")
            counts = np.zeros((rows, columns), pvals.dtype if like_pvals else real)
            for r in range(rows):
                for c in range(n.item()):
                    total = 0.0
                    for m in range(columns):
                        total += pvals[r, m]
                        if total > uniform[c * rows + r]:
                            counts[r, m] += 1
                            break
            return counts

        version = 1
        return multinomial, version

    @register_funcify_default_op_cache_key(ChoiceFromUniform)
    def numba_funcify_Choice(op, node, **kwargs):
        out = np.dtype(node.outputs[0].type.dtype)

        @numba_njit(fastmath=False)
        def choice(pvals, uniform, n):
            rows, columns = pvals.shape
            if len(uniform) != rows * n.item() or n.item() > columns:
                raise ValueError(
                    "give one uniform number for each draw, and no more draws than outcomes"
                )
            pvals = pvals.copy()
            left = np.zeros(1, pvals.dtype)  # an array, so that sums are rounded to its dtype
            chosen = np.full((rows, n.item()), -1, out)
            for c in range(n.item()):
                for r in range(rows):
                    total = 0.0
                    for m in range(columns):
                        total += pvals[r, m]
                        if total > uniform[c * rows + r]:
                            chosen[r, c] = m
                            left[0] = total - pvals[r, m]
                            pvals[r, m] = 0
                            for k in range(m, columns):
                                left[0] += pvals[r, k]
                            for k in range(columns):
                                pvals[r, k] = pvals[r, k] / left[0] if left[0] else 0
                            break
            return chosen

        version = 1
        return choice, version


def _register_jax():
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    def first_above(pvals, drawn):
        """For each row, the first outcome whose sum is above, that sum, and whether there is one.

        The sums are added one by one, because XLA's cumulative sum adds in another order.
        """

        def add(total, column):
            return total + column, total + column

        wide = pvals.astype("float64")
        _, sums = jax.lax.scan(add, jnp.zeros_like(wide[:, 0]), wide.T)
        above = sums > drawn
        outcome = jnp.argmax(above, axis=0)
        total = jnp.take_along_axis(sums, outcome[None], axis=0)[0]
        return outcome, total, above.any(axis=0)

    @jax_funcify.register(MultinomialFromUniform)
    def jax_funcify_Multinomial(op, node, **kwargs):
        dtype = node.outputs[0].type.dtype

        def multinomial(pvals, uniform, n):
            draws = len(uniform) // max(len(pvals), 1)
            check(pvals.shape, uniform.shape, draws, op.distinct)

            def count(drawn):
                outcome, _, exists = first_above(pvals, drawn)
                return (jnp.arange(pvals.shape[1]) == outcome[:, None]) & exists[:, None]

            hits = jax.vmap(count)(uniform.reshape(draws, len(pvals)))
            return hits.sum(axis=0).astype(dtype)

        return multinomial

    @jax_funcify.register(ChoiceFromUniform)
    def jax_funcify_Choice(op, node, **kwargs):
        dtype = node.outputs[0].type.dtype

        def choose(pvals, drawn):
            outcome, total, exists = first_above(pvals, drawn)
            here = jnp.arange(pvals.shape[1]) == outcome[:, None]
            mass = jnp.where(here, pvals, 0).sum(axis=1)
            rest = jnp.where(here, jnp.zeros((), pvals.dtype), pvals)
            left = (total - mass).astype(pvals.dtype)
            after = jnp.where(jnp.arange(pvals.shape[1]) > outcome[:, None], rest, 0)
            left, _ = jax.lax.scan(lambda s, column: (s + column, None), left, after.T)
            left = left[:, None]
            rest = jnp.where(left > 0, rest / jnp.where(left > 0, left, 1), 0)
            return jnp.where(exists[:, None], rest, pvals), jnp.where(exists, outcome, -1)

        def choice(pvals, uniform, n):
            draws = len(uniform) // max(len(pvals), 1)
            check(pvals.shape, uniform.shape, draws, op.distinct)
            _, chosen = jax.lax.scan(choose, pvals, uniform.reshape(draws, len(pvals)))
            return chosen.T.astype(dtype)

        return choice


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)
