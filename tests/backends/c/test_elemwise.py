"""Elementwise work in vector loops on C: against NumPy, in any layout, and what it refuses."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import Elemwise

import symgrad as sg
from symgrad.backends.c.elemwise import VectorElemwise


def compiled(inputs, outputs):
    f = sg.function(inputs, outputs, backend="c")
    return f, [type(node.op) for node in f.compiled.maker.fgraph.apply_nodes]


def close(got, expected):
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=0, atol=32 * np.finfo(got.dtype).eps)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layouts(array):
    """The same numbers, as they may lie in memory."""
    twice = np.repeat(array, 2, axis=-1)
    return array, np.asfortranarray(array), array[..., ::-1].copy()[..., ::-1], twice[..., ::2]


@pytest.fixture(scope="module", params=["float32", "float64"])
def mixed(request):
    """A function of operands that are repeated along either dimension, both, or none."""
    dtype = request.param
    x, rows = pt.tensor("x", dtype=dtype, shape=(None, None)), pt.vector("rows", dtype=dtype)
    columns, factor = pt.vector("columns", dtype=dtype), pt.scalar("factor", dtype=dtype)
    outputs = [
        pt.tanh(x + rows) * factor,
        columns[:, None] * pt.sigmoid(x) + x,
        pt.exp(-abs(x.T)) * rows[:, None] - pt.log1p(x.T**2),
    ]
    f, ops = compiled([x, rows, columns, factor], outputs)
    assert VectorElemwise in ops
    assert Elemwise not in ops
    return f, dtype


@settings(max_examples=60)
@given(shape=st.tuples(st.integers(0, 40), st.integers(0, 40)), seed=st.integers(0, 99))
def test_is_what_numpy_computes(mixed, shape, seed):
    f, dtype = mixed
    rng = np.random.default_rng(seed)
    x, rows, columns = (rng.normal(size=size).astype(dtype) for size in (shape, shape[1], shape[0]))
    factor = np.asarray(1.5, dtype)
    expected = [
        np.tanh(x + rows) * factor,
        columns[:, None] * sigmoid(x) + x,
        np.exp(-abs(x.T)) * rows[:, None] - np.log1p(x.T**2),
    ]
    for one in layouts(x):
        for got, wanted in zip(f(one, rows, columns, factor), expected, strict=True):
            close(got, wanted)


@pytest.mark.parametrize("shape", [(3, 1, 4), (1, 1, 1), (2, 5, 1), (1, 6, 7), (0, 3, 2)])
def test_dimensions_of_length_one_that_types_do_not_know(shape):
    x, y = pt.tensor3("x"), pt.tensor3("y")
    f, _ = compiled([x, y], [pt.exp(x) * y, x - y])
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, *shape))
    for one in (a, a.transpose(1, 0, 2).copy().transpose(1, 0, 2)):
        close(f(one, b)[0], np.exp(a) * b)
        close(f(one, b)[1], a - b)


def test_special_numbers():
    x = pt.vector("x")
    f, _ = compiled([x], [pt.exp(x), pt.log(x), pt.tanh(x), pt.sigmoid(x)])
    value = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-310, -745.2, 710.0, 1.0] * 4)
    with np.errstate(all="ignore"):
        expected = [np.exp(value), np.log(value), np.tanh(value), sigmoid(value)]
    for got, wanted in zip(f(value), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-15)


def test_shapes_that_do_not_fit_change_no_table():
    x, W = pt.matrix("x"), pytensor.shared(np.ones((3, 4)), name="W")
    f = sg.function([x], updates={W: W - pt.tanh(x)}, backend="c")
    for shape, message in (((2, 4), "mismatch"), ((1, 4), "broadcasting not allowed")):
        with pytest.raises(ValueError, match=message):
            f(np.ones(shape))
        assert (W.get_value() == 1).all()


def test_updates_are_in_place():
    W, state = (
        pytensor.shared(np.ones((3, 4)), name="W"),
        pytensor.shared(np.zeros((3, 4)), name="state"),
    )
    f = sg.function([], updates={W: W - 0.5 * pt.exp(state), state: state + W}, backend="c")
    nodes = [n for n in f.compiled.maker.fgraph.apply_nodes if isinstance(n.op, VectorElemwise)]
    assert any(node.op.destroy_map for node in nodes)
    f()
    assert (W.get_value() == 0.5).all()
    assert (state.get_value() == 1.0).all()


def test_other_types_are_left_alone():
    x, k = pt.matrix("x"), pt.imatrix("k")
    _, ops = compiled([x, k], [pt.exp(x) * k, k + 1, pt.exp(x[0, 0])])
    assert VectorElemwise not in ops


def test_work_that_can_fail_is_left_to_pytensor():
    k, n = pt.vector("k"), pt.vector("n")
    f, _ = compiled([k, n], k % n)
    assert f(np.array([5.0, -5.0]), np.array([3.0, 3.0])).tolist() == [2.0, 1.0]


def test_inside_a_scan():
    x, start = pt.matrix("x"), pt.vector("start")
    states = pytensor.scan(lambda row, h: pt.tanh(row + h), x, start, return_updates=False)
    f = sg.function([x, start], states, backend="c")
    (scan,) = (n.op for n in f.compiled.maker.fgraph.apply_nodes if isinstance(n.op, Scan))
    assert any(isinstance(node.op, VectorElemwise) for node in inner_nodes(scan))
    rows, h = np.random.default_rng(0).normal(size=(5, 7)), np.zeros(7)
    for row, got in zip(rows, f(rows, h), strict=True):
        h = np.tanh(row + h)
        close(got, h)


def inner_nodes(scan):
    """The nodes of what a Scan calls, where older PyTensor, and newer, keep it."""
    return scan.fn.maker.fgraph.apply_nodes if hasattr(scan, "fn") else scan.fgraph.apply_nodes
