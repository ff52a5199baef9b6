"""Softmax over the last dimension, and where the C backend makes it."""

import numpy as np
import pytensor.tensor as pt
import pytest
import scipy.special

import symgrad as sg
from symgrad.backends.c.softmax import RowSoftmax

LAWS = {
    "softmax": (pt.special.softmax, scipy.special.softmax),
    "log_softmax": (pt.special.log_softmax, scipy.special.log_softmax),
}


def compiled(law, x, axis):
    """The function, and whether it has the Op."""
    f = sg.function([x], law(x, axis=axis), backend="c")
    nodes = f.compiled.maker.fgraph.apply_nodes
    return f, any(isinstance(node.op, RowSoftmax) for node in nodes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAWS)
def test_is_the_softmax(name, dtype):
    law, expected = LAWS[name]
    f, is_fast = compiled(law, pt.tensor("x", dtype=dtype, shape=(None,) * 3), -1)
    assert is_fast
    rng = np.random.default_rng(0)
    for shape in ((2, 3, 7), (4, 2, 1), (2, 0, 3), (2, 3, 0)):
        x = (30 * rng.normal(size=shape)).astype(dtype)
        for value in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
            got = f(value)
            assert got.dtype == dtype
            assert got.shape == shape
            if value.size:
                close = 8 * np.finfo(dtype).eps
                np.testing.assert_allclose(got, expected(value, axis=-1), rtol=close, atol=close)


@pytest.mark.parametrize("name", LAWS)
def test_what_is_not_finite(name):
    law, expected = LAWS[name]
    f, _ = compiled(law, pt.dmatrix("x"), 1)
    x = np.array([[1000.0, 0.0], [np.nan, 1.0], [1.0, np.nan], [-np.inf, 1.0], [-np.inf, -np.inf]])
    with np.errstate(invalid="ignore", divide="ignore"):
        np.testing.assert_allclose(f(x), expected(x, axis=1))


@pytest.mark.parametrize("axis", [0, None])
def test_over_other_dimensions(axis):
    f, is_fast = compiled(pt.special.softmax, pt.dmatrix("x"), axis)
    assert not is_fast
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(f(x), scipy.special.softmax(x, axis=axis))


def test_of_a_vector():
    f, is_fast = compiled(pt.special.softmax, pt.dvector("x"), None)
    assert is_fast
    np.testing.assert_allclose(f([1.0, 2.0]), scipy.special.softmax([1.0, 2.0]))


@pytest.mark.parametrize("log", [False, True])
def test_outside_of_c(log):
    x = np.random.default_rng(0).normal(size=(3, 4))
    expected = scipy.special.log_softmax(x, 1) if log else scipy.special.softmax(x, 1)
    np.testing.assert_allclose(RowSoftmax(log)(x).eval(mode="FAST_COMPILE"), expected)
