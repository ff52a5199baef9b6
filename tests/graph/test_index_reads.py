"""Indexed reads and writes of every kind, recognised and taken apart."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.graph.index_reads import (
    describe,
    describe_node,
    indices_of,
    is_flattened,
    is_index_read,
    is_index_write,
    read_of,
)
from tests.conftest import evaluated
from tests.kinds import KINDS, VARIETIES

index = pt.lvector("index")


@pytest.fixture
def W():
    return sg.shared(np.arange(12.0).reshape(6, 2), name="W")


@pytest.mark.parametrize("name", KINDS)
def test_a_read_can_be_made_again_from_its_chain(name):
    kind = KINDS[name]
    values = np.arange(np.prod(kind.shape), dtype="float64").reshape(kind.shape)
    table, inputs = sg.shared(values), kind.inputs()
    read = read_of(kind.read(table, *inputs))
    assert read.table is table
    again = table
    for indices in read.chain:
        again = again[indices]
    rng = np.random.default_rng(0)
    drawn = [kind.draw(rng, variety) for variety in VARIETIES]
    for arguments in filter(None, drawn):
        rows = evaluated(again, dict(zip(inputs, arguments, strict=True)))
        np.testing.assert_array_equal(rows, values[kind.index(*arguments)])


def test_what_is_no_read_of_a_table(W):
    assert read_of(W) is None
    assert read_of(W * 2) is None
    assert read_of((W * 2)[index]) is None
    assert read_of(pt.dmatrix()[index]) is None


def test_nested_reads_have_one_tuple_each(W):
    read = read_of(W[index][:, 1][2])
    assert read.table is W
    assert len(read.chain) == 3


def test_reads_and_writes_are_told_apart(W):
    reads = [W[index], W[1], W[1:3], W[index, index], W[pt.vector(dtype="bool")]]
    for read in reads:
        assert is_index_read(read.owner)
        assert not is_index_write(read.owner)
    writes = [pt.set_subtensor(W[index], 1.0), pt.inc_subtensor(W[1:3], 1.0)]
    for write in writes:
        assert is_index_write(write.owner)
        assert not is_index_read(write.owner)
    assert not is_index_read((W + 1).owner)
    assert not is_index_write((W + 1).owner)


def test_indices_are_those_that_were_written(W):
    i, stop = pt.lscalar("i"), pt.lscalar("stop")
    assert indices_of(W[index].owner)[0] is index
    assert indices_of(W[i].owner) == (i,)
    assert indices_of(W[1:stop, ::2].owner) == (slice(1, stop), slice(None, None, 2))
    row, step = indices_of(pt.inc_subtensor(W[3, 0:1], 1.0).owner)
    assert (int(row.data), step) == (3, slice(0, 1))


def test_flattened_tables(W):
    assert is_flattened(W.flatten())
    assert not is_flattened(W.reshape((3, 4)))
    assert not is_flattened((W * 2).flatten())
    assert not is_flattened(W)


def test_variables_in_messages(W):
    unnamed = sg.shared(np.ones(2))
    assert describe(W) == "W"
    assert describe(W[index]) == "W[index]"
    assert describe(W[:, index][2:3]) == "W[:, index][...]"
    assert describe(W[index + 1]) == "W[...]"
    assert describe(unnamed) == f"<unnamed {unnamed.type}>"
    named = W[index]
    named.name = "rows"
    assert describe(named) == "rows"
    assert describe_node((W[index] + W[0]).owner.inputs[0].owner).endswith("(W, index)")
