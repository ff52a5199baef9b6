"""`sg.function`: the FAQ, checked indices, failures that change nothing, audits; all backends."""

import gc
import sys
import warnings
import weakref

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad import errors
from symgrad.backends import BACKENDS
from tests.conftest import compile_on
from tests.cost.test_index_kinds import rates

vector_of_indices = pt.lvector("vector_of_indices")
x = pt.dmatrix("x")
LR = 0.5


def table(n=6, d=2, name="W", dtype="float64"):
    return sg.shared(np.random.default_rng(n).normal(size=(n, d)).astype(dtype), name=name)


# --- the FAQ -----------------------------------------------------------------------------------


def faq(form, compile, name="lookup_table"):
    """The FAQ's program, with a descending sign; returns table, function and NumPy oracle."""
    lookup_table = table(name=name)
    subset = lookup_table[vector_of_indices]
    cost = (subset**2 * x).sum()
    g = sg.grad(cost, subset)
    if form == "inc":
        update = sg.inc_subtensor(subset, -LR * g)
    else:
        update = sg.set_subtensor(subset, subset - LR * g)
    f = compile([vector_of_indices, x], cost, updates=[(lookup_table, update)])

    def oracle(values, rows, x):
        values, gradient = values.copy(), 2 * values[rows] * x
        if form == "inc":
            np.add.at(values, rows, -LR * gradient)
        else:
            values[rows] = values[rows] - LR * gradient
        return values

    return lookup_table, f, oracle


INDICES = {
    "unique": [4, 0, 2],
    "repeated": [1, 5, 1, 1],
    "negative": [-1, -6, -2],
    "one": [3],
    "empty": np.zeros(0, "int64"),
}


@pytest.mark.parametrize("form", ["inc", "set"])
def test_the_faq_on_every_backend(form, backend):
    def compile(*args, **options):
        return sg.function(*args, **options, backend=backend)

    lookup_table, f, oracle = faq(form, compile)
    for seed, rows in enumerate(INDICES.values()):
        weights = np.random.default_rng(seed).normal(size=(len(rows), 2))
        before = lookup_table.get_value()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.RepeatedIndexWarning)
            cost = f(rows, weights)
        assert isinstance(cost, np.ndarray)
        np.testing.assert_allclose(cost, (before[rows] ** 2 * weights).sum())
        np.testing.assert_allclose(lookup_table.get_value(), oracle(before, rows, weights))
    assert str(f.audit) == "lookup_table: rows touched"


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "CVM", "NUMBA", "JAX"])
@pytest.mark.parametrize("form", ["inc", "set"])
def test_the_faq_with_plain_pytensor(form, mode):
    def compile(*args, **options):
        return pytensor.function(*args, **options, mode=mode)

    lookup_table, f, oracle = faq(form, compile)
    before, rows = lookup_table.get_value(), [4, 0, -1]
    weights = np.random.default_rng(0).normal(size=(3, 2))
    f(rows, weights)
    after = np.asarray(lookup_table.get_value())
    np.testing.assert_allclose(after, oracle(before, rows, weights))


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "CVM", "NUMBA", "JAX"])
def test_rules_run_with_plain_pytensor(mode):
    W = table()
    start = W.get_value()
    cost = (W[vector_of_indices] * x).sum()
    f = pytensor.function([vector_of_indices, x], updates=sg.adagrad(cost, W), mode=mode)
    f([1, -5, 3, 3], np.ones((4, 2)))
    expected = start.copy()
    expected[[1, 3]] -= 2 / np.sqrt(4 + 1e-6)
    np.testing.assert_allclose(np.asarray(W.get_value()), expected)


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


