"""Replacement that leaves everything else as it is."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.replace import graph_replace

from symgrad.graph.replace import substitute
from tests.conftest import evaluated

x, y, z = pt.dvectors("x", "y", "z")


def test_all_are_replaced_at_once():
    (swapped,) = substitute([x - 2 * y], {x: y, y: x})
    values = {x: [1.0, 2.0], y: [10.0, 20.0]}
    np.testing.assert_array_equal(evaluated(swapped, values), [8.0, 16.0])


def test_of_nested_variables_the_outer_value_counts():
    inner = x + 1
    outer = inner * 2
    outer_value, inner_value = substitute([outer, inner], {outer: y, inner: z})
    assert outer_value is y
    assert inner_value is z


def test_the_rest_is_not_copied():
    untouched = pt.exp(z)
    result, same, leaf = substitute([x * untouched, untouched, z], {x: y})
    assert result.owner.inputs == [y, untouched]
    assert same is untouched
    assert leaf is z


def test_values_are_not_copied_and_not_searched():
    value = pt.exp(x)
    (result,) = substitute([x * 2], {x: value})
    assert result.owner.inputs[0] is value
    assert value.owner.inputs[0] is x


def test_names_stay_and_static_shapes_follow_the_values():
    named = x + 1
    named.name = "named"
    (result,) = substitute([named], {x: pt.dvector(shape=(3,))})
    assert result.name == "named"
    assert result.type.shape == (3,)


def test_graph_replace_of_pytensor_does_less():
    """The two reasons for a function of our own; without them, PyTensor's should be used."""
    untouched = pt.exp(z)
    result, _ = graph_replace([x * untouched, z], {x: y}, strict=False)
    assert result.owner.inputs[1] is not untouched
    (result,) = graph_replace([x + 1], {x: pt.dvector(shape=(3,))}, strict=False)
    assert result.type.shape == (None,)
