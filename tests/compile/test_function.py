"""`sg.function`: the FAQ, and what a graph means, on all backends."""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from tests.compile.steps import table, vector_of_indices, x
from tests.conftest import compile_on

LR = 0.5


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


def test_outputs_come_as_they_were_asked_for(backend):
    W = table()
    for outputs, kind in ((None, type(None)), (W[0], np.ndarray), ([W[0]], list), ([], list)):
        result = sg.function([], outputs, backend=backend)()
        assert isinstance(result, kind)


def test_givens_and_names():
    W, y = table(), pt.lvector("y")
    f = sg.function([y], W[vector_of_indices].sum(), givens={vector_of_indices: y + 1})
    np.testing.assert_allclose(f(y=[0]), W.get_value()[1].sum())


def test_nan_is_a_choice():
    with pytest.raises(errors.HyperparameterError, match="choose one of ignore, skip, raise"):
        sg.function([], nan=True)


def test_audit_is_a_choice():
    with pytest.raises(errors.HyperparameterError, match="choose one of raise, warn, off"):
        sg.function([], audit=True)
