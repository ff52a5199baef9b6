"""A place reads, adds and writes the entries that NumPy chooses, for every kind of index."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.cost.place import Place, whole
from symgrad.graph.coordinates import ALL, layout, one_entry_per_axis
from symgrad.graph.index_reads import read_of
from tests.conftest import evaluated
from tests.kinds import KINDS

PLAIN = [name for name in KINDS if name != "nested"]


def place_of(name):
    """The place of a read, its table, and the values of its inputs with their NumPy index."""
    kind = KINDS[name]
    table = sg.shared(np.random.default_rng(0).normal(size=kind.shape))
    inputs = kind.inputs()
    values = kind.draw(np.random.default_rng(1), "unique")
    read = read_of(kind.read(table, *inputs))
    indices = one_entry_per_axis(read.chain[0], len(kind.shape))
    axes, row_dims = layout(indices)
    given = dict(zip(inputs, values, strict=True))
    return Place(indices, axes, row_dims), table, given, kind.index(*values)


@pytest.mark.parametrize("name", PLAIN)
def test_reads_adds_and_writes(name):
    place, table, given, index = place_of(name)
    before = table.get_value()
    block = before[index]
    np.testing.assert_array_equal(evaluated(place.read(table), given), block)
    new = np.random.default_rng(2).normal(size=block.shape)
    after = before.copy()
    after[index] = new
    if "constant vector" not in name:  # its rows repeat
        np.testing.assert_array_equal(evaluated(place.write(table, pt.constant(new)), given), after)
    after = before.copy()
    np.add.at(after, index, new)
    added = evaluated(place.add(table, pt.constant(new)), given)
    np.testing.assert_allclose(added, after, rtol=1e-14)


@pytest.mark.parametrize("name", PLAIN)
def test_numbers_per_row(name):
    place, table, given, index = place_of(name)
    shape = place.row_shape(table.get_value().shape)
    numbers = np.random.default_rng(3).normal(size=shape)
    block = table.get_value()[index]
    of_rows = evaluated(place.of_rows().read(sg.shared(numbers)), given)
    # Every entry of a row of the block meets the number of its row.
    expected = np.broadcast_to(numbers, table.get_value().shape)[index]
    np.testing.assert_array_equal(np.broadcast_to(of_rows, block.shape), expected)
    mean = evaluated(place.row_mean(place.read(table)), given)
    dims = place.row_dims
    np.testing.assert_allclose(mean, block.mean(dims, keepdims=True) if dims else block)


def test_the_whole_of_a_parameter():
    W = sg.shared(np.arange(6.0).reshape(2, 3))
    place = whole(W)
    assert (place.axes, place.row_dims, place.distinct) == ((0,), (1,), True)
    assert place.read(W) is W
    step = pt.dmatrix()
    assert place.write(W, step) is step
    added = evaluated(place.add(W, step), {step: np.ones((2, 3))})
    np.testing.assert_array_equal(added, W.get_value() + 1)
    assert place.row_shape((2, 3)) == (2, 1)
    assert whole(sg.shared(1.0)) == Place((), (), ())


def test_the_key_has_no_full_slices_at_its_end():
    index = pt.lvector()
    assert Place((index, ALL, ALL), (0,), (1, 2)).key == (index,)
    assert Place((ALL, index, ALL), (1,), (0, 2)).key == (ALL, index)
    assert Place((ALL, ALL), (0,), (1,)).key == (ALL,)


def test_parts_of_rows_can_count_as_coordinates():
    index = pt.lvector()
    place = Place((index, slice(1, 3), ALL), (0,), (1, 2)).with_whole_rows()
    assert (place.axes, place.row_dims) == ((0, 1), (2,))
    assert place.row_shape((5, 6, 7)) == (5, 6, 1)
    same = Place((index, ALL), (0,), (1,))
    assert same.with_whole_rows() == same


def test_padding_is_zero():
    block, used = np.ones((3, 2), "float32"), np.array([[True], [True], [False]])
    place = Place((pt.lvector(), ALL), (0,), (1,), used=pt.constant(used))
    only = evaluated(place.only_used(pt.constant(block)))
    assert only.dtype == "float32"
    assert only.tolist() == [[1, 1], [1, 1], [0, 0]]
    variable = pt.dmatrix()
    assert whole(sg.shared(block)).only_used(variable) is variable
