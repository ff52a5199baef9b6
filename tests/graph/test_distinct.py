"""What counts as distinct, against the entries that an index chooses."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import symgrad as sg
from symgrad.graph.coordinates import unravel
from symgrad.graph.distinct import has_distinct_values, is_distinct
from symgrad.ops.check_index import CheckIndex

SHAPE = (4, 3)


def chosen(index, shape=SHAPE):
    """The numbers of the entries that NumPy chooses."""
    return np.arange(np.prod(shape)).reshape(shape)[index].ravel().tolist()


@st.composite
def constant_indices(draw):
    entries = []
    for size in SHAPE:
        dims = draw(st.sampled_from(["slice", (), (1,), (2,), (3,), (2, 1)]))
        if dims == "slice":
            entries.append(slice(draw(st.integers(-3, 3)), None, draw(st.sampled_from([1, 2, -1]))))
        else:
            n = int(np.prod(dims))
            values = draw(st.lists(st.integers(-size, size - 1), min_size=n, max_size=n))
            entries.append(np.array(values, "int64").reshape(dims))
    return tuple(entries)


@given(constant_indices())
def test_what_counts_as_distinct_chooses_no_entry_twice(index):
    try:
        entries = chosen(index)
    except IndexError:  # shapes that do not broadcast
        return
    constants = tuple(e if isinstance(e, slice) else pt.constant(e) for e in index)
    if is_distinct(constants):
        assert len(entries) == len(set(entries))


@given(st.lists(st.integers(0, 3), max_size=4), st.booleans())
def test_constant_vectors_are_judged_by_their_values(rows, negative):
    rows = np.array(rows, "int64") - 4 * negative
    entries = chosen((rows,))
    assert is_distinct((pt.constant(rows), slice(None))) == (len(entries) == len(set(entries)))


@pytest.mark.parametrize(
    ("index", "distinct"),
    [
        (([0, 1, 2],), True),
        (([0, 1, 1],), False),
        (([0, -1],), False),
        (([0], [1, 1]), False),
        (([[0], [1]], [[1, 1]]), False),
    ],
)
def test_an_index_that_broadcasts_may_repeat(index, distinct):
    constants = tuple(pt.constant(np.array(entry)) for entry in index)
    assert is_distinct((*constants, *[slice(None)] * (3 - len(index)))) is distinct


def test_what_is_distinct_by_the_way_it_was_made():
    index, n = pt.lvector(), pt.lscalar()
    rows, _, _ = sg.coalesce(index, pt.dmatrix(), 5)
    assert is_distinct((pt.lscalar(), slice(None)))
    assert is_distinct((slice(None), slice(None)))
    assert has_distinct_values(pt.arange(n))
    assert has_distinct_values(pt.vector(dtype="bool").nonzero()[0])
    assert has_distinct_values(rows)
    assert has_distinct_values(CheckIndex()(rows, 5, 0))
    assert not has_distinct_values(index)
    assert not has_distinct_values(index + 1)
    assert not has_distinct_values(CheckIndex()(index, 5, 0))


def test_all_coordinates_of_a_mask_are_distinct_together():
    mask, other = pt.matrix(dtype="bool"), pt.matrix(dtype="bool")
    first, second = mask.nonzero()
    assert is_distinct((first, second))
    assert not is_distinct((first, slice(None)))
    assert not is_distinct((first, other.nonzero()[1]))


def test_all_coordinates_of_distinct_numbers_are_distinct_together():
    sizes = [pt.constant(size) for size in (2, 3, 4)]
    numbers, _, _ = sg.coalesce(pt.lvector(), pt.dmatrix(), 24)
    coordinates = unravel(numbers, sizes)
    assert is_distinct(coordinates)
    assert not is_distinct(coordinates[:2])
    assert not is_distinct(unravel(pt.lvector(), sizes))
    mixed = (coordinates[0], *unravel(pt.lvector(), sizes)[1:])
    assert not is_distinct(mixed)