@pytest.mark.parametrize(
    "spell",
    [
        lambda s, y: sg.set_subtensor(s, s + y),
        lambda s, y: sg.set_subtensor(s, y + s),
        lambda s, y: sg.set_subtensor(s, s - y),
        lambda s, y: sg.set_subtensor(s, 0.9 * s + y),
        lambda s, y: sg.set_subtensor(s, s + 2 * (-y)),
    ],
)
@pytest.mark.filterwarnings("ignore::symgrad.errors.RepeatedIndexWarning")
def test_a_set_with_repeats_means_what_numpy_means(spell, backend):
    values = np.zeros((3, 1))
    W = sg.shared(values, name="W")
    subset = W[vector_of_indices]
    f = sg.function([vector_of_indices, x], updates=[(W, spell(subset, x))], backend=backend)
    unoptimised = sg.shared(values, name="W")
    subset = unoptimised[vector_of_indices]
    g = compile_on("unoptimised", [vector_of_indices, x], updates=[(unoptimised, spell(subset, x))])
    for h in (f, g):
        h([0, 1, 0], [[1.0], [10.0], [100.0]])
    assert np.array_equal(W.get_value(), unoptimised.get_value())


def test_constants_of_single_precision_keep_their_value(backend):
    t, row = pt.dscalar("t"), pt.dvector("row")
    beta, factor = np.float32(0.999), np.float32(0.9)
    f = sg.function([row, t], factor * row / (1 - beta**t), backend=backend)
    expected = float(factor) * 2.0 / (1 - float(beta) ** 3)
    np.testing.assert_allclose(f([2.0], 3.0), [expected], rtol=1e-12)


def test_a_set_with_repeats_inside_a_scan_keeps_its_last_row(backend):
    def step(row, h):
        return pt.set_subtensor(h[[0, 0]], h[[0, 0]] + pt.stack([row, 2 * row]))

    rows, start = pt.matrix("rows"), pt.matrix("start")
    states = pytensor.scan(step, rows, start, return_updates=False)
    f = sg.function([rows, start], states[-1], backend=backend)
    assert f(np.ones((2, 3)), np.zeros((2, 3))).tolist() == [[4.0] * 3, [0.0] * 3]


@pytest.mark.filterwarnings("ignore::symgrad.errors.RepeatedIndexWarning")
def test_a_read_after_a_set_sees_what_was_written(backend):
    W = sg.shared(np.zeros((3, 1)), name="W")
    new = sg.set_subtensor(W[vector_of_indices], x)
    f = sg.function(
        [vector_of_indices, x], new[vector_of_indices], updates=[(W, new)], backend=backend
    )
    assert f([0, 1, 0], [[1.0], [10.0], [100.0]]).ravel().tolist() == [100, 10, 100]


# --- indices are checked, and a failing call changes nothing ----------------------------------


def two_tables(backend, rule=sg.adam, **options):
    """Updates of W, V and a dense b; V is read at another index, so it can fail by itself."""
    W, V, b = table(), table(4, name="V"), sg.shared(np.ones(2), name="b")
    i, j = pt.lvector("i"), pt.lvector("j")
    cost = (W[i] * x + b).sum() + (V[j] ** 2).sum()
    updates = rule(cost, [W, V, b], **options)
    return updates, sg.function([i, j, x], cost, updates=updates, backend=backend)


def values(updates):
    return {shared: np.array(shared.get_value()) for shared in updates}


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
        with pytest.raises(IndexError, match="mask has not the length|table W has 6 rows"):
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


# --- NaN and infinity ---------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_nan_reaches_a_table_or_a_slot(bad, backend):
    for nan in ("raise", "skip", "ignore"):
        W, b = table(), sg.shared(np.zeros(2), name="b")
        cost = ((W[vector_of_indices] + b) * x).sum()
        updates = sg.adam(cost, [W, b], learning_rate=0.1)
        f = sg.function([vector_of_indices, x], cost, updates=updates, backend=backend, nan=nan)
        f([0, 1, 1], np.ones((3, 2)))
        before = values(updates)
        broken = np.array([[1.0, 1.0], [bad, 1.0], [1.0, 1.0]])
        if nan == "raise":
            with pytest.raises(errors.NotFiniteError, match="update of .* holds NaN or infinity"):
                f([2, 0, 2], broken)
        else:
            f([2, 0, 2], broken)
        same = all(np.array_equal(s.get_value(), old) for s, old in before.items())
        assert same == (nan != "ignore")
        f([0, 1, 1], np.ones((3, 2)))
        assert str(f.audit).startswith("W: rows touched\nm/W: rows touched")
        if nan != "ignore":
            assert all(np.isfinite(s.get_value()).all() for s in updates)
            assert int(updates.slots["t"].get_value()) == 2


