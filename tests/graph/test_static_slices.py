"""Constant lengths of slices, against the lengths for all values of their variables."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from symgrad.graph.static_slices import constant_length

k, m = pt.lscalar("k"), pt.lscalar("m")
x = pt.dscalar("x")

# Each bound as a function, to be called with the variables and with numbers.
leaves = st.sampled_from(
    [lambda k, m: k, lambda k, m: m, *(lambda k, m, n=n: n for n in range(-2, 5))]
)
bounds = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: lambda k, m: a(k, m) + b(k, m), inner, inner),
        st.builds(lambda a, b: lambda k, m: a(k, m) - b(k, m), inner, inner),
        st.builds(lambda a, b: lambda k, m: a(k, m) * b(k, m), inner, inner),
        st.builds(lambda a: lambda k, m: -a(k, m), inner),
    ),
    max_leaves=5,
)


@given(bounds, bounds)
@example(lambda k, m: k, lambda k, m: k + k * m + 4)
@example(lambda k, m: k * m, lambda k, m: (k + 1) * m)
@example(lambda k, m: k * k, lambda k, m: k * k + 1)
@example(lambda k, m: (k + 1) * (k - 1), lambda k, m: k * k + 3)
def test_of_sums_and_products(start, stop):
    length = constant_length(slice(pt.as_tensor(start(k, m)), pt.as_tensor(stop(k, m))))
    if isinstance(start(k, m), int) and isinstance(stop(k, m), int):
        assert length is None
        return
    # Polynomials of so low a degree are constant if they are constant on this grid.
    values = [(a, b) for a in range(-5, 6) for b in range(-5, 6)]
    lengths = {stop(a, b) - start(a, b) for a, b in values}
    expected = lengths.pop() if len(lengths) == 1 else None
    assert length == (expected if expected is not None and expected > 0 else None)


WIDTH = {
    "k:k+3": (k, k + 3, 3),
    "3k:3(k+1)": (3 * k, 3 * (k + 1), 3),
    "k2:k2+2": (k * 2, k * 2 + 2, 2),
    "k-m:k+5-m": (k - m, k + 5 - m, 5),
    "-k:2-k": (-k, 2 - k, 2),
    "k:m": (k, m, None),
    "k:2k": (k, 2 * k, None),
    "k:k": (k, k + 0, None),
    "kk:kk+1": (k * k, k * k + 1, 1),
    "k+1:k": (k + 1, k, None),
}


@pytest.mark.parametrize("name", WIDTH)
def test_constant_length_of_a_slice(name):
    start, stop, length = WIDTH[name]
    assert constant_length(slice(start, stop)) == length
    assert constant_length(slice(start, stop, 1)) == length
    assert constant_length(slice(start, stop, 2)) is None


def test_what_is_not_a_sum_of_products_counts_as_a_variable():
    half = k // 2
    assert constant_length(slice(half, half + 4)) == 4
    assert constant_length(slice(half, m // 2 + 4)) is None


def test_rounding_is_not_overlooked():
    start = pt.cast(x * 2.5, "int64")
    assert constant_length(slice(start, start + 4)) == 4
    assert constant_length(slice(start, pt.cast(x * 2.0, "int64") + 4)) is None
    assert constant_length(slice(start, pt.cast(x * 2.5 + 4.5, "int64"))) is None


def test_casts_to_larger_integers_keep_the_value():
    i = pt.iscalar("i")
    assert constant_length(slice(pt.cast(i, "int64"), i + 4)) == 4
    assert constant_length(slice(k, pt.cast(pt.cast(k, "int8"), "int64") + 4)) is None


def test_bounds_that_are_missing_or_numbers_have_no_variable_start():
    assert constant_length(slice(None, k)) is None
    assert constant_length(slice(k, None)) is None
    assert constant_length(slice(1, 3)) is None
    assert constant_length(slice(pt.constant(np.int64(1)), pt.constant(np.int64(3)))) is None
