"""Vectors that are lists of variables, against lists of arrays."""

import numpy as np
import pytensor.tensor as pt
import pytest

from symgrad.errors import ArgumentError
from symgrad.second_order.vectors import check_pairs, dot, like, minus, replacements
from tests.conftest import evaluated

A = [np.array([1.0, 2.0]), np.array([[3.0]])]
B = [np.array([5.0, 7.0]), np.array([[11.0]])]


def constants(arrays):
    return [pt.constant(array) for array in arrays]


def test_the_inner_product_is_over_all_blocks():
    assert evaluated(dot(constants(A), constants(B))) == 5 + 14 + 33


def test_the_difference_is_block_by_block():
    for ours, a, b in zip(minus(constants(A), constants(B)), A, B, strict=True):
        np.testing.assert_array_equal(evaluated(ours), a - b)


def test_values_take_the_types_of_their_models():
    models = [pt.fvector(), pt.dmatrix()]
    for value, model in zip(like(constants(A), models), models, strict=True):
        assert model.type.is_super(value.type)
    x = pt.fvector("x")
    (value,) = replacements([x], [pt.dvector()]).values()
    assert value.type == x.type


def test_what_is_no_tensor_stays():
    model = pt.random.default_rng()
    assert like([model], [model]) == [model]


def test_pairs_must_fit():
    check_pairs("hvp", "vectors", constants(A), constants(B))
    with pytest.raises(ArgumentError, match="hvp: vectors has 1 blocks where 2 are wanted"):
        check_pairs("hvp", "vectors", constants(A[:1]), constants(B))
    with pytest.raises(ArgumentError, match="vectors has 2 dimensions for x, which has 1"):
        check_pairs("hvp", "vectors", constants(A[1:]), [pt.dvector("x")])
