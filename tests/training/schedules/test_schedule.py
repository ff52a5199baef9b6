"""Rates are float64, and the numbers of a schedule are in their ranges."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors, schedules
from tests.training.schedules.conftest import rates


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
def test_numbers_out_of_range(make, match):
    with pytest.raises(errors.HyperparameterError, match=match):
        make()
