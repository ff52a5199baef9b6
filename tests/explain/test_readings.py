"""Values, adjoints and finite differences."""

import numpy as np
import pytensor.tensor as pt

from tests.explain.costs import explained, lookup


def test_values_adjoints_and_differences():
    _, index, subset, cost = lookup()
    e = explained(cost, subset, values={index: [3, 1, 3]})
    readings = {e.node(reading.node).name: reading for reading in e.readings}
    rows = np.arange(10.0).reshape(5, 2)[[3, 1, 3]]
    assert readings["subset"].value == rows.tolist()
    assert readings["subset"].adjoint == (2 * (rows - 1)).tolist()
    np.testing.assert_allclose(readings["subset"].finite, 2 * (rows - 1), rtol=1e-6)
    assert readings["cost"].adjoint == 1
    assert readings["W"].adjoint is None
    assert e.node("subset").shape == ("3", "2")


def test_large_values_are_compared_along_a_direction():
    x = pt.dvector("x")
    e = explained((x**2).sum(), values={"x": np.linspace(0, 1, 100)})
    reading = e.readings[0]
    assert (reading.size, reading.value, reading.finite) == (100, None, None)
    assert reading.error < 1e-6
