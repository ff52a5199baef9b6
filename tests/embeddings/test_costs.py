"""Ranking costs and hard negatives against NumPy."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import embeddings
from symgrad.errors import HyperparameterError


def scores(rng, n=6, k=4):
    return rng.normal(size=n) * 3, rng.normal(size=(n, k)) * 3, rng.random((n, k)) < 0.6


def logistic(positive, negative):
    return np.log1p(np.exp(-positive)), np.log1p(np.exp(negative))


@pytest.mark.parametrize("masked", [False, True])
def test_costs_of_scores(backend, masked):
    positive, negative, allowed = scores(np.random.default_rng(1))
    p, n, m = pt.dvector("p"), pt.dmatrix("n"), pt.bmatrix("m")
    mask = m.astype(bool) if masked else None
    f = sg.function(
        [p, n, m],
        [
            embeddings.logistic_cost(p, n, mask),
            embeddings.margin_cost(p, n, 0.7, mask),
        ],
        backend=backend,
        on_unused_input="ignore",
    )
    counted = allowed if masked else np.ones_like(allowed)
    own, others = logistic(positive, negative)
    violation = np.maximum(0, 0.7 - positive[:, None] + negative)
    expected = own + (others * counted).sum(1), (violation * counted).sum(1)
    for computed, value in zip(
        f(positive, negative, allowed.astype("int8")), expected, strict=True
    ):
        np.testing.assert_allclose(computed, value, rtol=1e-6)


def test_logistic_cost_does_not_overflow():
    cost = embeddings.logistic_cost(np.array([-1e4]), np.array([[1e4]])).eval()
    np.testing.assert_allclose(cost, [2e4])


def test_triplet_cost_broadcasts(backend):
    rng = np.random.default_rng(2)
    a, p, n = rng.normal(size=(5, 1, 3)), rng.normal(size=(5, 1, 3)), rng.normal(size=(5, 4, 3))
    vectors = [pt.tensor(name, dtype="float64", shape=(None, 1, None)) for name in "ap"]
    inputs = [*vectors, pt.dtensor3("n")]
    f = sg.function(inputs, embeddings.triplet_cost(*inputs, margin=0.5), backend=backend)
    expected = np.maximum(0, 0.5 + ((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1))
    np.testing.assert_allclose(f(a, p, n), expected)


@pytest.mark.parametrize("masked", [False, True])
def test_hard_negatives(backend, masked):
    positive, pool, allowed = scores(np.random.default_rng(3), k=9)
    allowed[0] = False
    p, c, m = pt.dvector("p"), pt.dmatrix("c"), pt.bmatrix("m")
    chosen = embeddings.hard_negatives(p, c, 3, 0.5, m.astype(bool) if masked else None)
    f = sg.function([p, c, m], list(chosen), backend=backend, on_unused_input="ignore")
    index, violates = f(positive, pool, allowed.astype("int8"))
    usable = np.where(allowed, pool, -np.inf) if masked else pool
    best = np.sort(usable, axis=1)[:, :-4:-1]
    np.testing.assert_array_equal(np.take_along_axis(usable, index, 1), best)
    np.testing.assert_array_equal(violates, best > positive[:, None] - 0.5)
    assert index.dtype == "int64"
    assert not (masked and violates[0].any())


def test_a_pool_must_have_enough_candidates():
    index, _ = embeddings.hard_negatives(np.zeros(2), np.zeros((2, 3)), 4)
    with pytest.raises(AssertionError, match="SpecifyShape"):
        index.eval()


def test_training_on_hard_negatives_touches_only_their_rows(backend):
    """Mining reads the whole pool, the cost and the update only the chosen rows."""
    start = np.random.default_rng(4).normal(size=(12, 3))
    W = sg.shared(start, name="W")
    words, right, pool = pt.lvector("words"), pt.lvector("right"), pt.lmatrix("pool")

    def score(items):
        return pt.sum(W[words][:, None, :] * W[items], axis=-1)

    index, violates = embeddings.hard_negatives(
        score(right[:, None])[:, 0], score(pool), 2, allowed=pt.neq(pool, right[:, None])
    )
    hard = embeddings.picked(pool, index)
    cost = embeddings.margin_cost(score(right[:, None])[:, 0], score(hard), mask=violates).sum()
    updates = sg.sgd(cost, W, learning_rate=0.1, lookups="require")
    f = sg.function([words, right, pool], [cost, hard], updates=updates, backend=backend)
    candidates = np.array([[3, 4, 5, 2, 6], [7, 8, 9, 3, 10]])
    _, chosen = f([0, 1], [2, 3], candidates)
    changed = np.flatnonzero(np.any(W.get_value() != start, axis=1))
    assert set(changed) <= {0, 1, 2, 3, *chosen.ravel()}
    assert len(changed)
    assert 2 not in chosen[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: embeddings.margin_cost(pt.dvector(), pt.dmatrix(), margin=-1),
        lambda: embeddings.margin_cost(pt.dvector(), pt.dvector()),
        lambda: embeddings.logistic_cost(pt.dmatrix(), pt.dmatrix()),
        lambda: embeddings.triplet_cost(pt.dmatrix(), pt.dmatrix(), pt.dmatrix(), margin=-0.1),
        lambda: embeddings.hard_negatives(pt.dvector(), pt.dmatrix(), 0),
        lambda: embeddings.hard_negatives(pt.dvector(), pt.dmatrix(), pt.lscalar()),
        lambda: embeddings.hard_negatives(pt.dvector(), pt.dvector(), 2),
        lambda: embeddings.picked(pt.lmatrix(), pt.lvector()),
    ],
)
def test_costs_refuse(call):
    with pytest.raises(HyperparameterError):
        call()
