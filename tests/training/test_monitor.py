"""What a monitor says, against a dense oracle in NumPy; and that it changes nothing."""

import builtins
import io
import logging

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad.training.monitor import Monitored, monitor
from symgrad.training.monitor.sinks import LiveTable, log_line

N, DIM = 6, 3
RATE = 0.1


def tables(dtype="float64"):
    rng = np.random.default_rng(0)
    W = sg.shared(rng.normal(size=(N, DIM)).astype(dtype), name="W")
    b = sg.shared(rng.normal(size=DIM).astype(dtype), name="b")
    return W, b


def problem(rule=sg.sgd, **options):
    """A cost over repeated rows of `W` and all of `b`, and its updates."""
    W, b = tables()
    index = pt.lvector("index")
    cost = ((W[index] * b) ** 2).sum()
    return W, b, index, cost, rule(cost, [W, b], learning_rate=RATE, **options)


class Oracle:
    """The same problem dense in NumPy: tables, gradients, and when each row was touched."""

    def __init__(self, W, b):
        self.W, self.b = W.get_value(), b.get_value()
        self.last, self.call = np.zeros(N, int), 0

    def step(self, index):
        index = np.asarray(index, int)
        self.call += 1
        gradient_W, gradient_b = np.zeros_like(self.W), np.zeros_like(self.b)
        for row in index:
            gradient_W[row] += 2 * self.W[row] * self.b**2
            gradient_b += 2 * self.b * self.W[row] ** 2
        cost = sum(((self.W[row] * self.b) ** 2).sum() for row in index)
        rows = np.unique(np.where(index < 0, index + N, index))
        known = rows[self.last[rows] > 0]
        age = np.mean(self.call - self.last[known]) if len(known) else 0
        self.last[rows] = self.call
        found = {"cost": cost}
        for name, value, gradient in (
            ("W", self.W[rows], gradient_W[rows]),
            ("b", self.b, gradient_b),
        ):
            norms = [np.sqrt((x**2).sum()) for x in (value, gradient, RATE * gradient)]
            found |= {
                f"value_norm/{name}": norms[0],
                f"gradient_norm/{name}": norms[1],
                f"step_norm/{name}": norms[2],
                f"update_to_weight/{name}": norms[2] / norms[0] if norms[0] else 0,
                f"nonfinite/{name}": 0,
            }
        found |= {"rows/W": len(rows), "coverage/W": (self.last > 0).mean(), "age/W": age}
        self.W -= RATE * gradient_W
        self.b -= RATE * gradient_b
        return found


CALLS = [[1, 1, -5], [0, 1, 4], [4, 4, 4], [2, 1, -1]]


@pytest.mark.parametrize("rule", [sg.sgd, sg.momentum])
def test_scalars_are_those_of_the_dense_problem(backend, rule):
    # With momentum 0 rows are summed by the rule; plain sgd leaves repeated rows in its place.
    W, b, index, cost, updates = problem(rule, **({"momentum": 0.0} if rule is sg.momentum else {}))
    watch, oracle = monitor(updates), Oracle(W, b)
    f = sg.function([index], cost, updates=watch, backend=backend)
    for call, rows in enumerate(CALLS, 1):
        expected = oracle.step(rows)
        f(rows)
        step, scalars = watch.history[-1]
        assert step == call
        assert scalars.keys() == expected.keys()
        for name, value in scalars.items():
            assert type(value) is float
            assert value == pytest.approx(expected[name], rel=1e-12), name
    np.testing.assert_allclose(W.get_value(), oracle.W, rtol=1e-12)
    assert "W: rows touched" in str(f.audit)
    assert "last_call/W: rows touched" in str(f.audit)


@pytest.fixture(scope="module")
def compiled():
    W, b, index, cost, updates = problem()
    watch = monitor(updates, every=2)
    return W, b, watch, sg.function([index], cost, updates=watch)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=st.lists(st.lists(st.integers(-N, N - 1), max_size=8), min_size=1, max_size=8))
