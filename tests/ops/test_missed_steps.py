"""The steps of rows in calls that did not read them: equal to NumPy's in every mode."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symgrad.ops.missed_steps import MissedSteps


def inputs(dtype="float64"):
    rng = np.random.default_rng(0)
    history = np.column_stack([rng.random((20, 3)) + 0.1, 1 - rng.random(20) / 10])
    m, root = rng.normal(size=(2, 4, 3)).astype(dtype)
    first, last = np.array([3, 0, 5, 9]), np.array([2, 19, 5, 15])
    return [m, np.abs(root), first, last, history, np.array(0.9), np.array(0.99)]


def expected(m, root, first, last, history, beta1, beta):
    steps = np.zeros_like(m)
    for row in range(len(first)):
        for i, s in enumerate(range(first[row], last[row] + 1), 1):
            rate, scale, epsilon, kept = history[s].astype(m.dtype)
            step = rate * beta1**i * m[row] / (scale * beta**i * root[row] + epsilon)
            steps[row] = kept * steps[row] + step
    return steps


def compiled(values, mode):
    variables = [pt.as_tensor(value).type() for value in values]
    return pytensor.function(variables, MissedSteps()(*variables), mode=mode)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["FAST_COMPILE", "CVM", "NUMBA", "JAX"])
def test_is_the_sum(mode, dtype):
    values = inputs(dtype)
    if mode == "JAX":
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):
            steps = np.asarray(compiled(values, mode)(*values))
    else:
        steps = compiled(values, mode)(*values)
    tolerance = 1e-13 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(steps, expected(*values), rtol=tolerance)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "CVM", "NUMBA"])
def test_calls_that_are_not_in_the_history(mode):
    for first, last in ((-1, 3), (0, 20)):
        values = inputs()
        values[2], values[3] = np.full(4, first), np.full(4, last)
        with pytest.raises(IndexError, match="not in the history"):
            compiled(values, mode)(*values)


def test_of_no_rows():
    values = inputs()
    values[:4] = [value[:0] for value in values[:4]]
    assert compiled(values, "CVM")(*values).shape == (0, 3)


def test_wants_blocks_of_one_shape():
    values = inputs()
    with pytest.raises(TypeError, match="two blocks"):
        MissedSteps()(values[0], values[1][0], *values[2:])
