"""Averages of the parameters, against dense ones in NumPy and torch's."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad.embeddings import move_rows
from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError
from symgrad.training.averages import ema, polyak
from tests.conftest import compile_on
from tests.kinds import KINDS

index = pt.lvector("index")


def dense_ema(history, decay):
    """The law, on all rows, from the values before the first call."""
    average = history[0]
    for value in history[1:]:
        average = decay * average + (1 - decay) * value
    return average


def dense_mean(history, start):
    return np.mean(history[1 + start :], axis=0) if len(history) > 1 + start else history[-1]


def follow(step, tables, calls):
    """The values of the tables before the first call and after each."""
    history = [[table.get_value()] for table in tables]
    for inputs in calls:
        step(*inputs)
        for values, table in zip(history, tables, strict=True):
            values.append(table.get_value())
    return history


def zipf(rng, rows, n=6):
    return np.minimum(rng.zipf(1.4, n) - 1, rows - 1)


@pytest.mark.parametrize(("rule", "dtype"), [("sgd", "float32"), ("adam", "float64")])
def test_a_long_run_gives_the_dense_averages(backend, rule, dtype):
    rng = np.random.default_rng(1)
    W = sg.shared(rng.normal(size=(40, 3)).astype(dtype), name="W")
    b = sg.shared(np.zeros(3, dtype), name="b")
    cost = pt.sum((W[index] - b - rng.normal(size=3).astype(dtype)) ** 2)
    updates = sg.RULES[rule](cost, [W, b], learning_rate=0.03)
    short, long, mean = ema(updates, 0.5), ema(updates, 0.99), polyak(updates, start=50)
    step = compile_on(backend, [index], updates=updates | short | long | mean)
    assert "swept" not in str(step.audit)
    assert "copied" not in str(step.audit)
    assert "ema/W: rows touched" in str(step.audit)
    assert "ema_seen/W: rows touched" in str(step.audit)
    histories = follow(step, [W, b], [[zipf(rng, 40)] for _ in range(200)])
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if dtype == "float64" else {"atol": 2e-5}
    for table, history in zip([W, b], histories, strict=True):
        history = np.array(history, "float64")
        for averages, expected in [
            (short, dense_ema(history, 0.5)),
            (long, dense_ema(history, 0.99)),
            (mean, dense_mean(history, 50)),
        ]:
            assert averages.value(table).dtype == np.dtype(dtype)
            np.testing.assert_allclose(averages.value(table), expected, **tolerance)
    assert not np.allclose(long.value(W), W.get_value(), atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(calls=st.lists(st.lists(st.integers(-4, 3), max_size=5), min_size=1, max_size=8))
def test_any_reads(calls):
    for table, value in RUN["tables"].items():
        table.set_value(value)
    W, averages = RUN["W"], RUN["averages"]
    (history,) = follow(RUN["step"], [W], [[np.array(rows, "int64")] for rows in calls])
    for average, expected in zip(
        averages, [dense_ema(history, 0.75), dense_mean(history, 2)], strict=True
    ):
        np.testing.assert_allclose(average.value(W), expected, rtol=1e-12)


def compiled_once():
    W = sg.shared(np.arange(8.0).reshape(4, 2), name="W")
    updates = sg.sgd(pt.sum(W[index] ** 2), W, learning_rate=0.1)
    averages = [ema(updates, 0.75), polyak(updates, 2)]
    updates = updates | averages[0] | averages[1]
    step = sg.function([index], updates=updates)
    tables = {table: table.get_value() for table in updates}
    return {"W": W, "averages": averages, "step": step, "tables": tables}


RUN = compiled_once()


@pytest.mark.parametrize(
    ("name", "compiler"),
    [(name, "unoptimised") for name in sorted(KINDS)]
    + [("columns", "c"), ("nested", "numba"), ("matrix", "jax")],
)
def test_every_kind_of_index(name, compiler):
    kind, rng = KINDS[name], np.random.default_rng(2)
    W = sg.shared(rng.normal(size=kind.shape), name="W")
    inputs = kind.inputs()
    cost = pt.sum(kind.read(W, *inputs) ** 2)
    updates = sg.sgd(cost, W, learning_rate=0.1)
    if any(len(move.place.axes) > 1 and not move.place.distinct for move in updates.moves):
        with pytest.raises(HyperparameterError, match="give write='set' to the rule"):
            ema(updates)
        updates = sg.sgd(cost, W, learning_rate=0.1, write="set")
    averages = ema(updates, 0.6)
    step = compile_on(compiler, inputs, updates=updates | averages)
    varieties = ("unique", "repeated", "negative", "unique")
    calls = [values for variety in varieties if (values := kind.draw(rng, variety)) is not None]
    (history,) = follow(step, [W], calls)
    np.testing.assert_allclose(averages.value(W), dense_ema(history, 0.6), rtol=1e-10)


@pytest.mark.parametrize("options", ["mask", "constraint", "decay", "row_rates", "set"])
def test_what_is_averaged_is_what_is_written(options):
    W = sg.shared(np.ones((5, 2)) * np.arange(1, 6)[:, None], name="W")
    options = {
        "mask": {"mask": {W: sg.freeze_rows(W, [1, 2])}},
        "constraint": {"constraint": sg.max_norm(2.0)},
        "decay": {"unused": "decay"},
        "row_rates": {"row_rates": {W: np.arange(5.0)}},
        "set": {"write": "set"},
    }[options]
    updates = sg.momentum(pt.sum(W[index] ** 2), W, learning_rate=0.05, **options)
    averages = ema(updates, 0.6)
    step = sg.function([index], updates=updates | averages)
    (history,) = follow(step, [W], [[[1, 1, 3]], [[0]], [[1, 2]], [[4, 3]], [[0, 2]]])
    np.testing.assert_allclose(averages.value(W), dense_ema(history, 0.6), rtol=1e-12)


def test_dense_parameters_as_torch_does():
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    values = np.random.default_rng(3).normal(size=(4, 3))
    model = torch.nn.Linear(3, 4, bias=False).double()
    model.weight.data = torch.tensor(values)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8))
    averaged.update_parameters(model)
    mean = AveragedModel(model)
    w = sg.shared(values, name="w")
    updates = sg.sgd(pt.sum(w**2), w, learning_rate=0.1)
    ours = ema(updates, 0.8), polyak(updates, start=3)
    step = sg.function([], updates=updates | ours[0] | ours[1])
    for call in range(1, 11):
        step()
        optimizer.zero_grad()
        (model.weight**2).sum().backward()
        optimizer.step()
        averaged.update_parameters(model)
        if call > 3:
            mean.update_parameters(model)
    for average, theirs in zip(ours, (averaged, mean), strict=True):
        expected = theirs.module.weight.detach().numpy()
        np.testing.assert_allclose(average.value(w), expected, rtol=1e-12)


def test_a_row_that_is_never_read_is_its_own_average():
    start = np.random.default_rng(4).normal(size=(3, 2)).astype("float32")
    W = sg.shared(start, name="W")
    updates = sg.adagrad(pt.sum(W[index]), W)
    averages = ema(updates), polyak(updates)
    step = sg.function([index], updates=updates | averages[0] | averages[1])
    for _ in range(10):
        step([0])
    for average in averages:
        assert np.array_equal(average.value(W)[1:], start[1:])


def test_applied_and_restored(backend):
    W = sg.shared(np.ones((3, 2), "float32"), name="W")
    rows = W[index]
    updates = sg.sgd(pt.sum(rows), W, learning_rate=0.5)
    averages = ema(updates, 0.5)
    step = compile_on(backend, [index], updates=updates | averages)
    look = compile_on(backend, [index], rows)
    step([0, 0]), step([1])
    trained, average = W.get_value(), averages.value(W)
    with averages.applied():
        assert np.array_equal(look([0, 1, 2]), average)
    assert np.array_equal(W.get_value(), trained)
    with pytest.raises(ZeroDivisionError), averages.applied():
        raise ZeroDivisionError
    step([2])
    assert W.get_value()[:, 0].tolist() == [0, 0.5, 0.5]
    assert averages.value(W)[:, 0].tolist() == [0.125, 0.625, 0.75]


def test_a_call_that_is_skipped_counts_for_nothing():
    W, scale = sg.shared(np.ones((3, 1)), name="W"), pt.dscalar("scale")
    updates = sg.sgd(scale * pt.sum(W[index]), W, learning_rate=0.5)
    averages = ema(updates, 0.5)
    step = sg.function([index, scale], updates=updates | averages, nan="skip")
    step([0], 1.0), step([1], np.nan), step([1], 1.0)
    assert averages.slots["ema_calls"].get_value() == 2
    assert averages.value(W).ravel().tolist() == [0.625, 0.75, 1.0]


def test_names_of_slots():
    W, b = sg.shared(np.ones((3, 2)), name="W"), sg.shared(np.ones(2))
    updates = sg.sgd(pt.sum(W[index] * b), [W, b], learning_rate=0.5)
    fast, slow = ema(updates, 0.5), ema(updates, 0.9)
    assert list(fast.slots) == ["ema_calls", "ema/W", "ema_seen/W", "ema/param1"]
    assert list(polyak(updates).slots)[:2] == ["polyak_calls", "polyak/W"]
    assert "ema/W.2" in (updates | fast | slow).slots
    seen = fast.slots["ema_seen/W"].get_value()
    assert seen.shape == (3, 1)
    assert seen.dtype == np.dtype("int64")


def test_checkpoints_hold_them(tmp_path):
    runs = []
    for _ in range(2):
        W = sg.shared(np.ones((4, 2)), name="W")
        updates = sg.sgd(pt.sum(W[index] ** 2), W, learning_rate=0.1)
        averages = ema(updates, 0.5)
        updates = updates | averages
        runs.append((W, averages, updates, sg.function([index], updates=updates)))
    (W, averages, updates, step), (W_2, averages_2, updates_2, step_2) = runs
    step([0, 1]), step([1])
    sg.save(tmp_path / "run.safetensors", updates)
    sg.load(tmp_path / "run.safetensors", updates_2)
    step([0, 2]), step_2([0, 2])
    assert np.array_equal(averages.value(W), averages_2.value(W_2))


def test_they_move_with_the_rows():
    W = sg.shared(np.ones((3, 1)), name="W")
    updates = sg.sgd(pt.sum(W[index]), W, learning_rate=1.0)
    averages = ema(updates, 0.5)
    updates = updates | averages
    step = sg.function([index], updates=updates)
    step([0]), step([1])
    move_rows(W, [-1, 1, 0], updates, initial=lambda n, dim: np.full((n, dim), 7.0))
    assert averages.value(W).ravel().tolist() == [7.0, 0.5, 0.25]
    step([0, 2])
    assert averages.value(W).ravel().tolist() == [6.5, 0.25, -0.375]


def test_what_is_refused():
    W = sg.shared(np.ones((3, 2)), name="W")
    updates = sg.sgd(pt.sum(W[index]), W, learning_rate=0.5)
    for decay in (1.0, -0.1, np.nan, "0.9", pt.dscalar()):
        with pytest.raises(HyperparameterError, match="decay is .*: give a number from 0"):
            ema(updates, decay)
    for start in (-1, 0.5, True, None):
        with pytest.raises(HyperparameterError, match="start is .*: give a whole number"):
            polyak(updates, start)
    for nothing in (Updates(), {W: W}):
        with pytest.raises(HyperparameterError, match="do not say how parameters move"):
            ema(nothing)
    with pytest.raises(HyperparameterError, match="V has no average: .* move W; give"):
        ema(updates).value(sg.shared(np.ones(2), name="V"))
    exact = sg.momentum(pt.sum(W[index]), W, learning_rate=0.5, unused="exact")
    for average in (ema, polyak):
        with pytest.raises(HyperparameterError, match=r"unused='exact'.* use unused='keep'"):
            average(exact)