def test_any_indices(compiled, calls):
    W, b, watch, f = compiled
    values = tables()
    W.set_value(values[0].get_value())
    b.set_value(values[1].get_value())
    for slot in watch.slots.values():
        slot.set_value(np.zeros_like(slot.get_value()))
    watch.history.clear()
    oracle = Oracle(W, b)
    expected = []
    for rows in calls:
        expected.append(oracle.step(rows))
        f(rows)
    assert [step for step, _ in watch.history] == list(range(2, len(calls) + 1, 2))
    for step, scalars in watch.history:
        assert scalars == pytest.approx(expected[step - 1], rel=1e-9)


@pytest.mark.parametrize(("rule", "dtype"), [(sg.sgd, "float32"), (sg.adam, "float64")])
def test_tables_and_slots_are_the_same(backend, rule, dtype):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(50, 7)).astype(dtype), rng.normal(size=7).astype(dtype)
    calls = rng.integers(0, 50, (6, 20))
    results = []
    for monitored in (False, True):
        W, b = sg.shared(values[0], name="W"), sg.shared(values[1], name="b")
        index = pt.lvector("index")
        cost = (pt.tanh(W[index] * b) ** 2).sum() + (W[index].sum(1) ** 2).mean()
        updates = rule(cost, [W, b], learning_rate=0.01)
        kept = [*updates]
        f = sg.function(
            [index], cost, updates=monitor(updates) if monitored else updates, backend=backend
        )
        costs = [f(rows) for rows in calls]
        results.append([*costs, *(variable.get_value() for variable in kept)])
    for one, other in zip(*results, strict=True):
        # What is compiled differs, and so may the last digit.
        tolerance = 64 * np.finfo(dtype).eps
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("read", "n_rows", "coverage"),
    [
        (lambda W, i: W[:, i], 2, 2 / 4),
        (lambda W, i: W[i, i], 2, 2 / 16),
        (lambda W, i: W[pt.stack([i, i])], 2, 2 / 4),
        (lambda W, i: W[1:4], 3, 3 / 4),
        (lambda W, i: W[i[0]], 1, 1 / 4),
        (lambda W, i: W[i].sum() + W[i[:1]], 2, 2 / 4),
    ],
    ids=["columns", "pairs", "matrix", "slice", "scalar", "two reads"],
)
def test_other_kinds_of_rows(read, n_rows, coverage):
    W, i = sg.shared(np.arange(1.0, 17).reshape(4, 4), name="W"), pt.lvector("i")
    cost = read(W, i).sum()
    watch = monitor(sg.sgd(cost, W, learning_rate=1.0))
    f = sg.function([i], cost, updates=watch, on_unused_input="ignore")
    before = W.get_value()
    f([2, 2, 0])
    (_, scalars), step = watch.history[-1], W.get_value() - before
    assert scalars["step_norm/W"] == pytest.approx(np.linalg.norm(step))
    assert scalars["value_norm/W"] == pytest.approx(np.linalg.norm(before[step != 0]))
    assert (scalars["rows/W"], scalars["coverage/W"]) == (n_rows, coverage)
    f([2, 2, 0])
    assert watch.history[-1][1]["age/W"] == 1


def test_nothing_read_and_nothing_there():
    W, i = sg.shared(np.zeros((3, 2)), name="W"), pt.lvector("i")
    watch = monitor(sg.sgd((W[i] + 1).sum(), W, learning_rate=0.5))
    f = sg.function([i], updates=watch)
    f([])
    assert set(watch.history[0][1].values()) == {0.0}
    f([1])
    assert watch.history[1][1]["update_to_weight/W"] == np.inf  # a step away from zero
    assert watch.history[1][1]["nonfinite/W"] == 0