def test_empty_slots_of_jax_hold_no_nan(backend):
    """Without epsilon a slot that is no row is 0 / 0: nobody's step."""
    W = table()
    updates = sg.adagrad((W[vector_of_indices] ** 2).sum(), W, epsilon=0)
    f = sg.function([vector_of_indices], updates=updates, backend=backend, nan="raise")
    f([1, 1, 1])
    assert np.isfinite(W.get_value()).all()


# --- NumPy at the edges -------------------------------------------------------------------------


def test_a_table_goes_from_backend_to_backend():
    W = table(dtype="float32")
    updates = sg.adam((W[vector_of_indices] ** 2).sum(), W, learning_rate=0.1)
    cost = (W[vector_of_indices] ** 2).sum()
    fs = {b: sg.function([vector_of_indices], cost, updates=updates, backend=b) for b in BACKENDS}
    reference = table(dtype="float32")
    same = sg.adam((reference[vector_of_indices] ** 2).sum(), reference, learning_rate=0.1)
    g = compile_on("unoptimised", [vector_of_indices], updates=same)
    for b in ("jax", "c", "jax", "numba", "c", "jax", "jax"):
        assert type(fs[b]([0, 3, 3])) is np.ndarray
        g([0, 3, 3])
    assert int(updates.slots["t"].get_value()) == 7
    for shared, other in zip(updates, same, strict=True):
        value = shared.get_value()
        assert type(value) is np.ndarray
        assert value.dtype == other.get_value().dtype
        np.testing.assert_allclose(value, other.get_value(), rtol=2e-5)


def test_the_users_array_is_never_written(backend):
    mine = np.ones((4, 2))
    W = sg.shared(np.zeros((4, 2)), name="W")
    f = sg.function(
        [vector_of_indices], updates=sg.sgd(W[vector_of_indices].sum(), W, 1.0), backend=backend
    )
    W.set_value(mine)
    f([0]), f([0])
    assert (mine == 1).all()
    kept = W.get_value()
    f([1])
    assert kept[1, 0] == 1
    assert W.get_value()[1, 0] == 0
    kept[:] = 7
    assert W.get_value()[1, 0] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_survive(dtype, backend):
    W = table(dtype=dtype)
    updates = sg.adam(W[vector_of_indices].mean(), W, learning_rate=0.1)
    f = sg.function([vector_of_indices], W[vector_of_indices], updates=updates, backend=backend)
    assert f([0, 2]).dtype == dtype
    assert {s.get_value().dtype.name for s in updates} == {dtype, "int64"}


def test_jax_keeps_float64_whatever_floatx_is():
    with pytensor.config.change_flags(floatX="float32"):
        W = table(dtype="float64")
        updates = sg.adam(W[vector_of_indices].sum(), W)
        f = sg.function([vector_of_indices], updates=updates, backend="jax")
        f([0])
        assert W.get_value().dtype == "float64"
        assert updates.slots["t"].get_value().dtype == "int64"


