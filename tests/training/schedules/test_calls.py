"""Rates that are functions of the calls: against other libraries, in rules, and joined."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import schedules
from tests.conftest import compile_on
from tests.training.schedules.conftest import RECORDED, label, rates

GOLDENS = [g for g in RECORDED["goldens"] if g["schedule"] != "reduce_on_plateau"]


SCHEDULES = {
    "step": lambda: schedules.step(0.1, calls=2),
    "exponential": lambda: schedules.exponential(0.1, factor=0.7),
    "inverse_time": lambda: schedules.inverse_time(0.1, decay=0.3),
    "cosine": lambda: schedules.cosine(0.1, calls=4),
    "cyclical": lambda: schedules.cyclical(0.01, 0.1, calls=2),
    "warm_up": lambda: schedules.warm_up(schedules.inverse_time(0.1), calls=3),
}


def made(name, arguments):
    """A schedule of recorded arguments; the schedule that it warms up is one of them."""
    if isinstance(inner := arguments.get("schedule"), dict):
        ((inner_name, inner_arguments),) = inner.items()
        arguments = arguments | {"schedule": made(inner_name, inner_arguments)}
    return getattr(schedules, name)(**arguments)


@pytest.mark.parametrize("golden", GOLDENS, ids=label)
def test_rates_of_libraries(golden):
    schedule = made(golden["schedule"], golden["arguments"])
    np.testing.assert_allclose(
        rates(schedule, len(golden["rates"])), golden["rates"], rtol=1e-12, atol=1e-16
    )


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
