"""Formulas have the brackets they need."""

from symgrad.explain.maths import Maths, call, number, symbol


def test_formulas_have_the_brackets_they_need():
    a, b = symbol("a"), symbol("b")
    total = Maths("sum", (a, b))
    assert Maths("product", (total, a)).plain() == "(a + b)·a"
    assert Maths("power", (total, number(2))).plain() == "(a + b)²"
    assert Maths("quotient", (a, Maths("product", (a, b)))).plain() == "a/(a·b)"
    assert Maths("sum", (a, Maths("negative", (total,)))).plain() == "a - (a + b)"
    assert Maths("product", (a, number(-2))).plain() == "a·(-2)"
    assert Maths("matmul", (total, b)).latex() == r"\left(a + b\right)\, b"
    assert call("f_g", a).latex() == r"\operatorname{f\_g}\left(a\right)"
    assert symbol("alpha_2").latex() == r"\alpha_{2}"