def test_two_shareds_over_one_array(backend):
    array = np.ones((4, 2))
    a = sg.shared(array, name="a", borrow=True)
    b = sg.shared(array, name="b", borrow=True)
    updates = sg.sgd(a[vector_of_indices].sum() + b.sum(), [a, b], 1.0)
    with pytest.raises(errors.SharedArrayError, match="a and b live on one array"):
        sg.function([vector_of_indices], updates=updates, backend=backend)
    b.set_value(array.copy(), borrow=True)
    f = sg.function([vector_of_indices], updates=updates, backend=backend)
    if backend != "jax":  # JAX copies to the device what it is given
        b.set_value(a.get_value(borrow=True), borrow=True)
        with pytest.raises(errors.SharedArrayError, match="live on one array"):
            f([0])


# --- updates that cannot be meant ----------------------------------------------------------------


class TestMistakes:
    def test_a_forgotten_write(self):
        W = table()
        subset = W[vector_of_indices]
        for new in (subset - 0.1 * sg.grad(subset.sum(), subset), -subset, 2 * subset + x):
            words = r"shape of the subset W\[vector_of_indices\].*shrink.*inc_subtensor"
            with pytest.raises(errors.MissingWriteError, match=words):
                sg.function([vector_of_indices, x], updates=[(W, new)], on_unused_input="ignore")

    def test_what_only_looks_like_one(self):
        W = table()
        subset = W[[0, 1, 2, 3, 4, 5]]
        updates = [(W, sg.inc_subtensor(subset, 1.0) * 2)]
        assert sg.function([], updates=updates, audit="off")

    def test_a_non_shared(self):
        W = table()
        with pytest.raises(errors.NotSharedError, match="not a shared variable"):
            sg.function([x], updates=[(x, x + 1)])
        with pytest.raises(errors.NotSharedError, match=r"write \(W, inc_subtensor\(W\[index\]"):
            sg.function([vector_of_indices], updates={W[vector_of_indices]: x})

    def test_another_dtype(self):
        W = table(dtype="float32")
        with pytest.raises(errors.DtypeMismatchError, match="W.*astype.'float32'"):
            sg.function([], updates=[(W, W * np.ones((6, 2)))])
        with pytest.raises(errors.DtypeMismatchError, match="update of W is"):
            sg.function([], updates=[(W, W.sum(axis=0))])

    def test_two_updates(self):
        W = table()
        with pytest.raises(errors.DuplicateUpdateError, match="W is given two updates"):
            sg.function([], updates=[(W, W + 1), (W, W + 2)])

    def test_backends(self, monkeypatch):
        with pytest.raises(errors.BackendError, match="choose one of c, numba, jax"):
            sg.function([], backend="tpu")
        monkeypatch.setattr("symgrad.backends.find_spec", lambda name: None)
        with pytest.raises(errors.BackendError, match="pip install jax"):
            sg.function([], backend="jax")
        no_compiler = pytensor.config.change_flags(cxx="")
        with no_compiler, pytest.raises(errors.BackendError, match="install g\\+\\+"):
            sg.function([], backend="c")

    def test_nan_is_a_choice(self):
        with pytest.raises(errors.HyperparameterError, match="choose one of ignore, skip, raise"):
            sg.function([], nan=True)

    def test_audit_is_a_choice(self):
        with pytest.raises(errors.HyperparameterError, match="choose one of raise, warn, off"):
            sg.function([], audit=True)


# --- the audit -----------------------------------------------------------------------------------


def bad_graphs():
    """Graphs that read W by index, and copy or sweep it all the same."""
    W = table()
    i = vector_of_indices
    subset = W[i]
    inc = sg.inc_subtensor(subset, 1.0)
    limit = sg.set_subtensor(inc[i], pt.clip(inc[i], -1, 1))
    return W, {
        "dense gradient": ([], [(W, W - pytensor.grad((subset**2).sum(), W))]),
        "dense decay": ([], [(W, sg.inc_subtensor((W * 0.99)[i], 1.0))]),
        "clip all": ([], [(W, pt.clip(inc, -1, 1))]),
        "old table returned": ([W], [(W, inc)]),
        "new table returned": ([inc], [(W, inc)]),
        "dense cost": ([W.sum() + subset.sum()], [(W, inc)]),
        "where": ([], [(W, pt.where(pt.gt(i.sum(), 3), inc, W))]),
        "write of a write": ([], [(W, limit)]),
    }


