"""The Op that makes rows distinct: every mode, its gradient, and DebugMode."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode

import symgrad as sg
from symgrad.ops.coalesce import Coalesce

index, length = pt.lvector("index"), pt.lscalar("length")
MODES = {"py": Mode("py", None), "c": "CVM", "numba": "NUMBA", "jax": "JAX"}
FUNCTIONS = {}


def run(mode, rows, gradient, n):
    """(distinct rows, sums, group) in any mode; padding of JAX cut off."""
    key = mode, gradient.ndim, gradient.dtype.name
    if key not in FUNCTIONS:
        g = pt.tensor("gradient", dtype=gradient.dtype, shape=(None,) * gradient.ndim)
        FUNCTIONS[key] = pytensor.function(
            [index, g, length], sg.coalesce(index, g, length), mode=MODES[mode]
        )
    found, summed, group = map(np.asarray, FUNCTIONS[key](rows, gradient, n))
    kept = found < n
    assert (found[~kept] == n).all()
    assert not summed[~kept].any()
    return found[kept], summed[kept], group


def check(mode, rows, gradient, n):
    found, summed, group = run(mode, rows, gradient, n)
    dense = np.zeros((n, *gradient.shape[1:]), gradient.dtype)
    np.add.at(dense, rows, gradient)
    assert sorted(found) == sorted(set(np.asarray(rows) % n))
    np.testing.assert_allclose(summed, dense[found], rtol=1e-6, atol=1e-6)
    assert np.array_equal(found[group], np.asarray(rows) % n)
    assert summed.dtype == gradient.dtype
    if mode != "jax":  # in order of first appearance
        assert list(found) == list(dict.fromkeys(int(row) % n for row in rows))


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 9), data=st.data(), width=st.integers(1, 3))
def test_any_index(n, data, width):
    rows = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=12)), "int64")
    gradient = np.random.default_rng(0).normal(size=(len(rows), width))
    for mode in ("py", "c", "numba"):
        check(mode, rows, gradient, n)
    if len(rows) in (0, 5):  # JAX compiles for each length
        check("jax", rows, gradient, n)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_dtypes_and_dimensions(mode, dtype, shape):
    rng = np.random.default_rng(0)
    rows = rng.integers(-50, 50, 40)
    check(mode, rows, rng.normal(size=(40, *shape)).astype(dtype), 50)


@pytest.mark.parametrize("mode", ["py", "c", "numba"])
def test_many_rows_and_rows_that_collide(mode):
    rng = np.random.default_rng(1)
    check(mode, rng.integers(0, 10**6, 5000), rng.normal(size=(5000, 1)), 10**6)
    check(mode, np.arange(64) * 2**14, np.ones((64, 1)), 2**20)


@pytest.mark.parametrize("mode", MODES)
def test_strided_gradients(mode):
    g = pt.dmatrix("g")
    f = pytensor.function([index, g], sg.coalesce(index, g.T, 4)[1].sum(axis=0), mode=MODES[mode])
    np.testing.assert_allclose(f([3, 3], np.arange(6.0).reshape(3, 2)), [1, 5, 9])


@pytest.mark.parametrize("mode", ["py", "c", "numba"])
def test_errors(mode):
    g = np.ones((3, 2))
    for bad in (7, -8):
        with pytest.raises(IndexError, match="coalesce: .*out of range"):
            run(mode, [0, bad, 1], g, 7)
    with pytest.raises(ValueError, match="one (gradient )?row per index"):
        run(mode, [0, 1], g, 7)


def test_jax_drops_what_is_out_of_range():
    f = pytensor.function(
        [index, length], sg.coalesce(index, pt.ones_like(index), length)[0], mode="JAX"
    )
    assert np.asarray(f([0, 9, -9, -5], 4)).tolist() == [0, 4, 4, 4]


def test_inputs_of_wrong_kinds():
    with pytest.raises(TypeError, match="flatten the index"):
        sg.coalesce(pt.lmatrix(), pt.dmatrix(), 3)


def test_debug_mode():
    from pytensor.compile.debug.debugmode import DebugMode

    g = pt.dmatrix("g")
    f = pytensor.function([index, g], sg.coalesce(index, g, 9), mode=DebugMode())
    f([1, 5, -4, 1], np.arange(8.0).reshape(4, 2))


def test_gradient_goes_back_to_every_occurrence():
    g, weights = pt.dmatrix("g"), pt.dmatrix("weights")
    rows, summed, _ = sg.coalesce(index, g, 9)
    cost = (summed**2 * weights[: rows.shape[0]]).sum()
    f = pytensor.function([index, g, weights], pytensor.grad(cost, g), mode=MODES["py"])
    result = f([2, 7, 2], [[1.0], [2.0], [3.0]], np.full((3, 1), 0.5))
    assert result.tolist() == [[4.0], [2.0], [4.0]]


def test_pushforward_is_the_sum_of_tangents():
    from pytensor.gradient import pushforward

    g, tangent = pt.dmatrix("g"), pt.dmatrix("tangent")
    summed = sg.coalesce(index, g, 9)[1]
    for direct in (True, False):
        pushed = pushforward(summed, g, tangent, use_op_pushforward=direct)
        f = pytensor.function(
            [index, g, tangent], pushed, mode=MODES["py"], on_unused_input="ignore"
        )
        result = f([2, 7, 2], np.zeros((3, 1)), [[1.0], [2.0], [4.0]])
        assert result.tolist() == [[5.0], [2.0]]


def test_the_op_is_one():
    assert Coalesce() == Coalesce()
    assert hash(Coalesce()) == hash(Coalesce())
