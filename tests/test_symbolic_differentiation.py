"""The lessons: their figures, their exercises, and the textbook forms that they rely on."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor import scan

from symgrad.explain import explain
from symgrad.explain.derive.factors import Factors
from symgrad.explain.derive.merge import Merger
from symgrad.explain.derive.rebuild import evaluator
from symgrad.explain.graph import leaves_of
from symgrad.explain.derive.simplify import simplified

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "symbolic-differentiation.md").read_text(encoding="utf-8")
SOLUTIONS = (DOCS / "symbolic-differentiation-solutions.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
EXERCISES = re.findall(r"^- \*\*(\d+\.\d+)\*\*", PAGE, re.MULTILINE)


def maker():
    """The script that draws the figures."""
    where = importlib.util.spec_from_file_location("make", DOCS / "figures" / "make.py")
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    return module


def is_same_drawing(one, other):
    """Places may differ in their last digit: sums of floats do, from Python to Python."""
    if NUMBER.sub("", one) != NUMBER.sub("", other):
        return False
    numbers = (np.array(NUMBER.findall(each), float) for each in (one, other))
    return np.allclose(*numbers, rtol=0, atol=0.11)


def test_figures_are_what_explain_draws():
    drawn = dict(maker().figures())
    stored = {one.name for one in (DOCS / "figures").glob("*.svg")}
    assert stored == set(drawn) == set(re.findall(r"\(figures/(\S+\.svg)\)", PAGE))
    old = [
        name
        for name, drawing in drawn.items()
        if not is_same_drawing((DOCS / "figures" / name).read_text(encoding="utf-8"), drawing)
    ]
    assert not old, f"run python docs/figures/make.py: {old} changed"


def test_every_exercise_is_solved():
    assert len(EXERCISES) >= 16
    assert re.findall(r"^\*\*(\d+\.\d+)\*\* ", SOLUTIONS, re.MULTILINE) == EXERCISES


def test_every_lesson_is_listed():
    lessons = re.findall(r"^## (\d)\. (.+)$", PAGE, re.MULTILINE)
    listed = re.findall(r"^\| (\d) \| \[(.+?)\]\(#(\S+)\)", PAGE, re.MULTILINE)
    assert [(number, title) for number, title, _ in listed] == lessons
    for number, title, anchor in listed:
        assert anchor == f"{number}-{title.lower().replace(' ', '-')}"
        assert any(one.startswith(f"{number}.") for one in EXERCISES)


# Closed forms as a textbook writes them.

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
        rng.uniform(0.3, 0.9, (3,) * one.ndim) if one.type.dtype == "float64" else 1
        for one in leaves
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


def test_an_index_that_is_a_number():
    e = explain(V[K] * V[1:K].sum() * pt.set_subtensor(V[K], T)[0], [V, T], backend=None)
    assert e.check(), str(e.check())


def test_a_loop_reads_what_it_is_given():
    states = scan(
        lambda x, h, a: pt.tanh(a * h + x), sequences=[V], outputs_info=[T],
        non_sequences=[W[0]], return_updates=False,
    )  # fmt: skip
    e = explain((states**2).sum(), V, backend=None)
    assert e.node("z2").forward.plain() == "scan(v, t, z1)"
    assert e.node("v").adjoint.plain() == "reverse_scan(z2, z̄2, z1)[2][::-1]"
    assert e.check()


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


@pytest.mark.parametrize(
    ("given", "expected"),
    [((6, 4), (3, 2)), ((1, -2), (-1, 2)), ((0.1, 4), (0.025, 1)), ((1, 0.5), (2, 1)),
     ((2, 0.3), (2, 0.3)), ((0, 3), (0, 1)), ((1j, 2), (0.5j, 1))],
)  # fmt: skip
def test_numbers_are_in_lowest_terms(given, expected):
    found = Factors.of(*given, {})
    assert (found.number, found.divisor) == expected


def test_factors_cancel():
    product = Factors.of(2, 3, {V: 2, W: -1}).times(Factors.of(3, 1, {V: -1, W: 1}))
    assert (product.number, product.divisor, product.powers) == (2, 1, {V: 1})


def test_what_is_computed_twice_is_one():
    merger = Merger({Y})
    assert merger.merged(pt.exp(1 - V)) is merger.merged(pt.exp(1 - V))
    assert merger.merged(pt.exp(1 - V)) is not merger.merged(pt.exp(2 - V))
    assert merger.merged(pt.exp(V + Y)) is not merger.merged(pt.exp(V + W))
