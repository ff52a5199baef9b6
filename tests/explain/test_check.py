"""The check finds what is false."""

import pytensor.scalar.basic as pb
import pytensor.tensor as pt

from symgrad.explain.laws.scalars import SCALARS, Scalar
from tests.explain.costs import assert_true, explained


def test_the_check_finds_a_false_derivative(monkeypatch):
    wrong = Scalar("sin", lambda z, x: [pt.sin(x)], "derivative of sin")
    monkeypatch.setitem(SCALARS, pb.Sin, wrong)
    result = explained(pt.sin(pt.dscalar("x"))).check()
    assert not result
    assert "derivative of sin" in str(result)
    assert "wrong" in str(result)


def test_float32_is_checked_in_float64():
    x = pt.fvector("x")
    assert_true(explained(pt.exp(pt.cast(x, "float32") * 2).mean() + x.sum()))