@pytest.mark.parametrize("case", bad_graphs()[1])
def test_the_audit_names_what_is_not_rows(case, backend):
    _W, graphs = bad_graphs()
    outputs, updates = graphs[case]
    if case == "write of a write" and backend != "numba":
        pytest.skip("both writes are in place")
    with pytest.raises(errors.AuditError, match=r"W: table (copied|swept) by \S.*\n.*Read W only"):
        sg.function([vector_of_indices], outputs, updates=updates, backend=backend)
    with pytest.warns(UserWarning, match="W: table (copied|swept)"):
        sg.function([vector_of_indices], outputs, updates=updates, backend=backend, audit="warn")


def good_graphs():
    W, V = table(), table(name="V")
    i, j = vector_of_indices, vector_of_indices + 1
    a, b = W[i], W[j]
    chained = sg.inc_subtensor(sg.inc_subtensor(a, 1.0)[j], 2.0)
    rows = pt.clip(a + 1, -1, 1)
    return W, {
        "inc": ([a.sum()], [(W, sg.inc_subtensor(a, 1.0))]),
        "rows returned": ([a], [(W, sg.inc_subtensor(a, 1.0))]),
        "other rows read": ([b.sum()], [(W, sg.inc_subtensor(a, 1.0))]),
        "two chained": ([], [(W, chained)]),
        "set of rows": ([], [(W, sg.set_subtensor(W[i[0]], rows[0]))]),
        "frozen table": ([V[i].sum()], []),
        "slice": ([W[2:4].sum()], [(W, sg.inc_subtensor(W[2:4], 1.0))]),
        "columns": ([W[:, i % 2].sum()], [(W, sg.inc_subtensor(W[:, i % 2], 1.0))]),
    }


@pytest.mark.parametrize("case", good_graphs()[1])
def test_the_audit_lets_rows_pass(case, backend):
    _W, graphs = good_graphs()
    outputs, updates = graphs[case]
    f = sg.function(
        [vector_of_indices], outputs, updates=updates, backend=backend, on_unused_input="ignore"
    )
    assert all(cost.kind == "rows" for cost in f.audit.costs)
    f([0, 3])


def test_the_audit_of_no_table():
    b = sg.shared(1.0, name="b")
    f = sg.function([], updates=[(b, b + 1)])
    assert str(f.audit) == "no table is read by index"


@pytest.mark.parametrize("rule", sorted(sg.RULES))
def test_no_node_of_a_step_is_as_large_as_the_table(rule, monkeypatch):
    """Run the compiled step node by node and look at the size of what each makes."""
    from pytensor.compile.mode import Mode
    from pytensor.link.vm import VMLinker

    from symgrad.backends import mode_of

    n, sizes = 1000, []

    def look(node, thunk, **_):
        if not node.op.destroy_map and not node.op.view_map:
            sizes.extend(np.size(storage[0]) for storage in thunk.outputs)

    linker = VMLinker(callback=look, use_cloop=False)
    mode = Mode(linker, mode_of("c").provided_optimizer)
    monkeypatch.setattr(sys.modules["symgrad.compile.function"], "mode_of", lambda backend: mode)
    W = sg.shared(np.zeros((n, 2)), name="W")
    updates = sg.RULES[rule]((W[vector_of_indices] ** 2).sum(), W, **rates(rule))
    sg.function([vector_of_indices], updates=updates, backend="c")([1, 2, 2])
    assert sizes
    assert max(sizes) < n


# --- JAX ----------------------------------------------------------------------------------------


def traces(f):
    return f.compiled.vm.jit_fn._cache_size()


