"""Sums over the last dimensions, and where the C backend makes them."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.backends.c.sums import RowSum


def compiled_sum(x, **how):
    """The function, and whether it has the Op."""
    f = sg.function([x], x.sum(**how), backend="c")
    nodes = f.compiled.maker.fgraph.apply_nodes
    return f, any(isinstance(node.op, RowSum) for node in nodes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [None, -1, (1, 2), (2, 1)])
@pytest.mark.parametrize("shape", [(3, 5, 7), (4, 1, 8), (2, 3, 0), (0, 3, 2), (1, 17, 33)])
def test_is_the_sum(shape, axis, dtype):
    f, is_fast = compiled_sum(pt.tensor("x", dtype=dtype, shape=(None,) * 3), axis=axis)
    assert is_fast
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    for value in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        got, expected = f(value), value.sum(axis=axis, dtype="float64").astype(dtype)
        assert got.dtype == dtype
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=0, atol=64 * np.finfo(dtype).eps)


def test_float32_is_accumulated_in_float64():
    f, _ = compiled_sum(pt.fmatrix("x"), axis=1)
    x = np.array([[1e8, 1.0, -1e8, 1.0] * 5], "float32")
    assert f(x).tolist() == [10.0]


@pytest.mark.parametrize(
    ("dtype", "how"),
    [
        ("float32", {"axis": 0}),
        ("float32", {"axis": (0, 2)}),
        ("float32", {"axis": -1, "acc_dtype": "float32"}),
        ("float32", {"axis": -1, "dtype": "float64"}),
        ("int64", {"axis": -1}),
        ("complex128", {"axis": -1}),
    ],
)
def test_other_sums_are_left_alone(dtype, how):
    x = pt.tensor("x", dtype=dtype, shape=(None,) * 3)
    f, is_fast = compiled_sum(x, **how)
    assert not is_fast
    value = np.arange(24).reshape(2, 3, 4).astype(dtype)
    np.testing.assert_allclose(f(value), value.sum(axis=how["axis"]))


def test_outside_of_c():
    x = np.arange(6.0).reshape(2, 3)
    assert RowSum((1,))(x).eval(mode="FAST_COMPILE").tolist() == [3.0, 12.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [None, 1])
@pytest.mark.parametrize("width", [0, 1, 7, 8, 255, 256, 1000])
def test_terms_are_computed_as_they_are_added(width, axis, dtype):
    x = pt.matrix("x", dtype=dtype)
    f = sg.function([x], [(x**2).sum(axis=axis)], backend="c")
    g = sg.function([x], [pt.exp(x).sum(axis=axis)], backend="c")
    value = np.random.default_rng(0).normal(size=(3, width)).astype(dtype)
    for compiled, terms in ((f, value**2), (g, np.exp(value))):
        (node,) = compiled.compiled.maker.fgraph.apply_nodes
        assert isinstance(node.op, RowSum)
        expected = terms.sum(axis=axis, dtype="float64").astype(dtype)
        np.testing.assert_allclose(compiled(value)[0], expected, rtol=8 * np.finfo(dtype).eps)
    assert_same_outside_of_c(node.op, value, expected)


def assert_same_outside_of_c(op, value, expected):
    x = pt.as_tensor(value)
    np.testing.assert_allclose(op(x).eval(mode="FAST_COMPILE"), expected, rtol=1e-5)
