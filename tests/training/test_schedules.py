"""Schedules: against recorded rates of other libraries, in rules, joined, and out of range."""

import json
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors, schedules
from tests.conftest import compile_on

RECORDED = json.loads((Path(__file__).parent / "reference" / "schedule_goldens.json").read_text())
GOLDENS = [g for g in RECORDED["goldens"] if g["schedule"] != "reduce_on_plateau"]
PLATEAUS = [g for g in RECORDED["goldens"] if g["schedule"] == "reduce_on_plateau"]

SCHEDULES = {
    "step": lambda: schedules.step(0.1, calls=2),
    "exponential": lambda: schedules.exponential(0.1, factor=0.7),
    "inverse_time": lambda: schedules.inverse_time(0.1, decay=0.3),
    "cosine": lambda: schedules.cosine(0.1, calls=4),
    "cyclical": lambda: schedules.cyclical(0.01, 0.1, calls=2),
    "warm_up": lambda: schedules.warm_up(schedules.inverse_time(0.1), calls=3),
}


def rates(schedule, calls=12, backend="unoptimised"):
    f = compile_on(backend, [], schedule.rate, updates=schedule.updates)
    return [float(f()) for _ in range(calls)]


def made(name, arguments):
    """A schedule of recorded arguments; the schedule that it warms up is one of them."""
    if isinstance(inner := arguments.get("schedule"), dict):
        ((inner_name, inner_arguments),) = inner.items()
        arguments = arguments | {"schedule": made(inner_name, inner_arguments)}
    return getattr(schedules, name)(**arguments)


def label(golden):
    return f"{golden['library']}-{golden['schedule']}"


@pytest.mark.parametrize("golden", GOLDENS, ids=label)
def test_rates_of_libraries(golden):
    schedule = made(golden["schedule"], golden["arguments"])
    np.testing.assert_allclose(
        rates(schedule, len(golden["rates"])), golden["rates"], rtol=1e-12, atol=1e-16
    )


@pytest.mark.parametrize("golden", PLATEAUS, ids=label)
def test_plateaus_of_libraries(golden):
    cost = pt.dscalar("cost")
    schedule = schedules.reduce_on_plateau(cost, style=golden["library"], **golden["arguments"])
    f = compile_on("unoptimised", [cost], schedule.rate, updates=schedule.updates)
    given = [float(f(value)) for value in RECORDED["costs"]]
    np.testing.assert_allclose(given, golden["rates"], rtol=1e-12)
    assert len(set(given)) > 2, "the rate falls at least twice"


def test_the_two_patiences_are_one_call_apart():
    """And the lowered rate is that of the next call in torch, of the same call in optax."""
    given = {}
    for style in ("torch", "optax"):
        cost = pt.dscalar("cost")
        schedule = schedules.reduce_on_plateau(cost, 1.0, factor=0.5, patience=2, style=style)
        f = compile_on("unoptimised", [cost], schedule.rate, updates=schedule.updates)
        given[style] = [float(f(1.0)) for _ in range(6)]
    assert given["torch"] == [1, 1, 1, 1, 0.5, 0.5]
    assert given["optax"] == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_keras_1_decay():
    expected = [0.1 / (1 + 0.3 * t) for t in range(12)]
    np.testing.assert_allclose(rates(SCHEDULES["inverse_time"]()), expected, rtol=1e-15)


def test_cosine_stays_at_its_end():
    assert rates(schedules.cosine(0.1, 3, min_rate=0.01))[3:] == pytest.approx([0.01] * 9)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rule_follows_it(name, backend):
    expected = rates(SCHEDULES[name](), 6)
    schedule = SCHEDULES[name]()
    W, index = sg.shared(np.zeros((4, 2)), name="W"), pt.lvector("index")
    updates = sg.sgd(W[index].sum(), W, learning_rate=schedule.rate) | schedule.updates
    f = sg.function([index], schedule.rate, updates=updates, backend=backend)
    for k in range(6):
        assert float(f([1, 1])) == pytest.approx(expected[k], rel=1e-12)
        np.testing.assert_allclose(W.get_value()[1], -2 * sum(expected[: k + 1]), rtol=1e-12)
    assert int(schedule.updates.slots["calls"].get_value()) == 6
    assert str(f.audit) == "W: rows touched"


@pytest.mark.parametrize("style", ["torch", "optax"])
def test_a_plateau_watches_the_cost_of_the_rule(style, backend):
    """A rate too high for the cost makes it bounce, until the plateau has lowered the rate."""
    W, index = sg.shared(np.full((4, 2), 3.0), name="W"), pt.lvector("index")
    cost = (W[index] ** 2).sum()
    schedule = schedules.reduce_on_plateau(cost, 1.0, factor=0.5, patience=2, style=style)
    updates = sg.sgd(cost, W, learning_rate=schedule.rate) | schedule.updates
    f = sg.function([index], [cost, schedule.rate], updates=updates, backend=backend)
    seen = [tuple(map(float, f([1]))) for _ in range(8)]
    used = [rate for _, rate in seen]
    assert used[:5] == ([1, 1, 1, 1, 0.5] if style == "torch" else [1, 1, 0.5, 0.5, 0.5])
    assert seen[0][0] == 18
    assert seen[-1][0] == 0
    assert W.get_value()[0].tolist() == [3, 3]


def test_float32_tables_keep_their_dtype(backend):
    w = sg.shared(np.ones(3, "float32"), name="w")
    schedule = schedules.warm_up(schedules.cosine(0.5, calls=4), calls=2)
    updates = sg.adam(w.sum(), w, learning_rate=schedule.rate) | schedule.updates
    f = sg.function([], schedule.rate, updates=updates, backend=backend)
    assert [np.asarray(f()).dtype for _ in range(3)] == [np.dtype("float64")] * 3
    assert w.get_value().dtype == np.dtype("float32")