@pytest.mark.parametrize("rule", [sg.sgd, sg.adagrad, sg.adam])
def test_jax_compiles_once_for_one_shape(rule):
    W = table(dtype="float32")
    updates = rule((W[vector_of_indices] ** 2).sum(), W, learning_rate=0.1)
    f = sg.function([vector_of_indices], updates=updates, backend="jax")
    f([0, 3])  # the tables come from NumPy
    f([3, 3])  # and now from the call before
    W.set_value(2 * W.get_value())
    f(np.array([-1, 0]))
    assert traces(f) == 1
    f([1])
    assert traces(f) == 2


def test_jax_says_when_it_compiles_for_ever_new_shapes():
    W = table()
    f = sg.function([vector_of_indices], W[vector_of_indices], backend="jax")
    with pytest.warns(errors.RetraceWarning, match="5 shapes.*one length: pad"):
        for n in range(1, 6):
            f([0] * n)
    f([0] * 9)


def test_jax_donates_the_tables():
    W = sg.shared(np.zeros((1000, 8), "float32"), name="W")
    updates = sg.adam((W[vector_of_indices] ** 2).sum(), W)
    f = sg.function([vector_of_indices], updates=updates, backend="jax")
    f([0, 1])
    arrays = {s: s.container.storage[0] for s in updates if s.type.ndim}
    assert len(arrays) == 3
    assert all(not isinstance(a, np.ndarray) for a in arrays.values())
    pointers = {s: a.unsafe_buffer_pointer() for s, a in arrays.items()}
    f([2, 1])
    for shared, array in arrays.items():
        assert array.is_deleted()
        assert shared.container.storage[0].unsafe_buffer_pointer() == pointers[shared]


def adagrad_by_hand(W):
    """What is added to `sums` is not made of what is read of it."""
    sums = sg.shared(np.ones((5000, 8), "float32"), name="sums")
    rows = W[vector_of_indices]
    step = 2 * rows + 1
    new = sums[vector_of_indices] + step**2
    return [
        (sums, pt.inc_subtensor(sums[vector_of_indices], step**2)),
        (W, pt.inc_subtensor(rows, -step / pt.sqrt(new))),
    ]


def adam(W):
    return sg.adam((W[vector_of_indices] ** 2).sum(), W)


@pytest.mark.parametrize(("updates", "n_tables"), [(adam, 3), (adagrad_by_hand, 2)])
def test_xla_needs_no_second_table(updates, n_tables):
    from symgrad.backends.xla.linker import float64

    W = sg.shared(np.zeros((5000, 8), "float32"), name="W")
    f = sg.function([vector_of_indices], updates=updates(W), backend="jax")
    f([0, 1])
    fgraph = f.compiled.maker.fgraph
    shared = iter(s.container.storage[0] for s in f.compiled.get_shared())
    given = [
        next(shared) if spec.implicit else np.array([0, 1]) for spec in f.compiled.maker.inputs
    ]
    assert len(given) == len(fgraph.inputs)
    with float64():
        memory = f.compiled.vm.jit_fn.lower(*given).compile().memory_analysis()
    n_bytes = W.get_value().nbytes
    assert memory.alias_size_in_bytes >= n_tables * n_bytes
    assert memory.temp_size_in_bytes < n_bytes / 10


def test_infinite_and_missing_numbers_are_written_as_they_are(backend):
    W = sg.shared(np.array([[np.inf], [np.nan], [-np.inf], [1.0]]), name="W")
    sums = sg.shared(np.zeros((4, 1)), name="sums")
    rows = W[vector_of_indices]
    f = sg.function(
        [vector_of_indices],
        updates=[
            (W, pt.inc_subtensor(rows, 2.0)),
            (sums, pt.set_subtensor(sums[vector_of_indices], rows)),
        ],
        backend=backend,
    )
    f([3, 0, 2, 1])
    np.testing.assert_array_equal(W.get_value().ravel(), [np.inf, np.nan, -np.inf, 3.0])
    np.testing.assert_array_equal(sums.get_value().ravel(), [np.inf, np.nan, -np.inf, 1.0])


