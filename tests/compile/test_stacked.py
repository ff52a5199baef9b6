"""`Function.run`: the steps of a stack of minibatches in one call."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors

index = pt.lvector("index")
weights = pt.dmatrix("weights")
START = np.random.default_rng(0).normal(size=(9, 3))


def step(backend=None, rule="adam", outputs=True, **options):
    """A table, its updates, and a step on rows and weights."""
    W, b = sg.shared(START, name="W"), sg.shared(np.ones(3), name="b")
    cost = ((W[index] + b) ** 2 * weights).sum()
    schedule = sg.schedules.exponential(0.1, 0.9)
    updates = sg.RULES[rule](cost, [W, b], schedule.rate) | schedule.updates
    f = sg.function(
        [index, weights], cost if outputs else None, updates=updates, backend=backend, **options
    )
    return f, updates


def batches(k, n=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 9, (k, n)), rng.random((k, n, 3))


def values(updates):
    return {name: shared.get_value() for name, shared in enumerate(updates)}


def assert_same(one, other):
    for name, value in values(one).items():
        np.testing.assert_allclose(value, values(other)[name], rtol=1e-13, atol=1e-15)


def test_run_is_one_call_for_each_minibatch(backend):
    (run, of_run), (call, of_call) = step(backend), step(backend)
    stacks = batches(7)
    costs = run.run(*stacks)
    assert costs.shape == (7,)
    np.testing.assert_allclose(costs, [call(*one) for one in zip(*stacks, strict=True)])
    assert_same(of_run, of_call)
    run.run(*batches(3, seed=1))  # and it goes on
    for one in zip(*batches(3, seed=1), strict=True):
        call(*one)
    assert_same(of_run, of_call)
    call(*(stack[0] for stack in stacks))  # calls and runs may take turns
    run(*(stack[0] for stack in stacks))
    assert_same(of_run, of_call)


def test_tables_stay_where_they_are():
    """In place: a run makes no copy of a table."""
    for backend in ("c", "numba"):
        f, updates = step(backend, "sgd")
        (W, *_) = updates
        before = W.get_value(borrow=True).ctypes.data
        f.run(*batches(5))
        assert W.get_value(borrow=True).ctypes.data == before


def test_outputs_are_unpacked_as_in_a_call():
    f, _ = step(outputs=False)
    assert f.run(*batches(2)) is None
    W = sg.shared(START.astype("float32"), name="W")
    norm, largest = (W[index] ** 2).sum(), W[index].max()
    f = sg.function([index], [norm, largest], updates=sg.sgd(norm, W, learning_rate=0.1))
    found = f.run(batches(3)[0])
    assert [one.shape for one in found] == [(3,), (3,)]
    assert found[0].dtype == "float32"


def test_callback_every_few_steps():
    f, _ = step()
    seen = []
    costs = f.run(*batches(5), every=2, callback=lambda steps, out: seen.append((steps, out)))
    assert [steps for steps, _ in seen] == [2, 4, 5]
    for steps, (out,) in seen:
        assert np.array_equal(out, costs[:steps])


@pytest.mark.parametrize("backend", ["c", "jax"])
def test_no_minibatches(backend):
    f, updates = step(backend)
    before = values(updates)
    assert f.run(*batches(0)).shape == (0,)
    for name, value in values(updates).items():
        assert np.array_equal(value, before[name])


def test_a_step_that_fails_says_which(backend):
    (f, updates), (call, of_call) = step(backend), step(backend)
    rows, factors = batches(6)
    rows[4, 1] = 17
    with pytest.raises(errors.IndexOutOfRangeError, match="index holds 17, but table W") as info:
        f.run(rows, factors)
    assert "step 4 of a run; the steps before it were taken" in info.value.__notes__[-1]
    for one in zip(rows[:4], factors[:4], strict=True):
        call(*one)
    assert_same(updates, of_call)


@pytest.mark.parametrize("backend", ["c", "jax"])
def test_nan_stops_a_run(backend):
    f, updates = step(backend, "sgd", nan="raise")
    rows, factors = batches(4)
    factors[2, 0] = np.nan
    with pytest.raises(errors.NotFiniteError) as info:
        f.run(rows, factors)
    assert "step 2" in info.value.__notes__[-1]
    assert all(np.isfinite(value).all() for value in values(updates).values())


def test_exact_rows_and_random_numbers():
    """State of every sort goes through a run: stamps, histories, generators."""
    ends = []
    for way in ("run", "calls"):
        W = sg.shared(START, name="W")
        rng = pytensor.shared(np.random.default_rng(3), name="rng")
        new_rng, noise = pt.random.normal(0, 1, size=(4, 3), rng=rng, return_next_rng=True)
        cost = ((W[index] - noise) ** 2).sum()
        updates = sg.adamw(cost, W, learning_rate=0.1, unused="exact") | {rng: new_rng}
        f = sg.function([index], cost, updates=updates)
        rows, _ = batches(6)
        costs = f.run(rows) if way == "run" else np.array([f(one) for one in rows])
        updates.flush()()
        ends.append(np.append(costs, W.get_value()))
    np.testing.assert_allclose(*ends, rtol=1e-13)


def test_what_run_does_not_take():
    f, _ = step()
    rows, factors = batches(3)
    with pytest.raises(errors.HyperparameterError, match="1 stacks for 2 inputs"):
        f.run(rows)
    with pytest.raises(errors.HyperparameterError, match=r"\[3, 2\] minibatches"):
        f.run(rows, factors[:2])
    with pytest.raises(errors.HyperparameterError, match="every is 0"):
        f.run(rows, factors, every=0)
    with pytest.raises(TypeError):
        f.run(rows[:, 0], factors)
    W = sg.shared(START, name="W")
    matrix = sg.function([index], W[index], updates=sg.sgd(W[index].sum(), W, 0.1))
    with pytest.raises(errors.HyperparameterError, match="2 dimensions"):
        matrix.run(rows)
    updates = sg.monitor(sg.sgd(W[index].sum(), W, 0.1))
    with pytest.raises(errors.HyperparameterError, match="without the monitor"):
        sg.function([index], updates=updates).run(rows)