def test_nan_and_infinity_are_counted(backend):
    W, x = sg.shared(np.ones((4, 2)), name="W"), pt.dvector("x")
    index = pt.lvector("index")
    cost = (W[index] * x[:, None]).sum()
    watch = monitor(sg.momentum(cost, W, learning_rate=1.0))
    f = sg.function([index, x], updates=watch, backend=backend, nan="skip")
    f([0, 1, 1], [1.0, np.nan, 1.0])
    f([0, 1, 1], [1.0, 2.0, np.inf])
    f([0, 1, 1], [1.0, 2.0, 1.0])
    # Gradient and step of two entries each. Calls that are skipped are not counted.
    assert [(s, v["nonfinite/W"]) for s, v in watch.history] == [(1, 4.0), (1, 4.0), (1, 0.0)]
    assert np.isnan(watch.history[0][1]["step_norm/W"])
    assert watch.slots["W/rows_touched"].get_value() == 2


def test_scalars_as_outputs():
    W, b, index, _, updates = problem()
    watch, oracle = monitor(updates, every=100), Oracle(W, b)
    f = sg.function([index], list(watch.scalars.values()), updates=watch)
    for rows in CALLS:
        expected = oracle.step(rows)
        found = dict(zip(watch.scalars, f(rows), strict=True))
        assert found == pytest.approx({k: v for k, v in expected.items() if k != "cost"})
    assert watch.history == []


def test_a_scalar_of_the_monitor_is_no_cost():
    *_, index, _, updates = problem()
    watch = monitor(updates)
    f = sg.function([index], list(watch.scalars.values()), updates=watch)
    f([1])
    assert "cost" not in watch.history[0][1]


def test_it_joins_with_other_updates():
    *_, index, cost, updates = problem()
    extra = sg.shared(0.0, name="extra")
    watch = monitor(updates)
    for joined in (watch | {extra: extra + 1}, sg.Updates({extra: extra + 1}) | watch):
        assert isinstance(joined, Monitored)
        assert set(joined) == {*watch, extra}
        assert joined.slots == watch.slots
        sg.function([index], cost, updates=joined)([1])
    assert [step for step, _ in watch.history] == [1, 2]
    watch |= {extra: extra + 1}
    assert isinstance(watch, Monitored)


def test_sinks(caplog):
    *_, index, cost, updates = problem()
    seen, screen = [], io.StringIO()
    watch = monitor(
        updates, every=2, callback=lambda *report: seen.append(report), log=True, table=screen
    )
    f = sg.function([index], cost, updates=watch)
    with caplog.at_level(logging.INFO, logger="symgrad"):
        for rows in CALLS:
            f(rows)
    assert seen == watch.history
    lines = [record.getMessage() for record in caplog.records if record.name == "symgrad"]
    lines = [line for line in lines if line.startswith("call ")]
    assert lines == [log_line(*report) for report in watch.history]
    assert lines[0].startswith("call 2: cost ")
    assert "age/W 1," in lines[0]
    assert screen.getvalue().splitlines() == lines  # no terminal


class Terminal(io.StringIO):
    def isatty(self):
        return True


def screen_of(text):
    """What a terminal shows of a text with the two escapes of a live table."""
    shown = []
    for part in text.split("\x1b["):
        digits = part[: part.find("F")] if "F" in part else ""
        if digits.isdigit():
            shown = shown[: -int(digits)]
            part = part[len(digits) + 1 :]
        shown += part.removeprefix("J").splitlines()
    return shown


