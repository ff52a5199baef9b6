"""Tables for a vocabulary, and rows that move to another vocabulary with their slots."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import embeddings
from symgrad.errors import HyperparameterError
from tests.reference.make_vector_goldens import FOLDER

VALUES = np.load(FOLDER / "vectors.npy")


def test_pretrained_vectors_find_their_rows():
    words = ["new", "river", "other", "the"]
    with embeddings.stream_vectors(FOLDER / "word2vec.bin", "word2vec-binary") as (dim, pairs):
        table, found = embeddings.pretrained_table(words, pairs, dim, seed=1)
    assert table.dtype == "float32"
    assert found.tolist() == [False, True, False, True]
    np.testing.assert_array_equal(table[found], VALUES[[1, 0]])
    assert np.all(np.isfinite(table))
    assert np.all(table[~found] != 0)


def test_new_rows_have_the_spread_of_the_known():
    known = np.random.default_rng(0).normal(0, 0.3, (500, 8))
    words = [str(k) for k in range(1000)]
    table, _ = embeddings.pretrained_table(words, zip(words, known, strict=False), 8)
    np.testing.assert_allclose(table[500:].std(), 0.3, rtol=0.05)
    table, found = embeddings.pretrained_table(words, [], 8)
    assert not found.any()
    np.testing.assert_allclose(table.std(), 0.01, rtol=0.05)


def test_frozen_rows_stay(backend):
    table, found = embeddings.pretrained_table(["a", "b", "c"], [("b", [1.0, 2.0])], 2)
    W, index = sg.shared(table, name="W"), pt.lvector("index")
    updates = sg.adam((W[index] ** 2).sum(), W, mask=~found[:, None])
    step = sg.function([index], updates=updates, backend=backend)
    step([0, 1, 1])
    after = W.get_value()
    assert (after != table).any(axis=1).tolist() == [True, False, False]
    assert updates.slots["m/W"].get_value().any(axis=1).tolist() == [True, False, False]


def test_origins():
    old, new = ["a", "b", "c"], ["c", "x", "a"]
    assert embeddings.origins(old, new).tolist() == [2, -1, 0]
    assert embeddings.origins([], ["a"]).tolist() == [-1]
    assert embeddings.origins(["a"], []).dtype == "int64"


CLOCKED = ["adam", "adamax", "amsgrad", "adamw", "nadam", "radam", "adam_decayed"]
MOVED = [(rule, "call") for rule in sg.RULES if rule != "sgd"] + [(rule, "row") for rule in CLOCKED]


def run(rule, values, indices, counter="call", backend=None):
    """A table, its updates and its step, after the given calls."""
    W, index = sg.shared(values.copy(), name="W"), pt.lvector("index")
    updates = sg.RULES[rule](pt.sum(W[index] ** 3), W, learning_rate=0.05, counter=counter)
    step = sg.function([index], updates=updates, backend=backend)
    for rows in indices:
        step(rows)
    return W, updates, step


@pytest.mark.parametrize(("rule", "counter"), MOVED)
def test_slots_move_along(rule, counter):
    """Training, moving and training on is training on the moved rows from the start."""
    values = np.random.default_rng(5).normal(size=(4, 2))
    origin = np.array([3, -1, 1, 0, -1])
    new = np.full((2, 2), 0.5)
    W, updates, step = run(rule, values, [[0, 1], [1, 3, 3], [0, 2]], counter)
    starts = {"rprop": {"step_size": 0.05}, "ftrl": {"accumulator": 0.1}}.get(rule)
    embeddings.move_rows(W, origin, updates, initial=lambda n, dim: new, starts=starts)
    step([0, 1, 2])

    moved = np.where(origin[:, None] >= 0, values[origin], 0.5)
    moved = np.concatenate([moved, values[2:3]])  # the row that was left out is the last one here
    expected, slots, _ = run(rule, moved, [[3, 2], [2, 0, 0], [3, 5], [0, 1, 2]], counter)
    np.testing.assert_allclose(W.get_value(), expected.get_value()[:5], rtol=1e-12)
    for name, slot in updates.slots.items():
        other = slots.slots[name].get_value()
        np.testing.assert_allclose(slot.get_value(), other[:5] if slot.ndim else other, rtol=1e-12)
        assert slot.get_value().dtype == other.dtype


def test_compiled_functions_go_on_after_growing(backend):
    W, updates, step = run("adagrad", np.ones((2, 2)), [[1]], backend=backend)
    embeddings.move_rows(W, [0, 1, -1], updates, initial=lambda n, dim: np.ones((n, dim)))
    step([2, -3])
    after = W.get_value()
    np.testing.assert_allclose(after, np.full((3, 2), after[0, 0]))
    with pytest.raises(IndexError):
        step([3])


def test_without_updates_only_the_table_moves():
    W = sg.shared(np.arange(6.0).reshape(3, 2))
    embeddings.move_rows(W, [2, 0])
    assert W.get_value().tolist() == [[4, 5], [0, 1]]
    embeddings.move_rows(W, [-1, 0, 0])
    assert W.get_value()[1:].tolist() == [[4, 5], [4, 5]]


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
@pytest.mark.parametrize("rule", ["adagrad", "rowwise_adagrad"])
def test_rows_of_any_shape_move(rule, shape):
    values = np.random.default_rng(8).normal(size=shape)
    W, updates, step = run(rule, values, [[0, 2], [2, 2]])
    before, slot = W.get_value(), updates.slots["accumulator/W"].get_value()
    embeddings.move_rows(W, [2, -1, 0, 1], updates, initial=lambda *size: np.ones(size))
    assert np.array_equal(W.get_value(), [before[2], np.ones(shape[1:]), before[0], before[1]])
    expected = [slot[2], np.zeros(slot.shape[1:]), slot[0], slot[1]]
    assert np.array_equal(updates.slots["accumulator/W"].get_value(), expected)
    step([3])
    embeddings.move_rows(W, [0, -1, -1], updates)
    assert W.get_value().shape == shape


def columns():
    W, index = sg.shared(np.ones((2, 3)), name="W"), pt.lvector("index")
    return W, sg.rowwise_adagrad(W[:, index].sum(), W)


def twins():
    first, second = (sg.shared(np.ones((2, 1)), name="W") for _ in range(2))
    return first, sg.adagrad(first.sum() + second.sum(), [first, second])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda W, u: embeddings.move_rows(W, [4], u), "holds 4"),
        (lambda W, u: embeddings.move_rows(W, [-2], u), "holds -2"),
        (lambda W, u: embeddings.move_rows(W, [0.5], u), "vector of integers"),
        (lambda W, u: embeddings.move_rows(W, [-1], u), "starts={'step_size': ...}"),
        (lambda W, u: embeddings.move_rows(W, [-1], initial=lambda n, dim: 1.0), "let it give"),
        (lambda W, u: embeddings.move_rows(twins()[0], [0], u), "cannot be told"),
        (lambda W, u: embeddings.move_rows((t := twins())[0], [0], t[1]), "name of its own"),
        (lambda W, u: embeddings.move_rows(sg.shared(np.array(1.0)), [0]), "a table with rows"),
        (lambda W, u: embeddings.move_rows((c := columns())[0], [0], c[1]), "read it by rows"),
        (
            lambda W, u: embeddings.move_rows(sg.shared(np.ones((2, 1)), shape=(2, 1)), [0]),
            "fixes its number of rows",
        ),
        (lambda W, u: embeddings.origins(["a", "a"], []), "'a' 2 times"),
        (lambda W, u: embeddings.pretrained_table(["a"], [("a", [1.0])], 2), "'a' has shape"),
    ],
)
def test_vocabularies_refuse(call, message):
    W, updates, _ = run("rprop", np.ones((4, 2)), [])
    with pytest.raises(HyperparameterError) as caught:
        call(W, updates)
    assert message in str(caught.value)
    assert W.get_value().tolist() == np.ones((4, 2)).tolist()
