"""Formulas as MathML."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.explain.maths import _PLAIN, Maths, bar, call, number, symbol
from symgrad.explain.render.markup import tag
from symgrad.explain.render.mathml import _MATHML, mathml, set_formula


def test_every_head_of_a_formula_has_mathml():
    assert set(_MATHML) - set(_PLAIN) == {"partial"}
    assert set(_PLAIN) <= set(_MATHML)


X, Y = symbol("x"), symbol("y_2")


FORMULAS = {
    "bar": (bar("z1"), '<msub><mrow class="bar"><mi>z</mi></mrow><mn>1</mn></msub>'),
    "letter below": (symbol("W_i"), "<msub><mi>W</mi><mi>i</mi></msub>"),
    "time": (
        symbol("h[t-1]"),
        "<msub><mi>h</mi><mrow><mi>t</mi><mo>\N{MINUS SIGN}</mo><mn>1</mn></mrow></msub>",
    ),
    "words": (
        Maths("product", (symbol("a b"), symbol("c"))),
        '<mrow><mtext class="name">a b</mtext><mo>·</mo><mi>c</mi></mrow>',
    ),
    "greek": (symbol("lambda"), "<mi>λ</mi>"),
    "word": (symbol("new_h"), "<mi>new_h</mi>"),
    "no name": (symbol("a<b"), '<mtext class="name">a&lt;b</mtext>'),
    "power": (
        Maths("power", (Maths("sum", (X, X)), number(2))),
        '<msup><mrow><mo stretchy="true" fence="true">(</mo><mrow><mi>x</mi><mo>+</mo><mi>x</mi>'
        '</mrow><mo stretchy="true" fence="true">)</mo></mrow><mn>2</mn></msup>',
    ),
    "difference": (
        Maths("sum", (X, number(-1))),
        "<mrow><mi>x</mi><mo>\N{MINUS SIGN}</mo><mn>1</mn></mrow>",
    ),
    "entries": (
        Maths("product", (X, X), "entries"),
        "<mrow><mi>x</mi><mo>⊙</mo><mi>x</mi></mrow>",
    ),
    "small": (
        number(1e-7),
        "<mrow><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>\N{MINUS SIGN}7</mn></msup></mrow>",
    ),
    "axis": (
        Maths("total", (X,), "sum:0"),
        '<mrow><munder><mo movablelimits="false">∑</mo><mtext>axis 0</mtext></munder>'
        "<mi>x</mi></mrow>",
    ),
}


@pytest.mark.parametrize("case", FORMULAS)
def test_formulas_as_mathml(case):
    formula, expected = FORMULAS[case]
    assert mathml(formula) == f"<math>{expected}</math>"


def formulas():
    """Trees of any heads, with names of any letters."""
    names = st.text(max_size=5)
    leaves = st.one_of(
        st.builds(symbol, names), st.builds(bar, names), st.builds(number, st.floats(-9, 9))
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda h, a: Maths(h, tuple(a)), st.sampled_from(("sum", "product")),
                      st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda h, a, b: Maths(h, (a, b)),
                      st.sampled_from(("power", "quotient", "matmul", "index", "partial")),
                      inner, inner),
            st.builds(lambda h, a: Maths(h, (a,)),
                      st.sampled_from(("negative", "transpose", "root", "abs", "bracket")), inner),
            st.builds(lambda n, a: call(n, a), names, inner),
            st.builds(lambda a, t: Maths("total", (a,), t), inner, names),
            st.builds(lambda a, b, c: Maths("cases", (a, b, c)), inner, inner, inner),
        ),
        max_leaves=6,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(formulas())
def test_any_formula_is_well_formed(formula):
    ElementTree.fromstring(mathml(formula))


def test_a_long_formula_is_text():
    long = Maths("sum", tuple(symbol(f"name{k}") for k in range(30)))
    assert set_formula(long) == tag("code", long.plain(), class_="long")
