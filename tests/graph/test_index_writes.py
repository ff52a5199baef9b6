"""Chains of indexed writes: their table, and the rows that are written."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.graph.index_reads import indices_of
from symgrad.graph.index_writes import (
    has_shape_of,
    ignores_duplicates,
    row_index,
    rows_written,
    table_of,
    write_chain,
    writes_into,
)

W = sg.shared(np.zeros((4, 3)), name="W")
i, j = pt.lvector("i"), pt.lvector("j")
first = sg.inc_subtensor(W[i], 1.0)
second = sg.set_subtensor(first[j], 2.0)


def test_a_chain_ends_at_its_table():
    chain = write_chain(second)
    assert chain.writes == (second.owner, first.owner)
    assert chain.source is table_of(second) is table_of(W) is W
    assert rows_written(second, W) == [second.owner.inputs[1], first.owner.inputs[1]]


def test_views_are_followed_on_request():
    view = pt.specify_shape(first, (4, 3))
    assert write_chain(view).writes == ()
    assert write_chain(view, views=True).writes == (first.owner,)


def test_what_is_written_otherwise_is_written_whole():
    dense = W * 0.9
    assert table_of(dense) is None
    assert rows_written(dense, W) == [dense]


def test_padding_is_no_row():
    rows, summed, _ = sg.coalesce(i, pt.ones_like(W[i]), W.shape[0])
    (written,) = rows_written(sg.inc_subtensor(W[rows], summed / summed), W)
    assert np.array_equal(written.eval({i: [2, 2, 0]}), np.ones((2, 3)))


def test_who_writes_into_what():
    assert writes_into(first.owner, W)
    assert writes_into(second.owner, first)
    assert not writes_into(second.owner, W)
    assert not writes_into(W[i].owner, W)


@pytest.mark.parametrize(
    ("read", "index"),
    [(W[i], i), (W[i, :], i), (W[:, i], None), (W[i, j % 3], None), (W[2:], None), (W[0], None)],
)
def test_the_index_of_rows(read, index):
    assert row_index(read.owner) is index


def test_rows_made_of_the_rows_that_are_chosen():
    chosen = indices_of(W[i].owner)
    assert has_shape_of(2 * W[i] + 1, chosen)
    assert not has_shape_of(2 * W[j] + 1, chosen)
    assert not has_shape_of(pt.dmatrix("x"), chosen)


def test_duplicates_that_are_ignored():
    assert ignores_duplicates(pt.inc_subtensor(W[i], 1.0, ignore_duplicates=True).owner)
    assert not ignores_duplicates(first.owner)
    assert not ignores_duplicates(sg.inc_subtensor(W[2:], 1.0).owner)
