"""Updates that cannot be meant."""

import numpy as np
import pytest

import symgrad as sg
from symgrad import errors
from tests.compile.steps import table, vector_of_indices, x


def test_a_forgotten_write():
    W = table()
    subset = W[vector_of_indices]
    for new in (subset - 0.1 * sg.grad(subset.sum(), subset), -subset, 2 * subset + x):
        words = r"shape of the subset W\[vector_of_indices\].*shrink.*inc_subtensor"
        with pytest.raises(errors.MissingWriteError, match=words):
            sg.function([vector_of_indices, x], updates=[(W, new)], on_unused_input="ignore")


def test_what_only_looks_like_one():
    W = table()
    subset = W[[0, 1, 2, 3, 4, 5]]
    updates = [(W, sg.inc_subtensor(subset, 1.0) * 2)]
    assert sg.function([], updates=updates, audit="off")


def test_a_non_shared():
    W = table()
    with pytest.raises(errors.NotSharedError, match="not a shared variable"):
        sg.function([x], updates=[(x, x + 1)])
    with pytest.raises(errors.NotSharedError, match=r"write \(W, inc_subtensor\(W\[index\]"):
        sg.function([vector_of_indices], updates={W[vector_of_indices]: x})


def test_another_dtype():
    W = table(dtype="float32")
    with pytest.raises(errors.DtypeMismatchError, match="W.*astype.'float32'"):
        sg.function([], updates=[(W, W * np.ones((6, 2)))])
    with pytest.raises(errors.DtypeMismatchError, match="update of W is"):
        sg.function([], updates=[(W, W.sum(axis=0))])


def test_two_updates():
    W = table()
    with pytest.raises(errors.DuplicateUpdateError, match="W is given two updates"):
        sg.function([], updates=[(W, W + 1), (W, W + 2)])
