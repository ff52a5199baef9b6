"""`lookups`: which reads of a table a cost makes, and what else of it reaches the cost."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from tests.kinds import KINDS

index = pt.lvector("index")


@pytest.fixture
def W():
    return sg.shared(np.arange(12.0).reshape(6, 2), name="W")


def variables(subset):
    return [read.variable for read in subset.reads]


@pytest.mark.parametrize("name", KINDS)
def test_finds_reads_of_every_kind(name):
    kind = KINDS[name]
    W = sg.shared(np.zeros(kind.shape))
    read = kind.read(W, *kind.inputs())
    subset = sg.lookups((read**2).sum(), W)
    assert subset.table is W
    assert len(subset.reads) == 1
    assert subset.dense == ()


def test_reads_are_in_the_order_of_the_walk_each_once(W):
    first, second = W[index], W[0]
    subset = sg.lookups((first * second).sum() + first.sum(), W)
    assert variables(subset) == [first, second]


def test_reads_of_the_flattened_table(W):
    flat = W.flatten()
    read = flat[index]
    subset = sg.lookups(read.sum() + W[0].sum(), W)
    assert {len(read.chain) for read in subset.reads} == {1}
    assert read in variables(subset)
    assert subset.dense == ()
    dense = sg.lookups(read.sum() + (flat**2).sum(), W)
    assert variables(dense) == [read]
    assert len(dense.dense) == 1


def test_dense_reads_are_named_by_their_nodes(W):
    square = W**2
    subset = sg.lookups(square.sum() + W[index].sum(), W)
    assert subset.dense == (square.owner,)
    assert len(subset.reads) == 1


def test_a_scan_over_the_table_reads_all_of_it(W):
    total = pytensor.scan(
        lambda i, W: W[i].sum(), sequences=index, non_sequences=W, return_updates=False
    ).sum()
    subset = sg.lookups(total, W)
    assert subset.reads == ()
    assert len(subset.dense) == 1


def test_other_tables_do_not_count(W):
    V = sg.shared(np.ones((6, 2)), name="V")
    subset = sg.lookups((W[index] * V[index]).sum() + V.flatten()[0] + V.sum(), W)
    assert len(subset.reads) == 1
    assert subset.dense == ()
    assert sg.lookups(V.sum(), W).reads == ()


def test_a_cost_that_is_a_read_or_the_table(W):
    cost = W[2, 1]
    assert variables(sg.lookups(cost, W)) == [cost]
    w = sg.shared(1.0)
    assert sg.lookups(w, w) == sg.Subset(w, (), ())


def test_the_table_must_be_a_shared_variable():
    with pytest.raises(errors.NotSharedError, match="not a shared variable"):
        sg.lookups(index.sum(), index)
