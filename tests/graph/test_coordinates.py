"""Index tuples and coordinates against NumPy's own indexing."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.graph.coordinates import (
    ALL,
    flat,
    layout,
    one_entry_per_axis,
    positions,
    ravel,
    same_indices,
    unravel,
)
from tests.conftest import evaluated

sizes = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)


@st.composite
def coordinates(draw, negative):
    """``(shape, coordinates of five entries)``, negative ones too if asked for."""
    shape = draw(sizes)
    return shape, [
        np.array(draw(st.lists(st.integers(-n if negative else 0, n - 1), min_size=5, max_size=5)))
        for n in shape
    ]


@given(coordinates(negative=False))
def test_ravel_is_that_of_numpy(case):
    shape, values = case
    constants = [pt.constant(value) for value in values]
    number = evaluated(ravel(constants, [pt.constant(size) for size in shape]))
    np.testing.assert_array_equal(number, np.ravel_multi_index(values, shape))


@given(coordinates(negative=True))
def test_negative_coordinates_count_from_the_end(case):
    shape, values = case
    constants = [pt.constant(value) for value in values]
    number = evaluated(ravel(constants, [pt.constant(size) for size in shape]))
    entries = np.arange(np.prod(shape)).reshape(shape)
    # A single coordinate stays as it is.
    number = number % shape[0] if len(shape) == 1 else number
    np.testing.assert_array_equal(number, entries[tuple(values)])


def test_coordinates_outside_of_the_table_raise():
    number = ravel([pt.constant([0, 3]), pt.constant([0, 0])], [pt.constant(3), pt.constant(2)])
    with pytest.raises(IndexError):
        evaluated(number)


@given(sizes)
def test_unravel_is_that_of_numpy(shape):
    numbers = np.arange(np.prod(shape))
    unravelled = unravel(pt.constant(numbers), [pt.constant(size) for size in shape])
    for ours, expected in zip(unravelled, np.unravel_index(numbers, shape), strict=True):
        np.testing.assert_array_equal(evaluated(pt.as_tensor(ours)), expected)


@st.composite
def index_tuples(draw):
    """``(shape, index)``: slices, scalars, vectors and matrices of integers that broadcast."""
    shape = draw(st.lists(st.integers(2, 4), min_size=1, max_size=4).map(tuple))
    index = []
    for size in shape:
        dims = draw(st.sampled_from(["all", "part", (), (3,), (2, 3)]))
        if dims == "all":
            index.append(slice(None))
        elif dims == "part":
            index.append(slice(draw(st.integers(0, 1)), None))
        else:
            n = int(np.prod(dims))
            values = draw(st.lists(st.integers(0, size - 1), min_size=n, max_size=n))
            index.append(np.array(values, "int64").reshape(dims))
    return shape, tuple(index)


@given(index_tuples())
def test_layout_says_where_the_slices_of_a_result_lie(case):
    shape, index = case
    constants = tuple(e if isinstance(e, slice) else pt.constant(e) for e in index)
    axes, row_dims = layout(constants)
    integers = {axis for axis, entry in enumerate(index) if not isinstance(entry, slice)}
    assert integers <= set(axes)
    others = [axis for axis in range(len(shape)) if axis not in axes]
    for axis, dim in zip(others, row_dims, strict=True):
        # The coordinate along this axis of every entry of the result changes with `dim` alone.
        along_axis = np.indices(shape)[axis][index]
        order = [1] * along_axis.ndim
        order[dim] = -1
        expected = np.arange(shape[axis])[index[axis]].reshape(order)
        np.testing.assert_array_equal(along_axis, np.broadcast_to(expected, along_axis.shape))


def test_without_integers_the_parts_are_the_coordinates():
    assert layout((ALL, slice(1, 3), ALL)) == ((1,), (0, 2))
    assert layout((ALL, ALL)) == ((0,), (1,))


def test_masks_become_coordinates_and_missing_axes_slices():
    mask = np.array([[True, False], [True, True], [False, False]])
    first, second, rest = one_entry_per_axis((pt.constant(mask),), 3)
    np.testing.assert_array_equal(evaluated(first), [0, 1, 1])
    np.testing.assert_array_equal(evaluated(second), [0, 0, 1])
    assert rest == ALL
    index = pt.lvector()
    assert one_entry_per_axis((slice(1, 2), index), 4) == (slice(1, 2), index, ALL, ALL)


@given(st.integers(0, 5), st.integers(-6, 6), st.sampled_from([None, 1, 2, -1]))
def test_the_positions_of_a_slice_are_those_it_takes(start, stop, step):
    table = pt.constant(np.zeros((6, 2)))
    entry = slice(start, stop, step)
    np.testing.assert_array_equal(evaluated(positions(table, 0, entry)), np.arange(6)[entry])


def test_the_positions_of_integers_are_the_integers():
    index = pt.lvector()
    assert positions(pt.dmatrix(), 0, index) is index


def test_same_indices():
    i, j = pt.lvector("i"), pt.lvector("j")
    assert same_indices((i, slice(1, 2)), (i, slice(1, 2)))
    assert same_indices((i + 1, slice(i[0], None)), (i + 1, slice(i[0], None)))
    assert not same_indices((i,), (j,))
    assert not same_indices((i,), (i, ALL))
    assert not same_indices((slice(0, 1),), (slice(0, 2),))
    assert not same_indices((i,), (ALL,))


def test_flat_joins_the_first_dimensions():
    x = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(evaluated(flat(pt.constant(x), 2)), x.reshape(6, 4))
    np.testing.assert_array_equal(evaluated(flat(pt.constant(x), 1)), x)
    np.testing.assert_array_equal(evaluated(flat(pt.constant(7), 0)), [7])
