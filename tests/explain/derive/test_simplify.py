"""Closed forms as a textbook writes them, equal to PyTensor's gradients."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.explain import explain
from symgrad.explain.derive.rebuild import evaluator
from symgrad.explain.derive.simplify import simplified
from symgrad.explain.graph import leaves_of

X, S, K = pt.dmatrix("X"), pt.dvector("s"), pt.lscalar("k")


V, W, Y = pt.dvectors("v", "w", "y")


A, B = pt.dmatrices("A", "B")


T = pt.dscalar("t")


def named(variable, name):
    variable.name = name
    return variable


P, SIGMOID = named(pt.special.softmax(S), "p"), named(pt.sigmoid(V), "p")


CENTRED = named(V - V.mean(), "u")


ROOT = named(pt.sqrt((V**2).mean()), "r")


CASES = {
    "like terms": (T * T, T, "2·t"),
    "like terms that vanish": (T * W.sum() - W.sum() * T + T, T, "1"),
    "powers of powers": (T**2 * (3 * T) ** 2, T, "36·t³"),
    "numbers that are not whole": (T / (2 + (T / T) / 3), T, "0.428571"),
    "a half": (T**2 / 4, T, "t/2"),
    "a divisor that is negative": (V.sum() / -(W.sum()), V, "-1/sum(w)"),
    "a number before a sum": (((X + V) ** 2).sum(), V, "2·sum(X + v, axis 0)"),
    "a factor before a sum": (((V * W).sum() / T).sum(), T, "-sum(v·w)/t²"),
    "a divisor before a sum": ((V * W / ROOT).sum(), V, "w/r - v·sum(v·w)/(n·r³)"),
    "a mean": ((CENTRED**2).sum(), V, "-2·sum(u)/n + 2·u"),
    "a mean inside": (V.mean() ** 2, V, "2·mean(v)/n"),
    "a number before a product": (((A @ B) ** 2).sum(), A, "2·(A @ B) @ Bᵀ"),
    "a quotient before a product": (((X @ W - V) ** 2).mean(), W, "2·Xᵀ @ (X @ w - v)/n"),
    "factors of another shape": ((X * V / 0.8).sum(), X, "1.25·v"),
    "vectors": (pt.exp(named(V @ W, "a")), V, "w·exp(a)"),
    "a product turned": (V @ A @ V, A, "v @ vᵀ"),
    "a quadratic form": (V @ A @ V, V, "A @ v + Aᵀ @ v"),
    "a factor that cancels": (
        -(Y * pt.log(SIGMOID) + (1 - Y) * pt.log(1 - SIGMOID)).sum(), V,
        "-y·(1 - p) + p·(1 - y)",
    ),
    "softmax": (-pt.log(P[K]), S, "scatter_add(0[k], -1) + p"),
    "softmax of a distribution": (-(Y * pt.log(P)).sum(), S, "-y + p·sum(y)"),
    "log softmax": (
        -pt.special.log_softmax(S)[K], S, "scatter_add(0[k], -1) + softmax(s)",
    ),
    "log sum exp": (pt.log(pt.exp(S).sum()), S, "exp(s)/sum(exp(s))"),
    "an axis that comes and goes": (
        -(A * pt.special.log_softmax(X, axis=1)).sum(axis=1).mean(), X,
        "-A/n + softmax(X)·sum(A, axis 1)/n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_closed_form(case):
    cost, x, expected = CASES[case]
    e = explain(cost, x, backend=None)
    assert e.gradients[0][1].plain() == expected
    assert e.check(), str(e.check())
    compare_with_pytensor(cost, x, e)


def compare_with_pytensor(cost, x, e):
    """The simplified adjoint, which is what the closed form shows, and PyTensor's gradient."""
    leaves = leaves_of([cost])
    rng = np.random.default_rng(0)
    point = [
        rng.uniform(0.3, 0.9, (3,) * leaf.ndim) if leaf.type.dtype == "float64" else 1
        for leaf in leaves
    ]
    adjoint = e._derivation.trace.adjoints[x]
    both = [simplified(adjoint, set()), adjoint, pytensor.grad(cost, x)]
    simple, written, theirs = evaluator(leaves, both)(*point)
    np.testing.assert_allclose(simple, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(written, theirs, rtol=1e-9, atol=1e-12)


def test_layer_normalisation():
    r = named(pt.sqrt((CENTRED**2).mean()), "r")
    e = explain((CENTRED / r * W).sum(), CENTRED, backend=None)
    assert e.gradients[0][1].plain() == "-u·sum(w·u)/(n·r³) + w/r"
    assert e.check()


def test_many_squares_stay_short():
    x = T
    for _ in range(40):
        x = x**2
    e = explain(x * T, T, backend=None)
    assert len(e.nodes) == 42
    large = pt.constant(1e300, dtype="float64")
    assert simplified((large * T) ** 8 * large, set()).owner is not None


UNARY = (pt.exp, pt.tanh, lambda u: u**2, lambda u: -u, lambda u: u / 3, lambda u: 2 * u)


BINARY = (pt.add, pt.sub, pt.mul, lambda u, v: u / (2 + v**2))


REDUCED = (lambda u: u.sum(), lambda u: u.mean(), lambda u: u[pt.as_tensor([0, 0])].sum())


ARRAYS = st.recursive(
    st.sampled_from([V, V, W, T, pt.constant(2.0, dtype="float64")]),
    lambda inner: st.one_of(
        st.builds(lambda f, u: f(u), st.sampled_from(UNARY), inner),
        st.builds(lambda f, u: f(u * V), st.sampled_from(REDUCED), inner),
        st.builds(lambda f, u, v: f(u, v), st.sampled_from(BINARY), inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(ARRAYS)
def test_any_simplified_gradient_is_the_gradient(array):
    cost = (array * V).sum() * T
    compare_with_pytensor(cost, V, explain(cost, V, backend=None))
