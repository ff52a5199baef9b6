"""What is recovered from a plain graph: coalesced rows, checks, and the dimension of a length."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.graph.coordinates import ravel, unravel
from symgrad.graph.provenance import coalesced, dimension_of, table_of_length, unchecked
from symgrad.ops.check_index import CheckIndex

W = sg.shared(np.zeros((4, 3)), name="W")
i, j, g = pt.lvector("i"), pt.lvector("j"), pt.dvector("g")


def test_rows_and_their_coordinates_are_coalesced():
    length = W.shape[0] * W.shape[1]
    rows, summed, _ = sg.coalesce(ravel([i, j], [W.shape[0], W.shape[1]]), g, length)
    for index in (rows, *unravel(rows, [W.shape[0], W.shape[1]])):
        origin = coalesced(index)
        assert origin.rows is rows
        assert origin.summed is summed
        assert origin.gradient is g
        assert origin.table is W


@pytest.mark.parametrize("index", [i, i + 1, i % 3, sg.coalesce(i, g, 4)[2]])
def test_what_is_not_coalesced(index):
    assert coalesced(index) is None


def test_used_slots():
    rows, _, _ = sg.coalesce(i, g, 4)
    assert coalesced(rows).used.eval({i: [2, 2, 0], g: [1.0] * 3}).all()


def test_checks_do_not_change_which_rows_are_chosen():
    check = CheckIndex()
    assert unchecked(check(check(i, 4, 1), 4)) is i
    assert unchecked(i + 1) is not i


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (W.shape[1], (W, 1)),
        (pt.cast(W.shape[0], "int64"), (W, 0)),
        (W[i].shape[0], (None, 0)),
        (pt.constant(4), (None, None)),
    ],
)
def test_the_dimension_that_a_length_is(length, expected):
    assert dimension_of(length) == expected


def test_the_table_of_a_length():
    assert table_of_length(2 * W.shape[0] * W.shape[1]) is W
    assert table_of_length(i.shape[0]) is None
