"""Rates that fall when the cost has stopped falling: against other libraries, and in rules."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors, schedules
from tests.conftest import compile_on
from tests.training.schedules.conftest import RECORDED, label

PLATEAUS = [g for g in RECORDED["goldens"] if g["schedule"] == "reduce_on_plateau"]


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


def test_a_cost_that_is_not_a_number_is_never_better():
    cost = pt.dscalar("cost")
    schedule = schedules.reduce_on_plateau(cost, 1.0, factor=0.5, patience=0)
    f = compile_on("unoptimised", [cost], updates=schedule.updates)
    f(1.0), f(np.nan)
    slots = schedule.updates.slots
    assert (float(slots["rate"].get_value()), float(slots["best"].get_value())) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"factor": 1.5}, "does not lower a rate"),
        ({"factor": 0}, "factor is 0: it must be above 0"),
        ({"patience": -1}, "patience is -1: it must be at least 0"),
        ({"patience": 0, "style": "optax"}, "lowers the rate in better calls too"),
        ({"style": "keras"}, "choose one of"),
        ({"rate": sg.shared(0.1, name="lr")}, "rate is lr, but .* give a number"),
        ({"rate": -0.1}, "rate is -0.1: it must be at least 0"),
        ({"min_rate": 0.5}, "min_rate is 0.5, above the first rate 0.1"),
        ({"threshold": 1.0}, "threshold is 1.0: it must be in"),
        ({"cost": pt.dvector("costs")}, "costs, which is not a scalar variable"),
        ({"cost": 3.0}, "watches 3.0, which is not a scalar variable"),
    ],
)
def test_arguments_that_do_not_fit(more, match):
    with pytest.raises(errors.HyperparameterError, match=match):
        schedules.reduce_on_plateau(**{"cost": pt.dscalar("cost"), "rate": 0.1} | more)
