"""Joined reads against additions in NumPy, entry by entry."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad.cost.join import distinct_place, joined_place, spread
from symgrad.graph.index_reads import read_of
from tests.conftest import evaluated
from tests.kinds import KINDS, VARIETIES


def cases(kind):
    """Values of the inputs of a kind, for each variety that it has."""
    rng = np.random.default_rng(0)
    return [values for variety in VARIETIES if (values := kind.draw(rng, variety)) is not None]


def check(table, reads, gradients, given, expected):
    """Adding the joined gradient to zeros gives the gradient of the table."""
    zeros = pt.zeros(table.get_value().shape)
    place, gradient = distinct_place(reads, gradients)
    added = evaluated(place.add(zeros, gradient), given)
    np.testing.assert_allclose(added, expected, atol=1e-12)
    if place.distinct:  # then a write does the same
        written = evaluated(place.write(zeros, gradient), given)
        np.testing.assert_allclose(written, expected, atol=1e-12)
    joined = joined_place(reads, gradients)
    if joined is not None:
        place, gradient = joined
        added = evaluated(place.add(zeros, gradient), given)
        np.testing.assert_allclose(added, expected, atol=1e-12)
    return joined


@pytest.mark.parametrize("name", KINDS)
def test_a_read_of_every_kind(name):
    kind = KINDS[name]
    table, inputs = sg.shared(np.zeros(kind.shape)), kind.inputs()
    variable = kind.read(table, *inputs)
    gradient = variable.type("gradient")
    for values in cases(kind):
        index = kind.index(*values)
        value = np.random.default_rng(1).normal(size=np.zeros(kind.shape)[index].shape)
        expected = np.zeros(kind.shape)
        np.add.at(expected, index, value)
        given = {**dict(zip(inputs, values, strict=True)), gradient: value}
        check(table, [read_of(variable)], [gradient], given, expected)


i, j = pt.lvector("i"), pt.lvector("j")
READS = {
    "rows": (lambda W: W[i], lambda a, b: (a,)),
    "other rows": (lambda W: W[j], lambda a, b: (b,)),
    "a row": (lambda W: W[i[0]], lambda a, b: (a[0],)),
    "columns": (lambda W: W[:, j], lambda a, b: (slice(None), b)),
    "entries": (lambda W: W[i, j], lambda a, b: (a, b)),
    "parts of rows": (lambda W: W[i, 1:], lambda a, b: (a, slice(1, None))),
    "a matrix of rows": (lambda W: W[i[:, None]], lambda a, b: (a[:, None],)),
}
ROWS = {"rows", "other rows", "a row", "a matrix of rows"}


@settings(max_examples=25)
@given(st.lists(st.sampled_from(list(READS)), min_size=2, max_size=3), st.data())
def test_reads_of_all_kinds_meet(names, data):
    coordinates = st.lists(st.integers(-3, 2), min_size=3, max_size=3).map(np.array)
    a, b = data.draw(coordinates), data.draw(coordinates)
    table = sg.shared(np.zeros((3, 3)))
    rng = np.random.default_rng(0)
    reads, gradients, given, expected = [], [], {i: a, j: b}, np.zeros((3, 3))
    for name in names:
        read, index = READS[name]
        variable = read(table)
        gradient = variable.type()
        given[gradient] = rng.normal(size=np.zeros((3, 3))[index(a, b)].shape)
        np.add.at(expected, index(a, b), given[gradient])
        reads.append(read_of(variable))
        gradients.append(gradient)
    joined = check(table, reads, gradients, given, expected)
    of_one_kind = len(set(names)) == 1 and "entries" not in names
    assert (joined is not None) == (of_one_kind or set(names) <= ROWS)


def test_equal_indices_are_joined_once():
    table = sg.shared(np.zeros((4, 2)))
    reads = [read_of(table[i]), read_of(table[i])]
    place, _ = joined_place(reads, [pt.dmatrix(), pt.dmatrix()])
    assert place.indices[0] is i


def test_distinct_reads_are_not_coalesced():
    table, gradient = sg.shared(np.zeros((4, 2))), pt.dmatrix()
    place, same = distinct_place([read_of(table[1:3])], [gradient])
    assert same is gradient
    assert place.distinct
    assert place.used is None


@pytest.mark.parametrize("name", KINDS)
def test_reads_are_functions_of_the_distinct_rows(name):
    kind = KINDS[name]
    values = np.random.default_rng(2).normal(size=kind.shape)
    table, inputs = sg.shared(values), kind.inputs()
    read = read_of(kind.read(table, *inputs))
    spread_rows = spread([read])
    for arguments in cases(kind):
        given = dict(zip(inputs, arguments, strict=True))
        rows = evaluated(spread_rows.place.read(table), given)
        of_rows = evaluated(spread_rows.reads[read.variable], {**given, spread_rows.rows: rows})
        np.testing.assert_allclose(of_rows, values[kind.index(*arguments)])