def test_a_live_table_is_drawn_over(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    table = LiveTable(terminal)
    for step in (1, 2):
        table.write(step, {"cost": 0.5, "rows/W": 10.0 * step, "step_norm/b": 1.0, "rows/x/y": 3.0})
    assert screen_of(terminal.getvalue()) == [
        "call 2  cost 0.5",
        "     rows  step_norm",
        "W      20           ",
        "b                  1",
        "x/y     3           ",
    ]
    table.write(3, {f"measure{k}/W": 1.0 for k in range(40)})
    assert max(map(len, screen_of(terminal.getvalue()))) == 59


def test_plot(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    *_, index, cost, updates = problem()
    watch = monitor(updates)
    with pytest.raises(sg.errors.HyperparameterError, match="no call has been reported"):
        watch.plot(tmp_path / "none.png")
    f = sg.function([index], cost, updates=watch)
    for rows in CALLS:
        f(rows)
    watch.history.append((5, dict.fromkeys(watch.scalars, np.inf)))
    watch.plot(tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    found = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    with pytest.raises(sg.errors.SymgradError, match=r"pip install 'symgrad\[plot\]'"):
        watch.plot(tmp_path / "run.png")


def test_a_callback_that_fails_comes_after_the_step():
    W, b, index, cost, updates = problem()
    oracle = Oracle(W, b)
    watch = monitor(updates, callback=lambda step, scalars: 1 / 0)
    f = sg.function([index], cost, updates=watch)
    with pytest.raises(ZeroDivisionError):
        f([1, 2])
    oracle.step([1, 2])
    np.testing.assert_allclose(W.get_value(), oracle.W)
    assert watch.slots["monitored_calls"].get_value() == 1


def test_calls_that_fail_are_not_reported(backend):
    W, _, index, cost, updates = problem()
    watch, before = monitor(updates), W.get_value()
    f = sg.function([index], cost, updates=watch, backend=backend)
    with pytest.raises(sg.errors.IndexOutOfRangeError, match="table W has 6 rows"):
        f([1, N])
    assert watch.history == []
    np.testing.assert_array_equal(W.get_value(), before)
    f([1, 2])
    assert watch.history[0][0] == 1


def test_inputs_that_only_outputs_use_and_givens():
    *_, index, cost, updates = problem()
    x = pt.dscalar("x")
    watch = monitor(updates)
    f = sg.function([index, x], [cost * x, x], updates=watch)
    f([1], 2.0)
    assert watch.history[0][1]["rows/W"] == 1
    given_rows = sg.function([x], x, updates=watch, givens={index: np.array([3, 4])})
    given_rows(1.0)
    step, scalars = watch.history[1]
    assert (step, scalars["rows/W"], scalars["cost"]) == (2, 2.0, 1.0)


def test_random_draws_are_those_of_the_step():
    W, rng = sg.shared(np.zeros((3, 1)), name="W"), sg.shared(np.random.default_rng(0), name="rng")
    next_rng, noise = pt.random.normal(rng=rng, return_next_rng=True)
    updates = sg.sgd(W[[1]].sum() * noise, W, learning_rate=1.0)
    watch = monitor(updates)
    f = sg.function([], updates=watch | {rng: next_rng}, backend="c")
    for _ in range(3):
        before = W.get_value()
        f()
        moved = np.abs(W.get_value() - before).max()
        assert watch.history[-1][1]["step_norm/W"] == pytest.approx(moved)


def test_two_tables_of_one_name():
    tables = [sg.shared(np.ones((2, 1)), name="W"), sg.shared(np.ones((2, 1)), name="W")]
    tables.append(sg.shared(np.ones(2)))
    cost = sum(table.sum() for table in tables)
    watch = monitor(sg.sgd(cost, tables, learning_rate=1.0))
    assert [name for name in watch.scalars if name.startswith("rows/")] == []
    assert {name.partition("/")[2] for name in watch.scalars} == {"W", "W.2", "param2"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every is 0"),
        ({"every": 1.5}, "every is 1.5"),
        ({"every": True}, "every is True"),
        ({"callback": "print"}, "callback is 'print'"),
    ],
)
def test_bad_arguments_are_said(options, message):
    *_, updates = problem()
    with pytest.raises(sg.errors.HyperparameterError, match=message):
        monitor(updates, **options)


def test_bad_updates_are_said():
    W, *_, updates = problem()
    with pytest.raises(sg.errors.HyperparameterError, match="a dict that knows of no step"):
        monitor({W: W + 1})
    with pytest.raises(sg.errors.HyperparameterError, match="monitored already"):
        monitor(monitor(updates))
    with pytest.raises(sg.errors.HyperparameterError, match="join them first"):
        monitor(updates) | monitor(problem()[-1])
