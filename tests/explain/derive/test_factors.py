"""Products taken apart."""

import pytensor.tensor as pt
import pytest

from symgrad.explain.derive.factors import Factors


@pytest.mark.parametrize(
    ("given", "expected"),
    [((6, 4), (3, 2)), ((1, -2), (-1, 2)), ((0.1, 4), (0.025, 1)), ((1, 0.5), (2, 1)),
     ((2, 0.3), (2, 0.3)), ((0, 3), (0, 1)), ((1j, 2), (0.5j, 1))],
)  # fmt: skip
def test_numbers_are_in_lowest_terms(given, expected):
    factors = Factors.of(*given, {})
    assert (factors.number, factors.divisor) == expected


def test_factors_cancel():
    V, W = pt.dvectors("v", "w")
    product = Factors.of(2, 3, {V: 2, W: -1}).times(Factors.of(3, 1, {V: -1, W: 1}))
    assert (product.number, product.divisor, product.powers) == (2, 1, {V: 1})
