"""Functions of one number, rule by rule."""

import re
import unicodedata

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explain.costs import explained

TEXTBOOK = """\
z3, differentiated with respect to x

Rule by rule
  d/dx (x²)          = 2·x                                   power rule
  d/dx (sin(x))      = cos(x)                                derivative of sin
  d/dx (x²·sin(x))   = d/dx (x²)·sin(x) + x²·d/dx (sin(x))   product rule
                     = 2·x·sin(x) + x²·cos(x)                simplified
"""


def test_a_textbook_page():
    x = pt.dscalar("x")
    e = explained(x**2 * pt.sin(x), x)
    assert str(e).startswith(TEXTBOOK)
    (_, gradient), = e.gradients  # fmt: skip
    at = 0.7
    expected = 2 * at * np.sin(at) + at**2 * np.cos(at)
    assert eval(gradient.plain().replace("²", "**2").replace("·", "*"), vars(np) | {"x": at}) == (
        pytest.approx(expected)
    )
    assert any(line.law == "rule by rule" for line in e.check().lines)
    assert e.check()


X = pt.dscalar("x")


TEXTBOOK_GRADIENTS = {
    "1/x": (1 / X, "-1/x²"),
    "log": (pt.log(X) / X, "1/x² - log(x)/x²"),
    "root": (pt.sqrt(1 + X**2), "x/sqrt(1 + x²)"),
    "chain": (pt.exp(-(X**2) / 2), "-x·exp(-x²/2)"),
    "factor": (3 * pt.tanh(X) - X, "3·(1 - tanh(x)²) - 1"),
    "power": (X**5 - X**-2, "5·x⁴ + 2·x^(-3)"),
}


@pytest.mark.parametrize("case", TEXTBOOK_GRADIENTS)
def test_simplified_to_what_one_would_write(case):
    cost, expected = TEXTBOOK_GRADIENTS[case]
    e = explained(cost, X)
    assert e.gradients[0][1].plain() == expected
    assert e.check()


UNARY = (pt.sin, pt.cos, pt.tanh, lambda u: u**2, lambda u: 1 / (1 + u**2), lambda u: -u)


BINARY = (pt.add, pt.sub, pt.mul, lambda u, v: u / (2 + v**2))


EXPRESSIONS = st.recursive(
    st.sampled_from([X, X, pt.constant(2.0), pt.constant(-1.0)]),
    lambda inner: st.one_of(
        st.builds(lambda f, u: f(u), st.sampled_from(UNARY), inner),
        st.builds(lambda f, u, v: f(u, v), st.sampled_from(BINARY), inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=12, deadline=None)
@given(EXPRESSIONS)
def test_any_function_of_one_number(inner):
    cost = inner * X
    e = explained(cost, X)
    assert e.check(), str(e)
    (gradient,) = [formula for _, formula in e.gradients]
    if gradient is None:
        return
    text = gradient.plain().replace("·", "*").replace("^", "**")
    text = re.sub("[⁰-⁹²³]+", lambda m: f"**{unicodedata.normalize('NFKC', m[0])}", text)
    at = np.float64(0.37)
    expected = pytensor.grad(cost, X).eval({X: at}, mode="FAST_COMPILE")
    # Numbers are printed to six places.
    assert eval(text, vars(np) | {"x": at}) == pytest.approx(float(expected), rel=1e-3, abs=1e-4)
