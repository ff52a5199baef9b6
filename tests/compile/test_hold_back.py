"""NaN and infinity: a call that would write them can change nothing."""

import numpy as np
import pytest

import symgrad as sg
from symgrad import errors
from tests.compile.steps import table, values, vector_of_indices, x


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_nan_reaches_a_table_or_a_slot(bad, backend):
    for nan in ("raise", "skip", "ignore"):
        W, b = table(), sg.shared(np.zeros(2), name="b")
        cost = ((W[vector_of_indices] + b) * x).sum()
        updates = sg.adam(cost, [W, b], learning_rate=0.1)
        f = sg.function([vector_of_indices, x], cost, updates=updates, backend=backend, nan=nan)
        f([0, 1, 1], np.ones((3, 2)))
        before = values(updates)
        broken = np.array([[1.0, 1.0], [bad, 1.0], [1.0, 1.0]])
        if nan == "raise":
            with pytest.raises(errors.NotFiniteError, match="update of .* holds NaN or infinity"):
                f([2, 0, 2], broken)
        else:
            f([2, 0, 2], broken)
        same = all(np.array_equal(s.get_value(), old) for s, old in before.items())
        assert same == (nan != "ignore")
        f([0, 1, 1], np.ones((3, 2)))
        assert str(f.audit).startswith("W: rows touched\nm/W: rows touched")
        if nan != "ignore":
            assert all(np.isfinite(s.get_value()).all() for s in updates)
            assert int(updates.slots["t"].get_value()) == 2


def test_empty_slots_of_jax_hold_no_nan(backend):
    """Without epsilon a slot that is no row is 0 / 0: nobody's step."""
    W = table()
    updates = sg.adagrad((W[vector_of_indices] ** 2).sum(), W, epsilon=0)
    f = sg.function([vector_of_indices], updates=updates, backend=backend, nan="raise")
    f([1, 1, 1])
    assert np.isfinite(W.get_value()).all()