def test_tables_on_the_device_leave_the_memory_here():
    W = sg.shared(np.zeros((5, 2)), name="W")
    f = sg.function(
        [vector_of_indices], updates=sg.sgd(W[vector_of_indices].sum(), W, 1.0), backend="jax"
    )
    here = weakref.ref(W.container.storage[0])
    f([0])
    gc.collect()
    assert here() is None


@pytest.mark.parametrize(
    "graph",
    [
        lambda W, i, a, m: W[a : i[0]],
        lambda W, i, a, m: W[m],
        lambda W, i, a, m: W[m.nonzero()],
        lambda W, i, a, m: pt.split(W[i], pt.stack([a, i.shape[0] - a]), n_splits=2)[0] ** 2,
    ],
    ids=["slice", "mask", "nonzero", "split"],
)
def test_what_jax_cannot_express_is_said_when_compiling(graph):
    W, a, m = table(), pt.lscalar("a"), pt.vector("m", dtype="bool")
    subset = graph(W, vector_of_indices, a, m)
    with pytest.raises(errors.BackendError, match="JAX (needs|cannot).*use backend='c' or"):
        sg.function(
            [vector_of_indices, a, m],
            updates=sg.sgd(subset.sum(), W, 1.0),
            backend="jax",
            on_unused_input="ignore",
        )


@pytest.mark.parametrize(
    "cost",
    [
        lambda a, b, i: (a * i[:, None] + b).sum(),
        lambda a, b, i: a.sum() + b.sum(),
        lambda a, b, i: (a * b).sum() + (a**2).sum(),
    ],
)
@pytest.mark.parametrize("same", [True, False])
def test_two_reads_with_like_gradients(cost, same, backend):
    """PyTensor makes a tile of a join of equal parts, whose shape JAX would not know."""
    results = []
    for unused in ("keep", "decay"):
        W, i, j = table(), pt.lvector("i"), pt.lvector("j")
        a, b = W[i], W[i if same else j]
        updates = sg.adagrad(cost(a, b, i), W, unused=unused)
        f = sg.function([i, j], updates=updates, backend=backend, on_unused_input="ignore")
        f([0, 2, 2], [2, 1, 5])
        results.append(W.get_value())
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_concatenated_rows_on_every_backend(backend):
    W, i, j = table(), pt.lvector("i"), pt.lvector("j")
    start = W.get_value()
    joined = pt.concatenate([W[i], W[j], W[[0, 1]]])
    f = sg.function([i, j], updates=sg.sgd((joined**2).sum() / 2, W, 1.0), backend=backend)
    f([4], [5, 4])
    gradient = np.zeros_like(start)
    np.add.at(gradient, [4, 5, 4, 0, 1], start[[4, 5, 4, 0, 1]])
    np.testing.assert_allclose(W.get_value(), start - gradient)


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


# --- the rest -----------------------------------------------------------------------------------


def test_outputs_come_as_they_were_asked_for(backend):
    W = table()
    for outputs, kind in ((None, type(None)), (W[0], np.ndarray), ([W[0]], list), ([], list)):
        result = sg.function([], outputs, backend=backend)()
        assert isinstance(result, kind)


def test_givens_and_names():
    W, y = table(), pt.lvector("y")
    f = sg.function([y], W[vector_of_indices].sum(), givens={vector_of_indices: y + 1})
    np.testing.assert_allclose(f(y=[0]), W.get_value()[1].sum())


def test_a_default_backend_without_a_compiler(monkeypatch):
    from symgrad import backends

    backends._default.cache_clear()
    with pytensor.config.change_flags(cxx=""):
        assert backends.choose(None) == "numba"
    backends._default.cache_clear()
    assert backends.choose(None) == "c"


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 5),
    rows=st.lists(st.integers(-8, 8), max_size=6),
    backend=st.sampled_from(BACKENDS),
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