def test_floatx_does_not_round_rates():
    with pytensor.config.change_flags(floatX="float32"):
        schedule = schedules.exponential(0.1, factor=0.7)
        assert schedule.rate.type.dtype == "float64"
        np.testing.assert_allclose(rates(schedule, 3), [0.1, 0.07, 0.049], rtol=1e-15)


class TestWarmUp:
    def test_of_a_number_and_of_a_shared_rate(self):
        rate = sg.shared(1.0, name="rate")
        f = compile_on(
            "unoptimised",
            [],
            (warm := schedules.warm_up(rate, calls=4, start=0.5)).rate,
            updates=warm.updates,
        )
        assert [float(f()) for _ in range(2)] == [0.5, 0.625]
        rate.set_value(2.0)
        assert [float(f()) for _ in range(3)] == [1.5, 1.75, 2.0]

    def test_shares_the_counter(self):
        inner = schedules.step(1.0, calls=2)
        assert list(schedules.warm_up(inner, calls=4).updates) == list(inner.updates)

    def test_of_a_plateau(self):
        cost = pt.dscalar("cost")
        plateau = schedules.reduce_on_plateau(cost, 1.0, factor=0.5, patience=0)
        schedule = schedules.warm_up(plateau, calls=4)
        assert list(schedule.updates.slots) == ["rate", "best", "bad", "cooling", "calls"]
        f = compile_on("unoptimised", [cost], schedule.rate, updates=schedule.updates)
        assert [float(f(1.0)) for _ in range(4)] == [0.0, 0.25, 0.25, 0.1875]
        assert list(plateau.updates.slots) == ["rate", "best", "bad", "cooling"]


def test_two_schedules_in_one_function():
    v, w = sg.shared(0.0, name="v"), sg.shared(0.0, name="w")
    fast, slow = schedules.inverse_time(1.0), schedules.step(1.0, calls=1, factor=0.5)
    updates = sg.sgd(v, v, fast.rate) | fast.updates | sg.sgd(w, w, slow.rate) | slow.updates
    assert list(updates.slots) == ["calls", "calls.2"]
    f = compile_on("unoptimised", [], updates=updates)
    f(), f()
    assert (float(v.get_value()), float(w.get_value())) == (-1.5, -1.5)


def test_forgotten_updates_leave_the_first_rate():
    """What the counter is for: without it, the rate is a number like any other."""
    schedule = SCHEDULES["step"]()
    f = compile_on("unoptimised", [], schedule.rate)
    assert [float(f()) for _ in range(4)] == [0.1] * 4


def test_starting_anew():
    schedule = SCHEDULES["step"]()
    f = compile_on("unoptimised", [], schedule.rate, updates=schedule.updates)
    before = [float(f()) for _ in range(5)]
    schedule.updates.slots["calls"].set_value(0)
    assert [float(f()) for _ in range(5)] == before


def test_a_cost_that_is_not_a_number_is_never_better():
    cost = pt.dscalar("cost")
    schedule = schedules.reduce_on_plateau(cost, 1.0, factor=0.5, patience=0)
    f = compile_on("unoptimised", [cost], updates=schedule.updates)
    f(1.0), f(np.nan)
    slots = schedule.updates.slots
    assert (float(slots["rate"].get_value()), float(slots["best"].get_value())) == (0.5, 1.0)


class TestOutOfRange:
    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (lambda: schedules.step(-0.1, calls=2), "step: rate is -0.1: it must be at least 0"),
            (lambda: schedules.step(0.1, calls=0), "calls is 0: it must be above 0"),
            (lambda: schedules.exponential(0.1, factor=0.0), "factor is 0.0: it must be above 0"),
            (lambda: schedules.exponential(0.1, factor=None), "factor is None: give a number"),
            (lambda: schedules.inverse_time(0.1, decay=-1), "decay is -1: it must be at least 0"),
            (lambda: schedules.cosine(float("nan"), calls=3), "rate is nan: it must be"),
            (lambda: schedules.cosine(0.1, calls=pt.dvector("n")), "calls is n: give a number"),
            (lambda: schedules.cyclical(0.1, "fast", calls=3), "high is 'fast': give a number"),
            (lambda: schedules.warm_up(0.1, calls=3, start=2), "start is 2: it must be in"),
            (lambda: schedules.warm_up(None, calls=3), "warm_up: rate is None: give a number"),
        ],
    )
    def test_numbers(self, make, match):
        with pytest.raises(errors.HyperparameterError, match=match):
            make()

    @pytest.mark.parametrize(
        ("more", "match"),
        [
            ({"factor": 1.5}, "does not lower a rate"),
            ({"factor": 0}, "factor is 0: it must be above 0"),
            ({"patience": -1}, "patience is -1: it must be at least 0"),
            ({"patience": 0, "style": "optax"}, "better calls lower the rate"),
            ({"style": "keras"}, "choose one of"),
            ({"rate": sg.shared(0.1, name="lr")}, "rate is lr, but .* give a number"),
            ({"rate": -0.1}, "rate is -0.1: it must be at least 0"),
            ({"min_rate": 0.5}, "min_rate is 0.5, above the first rate 0.1"),
            ({"threshold": 1.0}, "threshold is 1.0: it must be in"),
            ({"cost": pt.dvector("costs")}, "costs, which is not a scalar variable"),
            ({"cost": 3.0}, "watches 3.0, which is not a scalar variable"),
        ],
    )
    def test_plateaus(self, more, match):
        with pytest.raises(errors.HyperparameterError, match=match):
            schedules.reduce_on_plateau(**{"cost": pt.dscalar("cost"), "rate": 0.1} | more)
