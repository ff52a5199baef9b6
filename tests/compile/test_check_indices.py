"""Indices are checked, and a call that fails changes nothing."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad import errors
from symgrad.backends import BACKENDS
from tests.compile.steps import table, values, vector_of_indices, x


@pytest.mark.parametrize("repeated", [True, False])
def test_the_set_form_warns_of_repeats_once(repeated, backend):
    W = table()
    subset = W[vector_of_indices]
    update = sg.set_subtensor(subset, subset + x)
    f = sg.function([vector_of_indices, x], updates=[(W, update)], backend=backend)
    before, rows = W.get_value(), [0, 2, -6 if repeated else 1]
    added = np.arange(6.0).reshape(3, 2)
    if repeated:
        with pytest.warns(errors.RepeatedIndexWarning, match="W: the last .* wins.*coalesce"):
            f(rows, added)
    f(rows, added)
    expected = before.copy()
    for _ in range(2 if repeated else 1):
        expected[rows] = expected[rows] + added
    np.testing.assert_allclose(W.get_value(), expected)


def two_tables(backend, rule=sg.adam, **options):
    """Updates of W, V and a dense b; V is read at another index, so it can fail by itself."""
    W, V, b = table(), table(4, name="V"), sg.shared(np.ones(2), name="b")
    i, j = pt.lvector("i"), pt.lvector("j")
    cost = (W[i] * x + b).sum() + (V[j] ** 2).sum()
    updates = rule(cost, [W, V, b], **options)
    return updates, sg.function([i, j, x], cost, updates=updates, backend=backend)


@pytest.mark.parametrize("bad", [4, 100, -5, -(2**40), 2**40])
def test_an_index_out_of_range_is_named_and_changes_nothing(bad, backend):
    updates, f = two_tables(backend)
    f([0, 1], [3], np.ones((2, 2)))
    before = values(updates)
    with pytest.raises(errors.IndexOutOfRangeError) as caught:
        f([0, 1], [0, bad, 3], np.ones((2, 2)))
    assert f"j holds {bad}, but table V has 4 rows: use -4 .. 3" in str(caught.value)
    assert isinstance(caught.value, IndexError)
    for shared, old in before.items():
        assert np.array_equal(shared.get_value(), old), shared
    f([0, 1], [3], np.ones((2, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda W, i: W[i], "i holds 7, but table W has 6 rows"),
        (lambda W, i: W[:, i], "i holds 7, but table W has 2 entries along axis 1"),
        (lambda W, i: W[i, i % 2], "i holds 7, but table W has 6 rows"),
        (lambda W, i: W[i % 6, i], "i holds 7, but table W has 2 entries along axis 1"),
        (lambda W, i: W[i][:, 0:1], "i holds 7, but table W has 6 rows"),
        (lambda W, i: W[i[0]], "the index holds 7, but table W has 6 rows"),
        (lambda W, i: pt.take(W, i + 5), "the index holds (12|6), but table W has (12 ent|6 rows)"),
    ],
    ids=["rows", "columns", "pairs", "pairs of 1", "nested", "scalar", "entries"],
)
def test_every_kind_of_read_is_checked(make, message, backend):
    W, i = table(), pt.lvector("i")
    f = sg.function([i], updates=sg.adagrad((make(W, i) ** 2).sum(), W), backend=backend)
    before = W.get_value()
    with pytest.raises(errors.IndexOutOfRangeError, match=message):
        f([7, 0])
    assert np.array_equal(W.get_value(), before)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8"])
def test_small_integers_do_not_overflow(dtype, backend):
    w, i = sg.shared(np.zeros(300), name="w"), pt.vector("i", dtype=dtype)
    f = sg.function([i], updates=[(w, sg.inc_subtensor(w[i], 1.0))], backend=backend)
    rows = np.array([5, 100] if dtype == "uint8" else [-1, 100], dtype)
    f(rows)
    assert w.get_value().nonzero()[0].tolist() == sorted(int(r) % 300 for r in rows)


def test_a_constant_index_out_of_range(backend):
    W = sg.shared(np.zeros((8, 1)), name="W", shape=(8, 1))
    f = sg.function([], updates=sg.sgd(W[[10, 1]].sum(), W, 1.0), backend=backend)
    with pytest.raises(errors.IndexOutOfRangeError, match="holds 10, but table W has 8 rows"):
        f()
    assert not W.get_value().any()


@pytest.mark.parametrize("backend", ["c", "numba"])
def test_a_mask_of_the_wrong_length(backend):
    W, mask = table(), pt.vector("mask", dtype="bool")
    f = sg.function([mask], updates=sg.sgd(W[mask].sum(), W, 1.0), backend=backend)
    before = W.get_value()
    for wrong in (np.arange(7) == 2, np.ones(7, bool), np.ones(5, bool)):
        with pytest.raises(IndexError, match="mask does not have the length|table W has 6 rows"):
            f(wrong)
    assert np.array_equal(W.get_value(), before)


def test_a_slot_that_lost_the_length_of_its_table(backend):
    W = table()
    updates = sg.adam((W[vector_of_indices] ** 2).sum(), W)
    f = sg.function([vector_of_indices], updates=updates, backend=backend)
    f([0])
    W.set_value(np.ones((9, 2)))
    with pytest.raises(errors.IndexOutOfRangeError, match="m/W has 6 rows.*W, .* has 9"):
        f([8])
    assert (W.get_value() == 1).all()
    for name in ("m/W", "v/W"):
        updates.slots[name].set_value(np.zeros((9, 2)))
    f([8])
    assert (W.get_value()[:8] == 1).all()
    assert (W.get_value()[8] != 1).all()


def test_rows_of_one_table_used_for_another(backend):
    """Coalesced rows are in range of their own table; of another they must be checked."""
    W, V, i = table(), table(4, name="V"), vector_of_indices
    rows, summed, _ = sg.coalesce(i, pt.ones_like(W[i]), W.shape[0])
    f = sg.function([i], updates=[(V, sg.inc_subtensor(V[rows], summed))], backend=backend)
    before = V.get_value()
    with pytest.raises(errors.IndexOutOfRangeError, match="V has 4 rows"):
        f([1, 5])
    assert np.array_equal(V.get_value(), before)


@pytest.mark.parametrize("n_rows", [1, 4])
def test_rows_that_do_not_match_the_index(n_rows, backend):
    """Numba would broadcast a single row in silence."""
    W, V = table(), table(name="V")
    i = vector_of_indices
    updates = [
        (W, sg.inc_subtensor(W[i], 1.0)),
        (V, sg.inc_subtensor(V[i], x)),
    ]
    f = sg.function([i, x], updates=updates, backend=backend)
    before = W.get_value(), V.get_value()
    with pytest.raises(errors.GradientShapeError, match=f"writes {n_rows} rows.*V where .* 3:"):
        f([0, 1, 2], np.ones((n_rows, 2)))
    assert np.array_equal(W.get_value(), before[0])
    assert np.array_equal(V.get_value(), before[1])
    f([0, 1, 2], np.ones((3, 2)))


def test_gradients_that_do_not_match_the_index(backend):
    W, g = table(), pt.dmatrix("g")
    f = sg.function(
        [vector_of_indices, g], updates=sg.adam([g], [W[vector_of_indices]]), backend=backend
    )
    before = W.get_value()
    with pytest.raises(ValueError, match=r"coalesce: .*one (gradient )?row per index"):
        f([0, 1, 2], np.ones((2, 2)))
    assert np.array_equal(W.get_value(), before)


@pytest.mark.parametrize("backend", ["c", "numba"])
def test_work_that_fails_late_changes_nothing(backend):
    """Something that has nothing to do with the tables fails: no write may have come first."""
    from pytensor.raise_op import Assert

    updates, _ = two_tables("c", sg.momentum, learning_rate=0.1)
    flag, y = pt.lscalar("flag"), pt.dvector("y")
    late = pt.exp(Assert("no")(pt.cumsum(y), flag)).sum()
    found = pytensor.graph.traversal.graph_inputs(updates.values())
    inputs = [v for v in found if v.name in ("i", "j", "x")]
    last = sg.shared(0.0, name="last")  # without an ordering, last updates are computed last
    f = sg.function([*inputs, flag, y], updates=[*updates.items(), (last, late)], backend=backend)
    arguments = {"i": [0, 1], "j": [3], "x": np.ones((2, 2)), "y": np.ones(3)}
    before = values(updates)
    with pytest.raises(AssertionError, match="no"):
        f(**arguments, flag=0)
    for shared, old in before.items():
        assert np.array_equal(shared.get_value(), old), shared
    f(**arguments, flag=1)
    assert all(not np.array_equal(s.get_value(), old) for s, old in before.items())


def test_a_slice_of_static_length_may_not_stick_out_on_jax():
    W, a = table(), pt.lscalar("a")
    f = sg.function(
        [a], W[a : a + 3].sum(), updates=sg.sgd(W[a : a + 3].sum(), W, 1.0), backend="jax"
    )
    before = W.get_value()
    for bad in (4, -2):
        with pytest.raises(errors.IndexOutOfRangeError, match="table W has 6 rows"):
            f(bad)
    assert np.array_equal(W.get_value(), before)
    f(3)
    assert np.array_equal(W.get_value()[3:], before[3:] - 1)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 5),
    rows=st.lists(st.integers(-8, 8), max_size=6),
    backend=st.sampled_from(list(BACKENDS)),
)
def test_any_index_is_used_or_refused(n, rows, backend):
    W, f = _shared_function(backend)
    start = np.random.default_rng(n).normal(size=(n, 2))
    W.set_value(start)
    rows = (rows + [0] * 6)[:6]  # one length, so that JAX compiles a few times only
    expected = start.copy()
    if all(-n <= row < n for row in rows):
        f(rows)
        np.add.at(expected, rows, -1.0)
    else:
        with pytest.raises(errors.IndexOutOfRangeError, match=f"table W has {n} rows"):
            f(rows)
    np.testing.assert_allclose(W.get_value(), expected)


_FUNCTIONS = {}


def _shared_function(backend):
    if backend not in _FUNCTIONS:
        W = table()
        updates = sg.sgd(W[vector_of_indices].sum(), W, 1.0, write="set")
        _FUNCTIONS[backend] = W, sg.function([vector_of_indices], updates=updates, backend=backend)
    return _FUNCTIONS[backend]
