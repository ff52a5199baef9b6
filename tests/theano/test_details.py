"""Options, orders and errors are those that were recorded from Theano 1.0.5."""

import json
import warnings

import numpy as np
import pytest

import symgrad.theano as theano
import symgrad.theano.tensor as T
from symgrad.theano.tensor.subtensor import by_slice
from tests.reference.make_theano_details import CASES
from tests.theano.conftest import REFERENCE, assert_same

RECORDED = json.loads((REFERENCE / "theano_details.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_detail_is_that_of_theano(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(CASES[name](theano, T), RECORDED[name])


@pytest.mark.parametrize(
    "index", [slice(1, 3), slice(None, None, -1), slice(-2, None), slice(5, 9)]
)
def test_a_slice_may_be_a_variable(index):
    x, chosen = T.dmatrix(), T.slicetype()
    rows = by_slice(x, chosen)
    f = theano.function([x, chosen], [rows, T.grad((rows**2).sum(), x)])
    value = np.arange(8.0).reshape(4, 2)
    gradient = np.zeros((4, 2))
    gradient[index] = 2 * value[index]
    for computed, expected in zip(f(value, index), (value[index], gradient), strict=True):
        np.testing.assert_array_equal(computed, expected)
