"""Files, noise, costs, vocabularies and encodings against NumPy and what Gensim wrote."""

from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import embeddings
from symgrad.embeddings.formats import FORMATS
from symgrad.errors import HyperparameterError
from tests.reference.make_vector_goldens import WORDS

GOLDENS = Path(__file__).parent / "reference" / "vectors"
VALUES = np.load(GOLDENS / "vectors.npy")
GENSIM = [("word2vec.txt", "word2vec"), ("word2vec.bin", "word2vec-binary"), ("glove.txt", "glove")]


# Files


@pytest.mark.parametrize(("name", "format"), GENSIM)
def test_reads_what_gensim_wrote(name, format):
    words, vectors = embeddings.read_vectors(GOLDENS / name, format)
    assert words == WORDS
    assert vectors.dtype == "float32"
    np.testing.assert_array_equal(vectors, VALUES)


@pytest.mark.filterwarnings("ignore")  # Gensim leaves the file open
@pytest.mark.parametrize(("name", "format"), GENSIM)
def test_gensim_reads_what_is_written(name, format, tmp_path):
    models = pytest.importorskip("gensim.models")
    embeddings.write_vectors(tmp_path / name, WORDS, VALUES, format)
    model = models.KeyedVectors.load_word2vec_format(
        str(tmp_path / name), binary=format == "word2vec-binary", no_header=format == "glove"
    )
    assert model.index_to_key == WORDS
    np.testing.assert_array_equal(model.vectors, VALUES)


def test_binary_differs_from_gensim_only_by_the_newlines_of_word2vec(tmp_path):
    embeddings.write_vectors(tmp_path / "v", WORDS, VALUES, "word2vec-binary")
    lines = [word.encode() + b" " + v.tobytes() for word, v in zip(WORDS, VALUES, strict=True)]
    assert (tmp_path / "v").read_bytes() == b"8 3\n" + b"".join(line + b"\n" for line in lines)
    assert (GOLDENS / "word2vec.bin").read_bytes() == b"8 3\n" + b"".join(lines)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_come_back(format, suffix, tmp_path, monkeypatch):
    monkeypatch.setattr("symgrad.embeddings.formats._BLOCK", 7)  # cuts words and vectors
    path = tmp_path / f"vectors{suffix}"
    embeddings.write_vectors(path, WORDS, VALUES, format)
    assert path.read_bytes().startswith(b"\x1f\x8b") == bool(suffix)
    words, vectors = embeddings.read_vectors(path, format)
    assert words == WORDS
    np.testing.assert_array_equal(vectors, VALUES)
    words, vectors = embeddings.read_vectors(path, format, only={"-", "the", "absent"})
    assert words == ["the", "-"]
    np.testing.assert_array_equal(vectors, VALUES[[0, 6]])
    words, vectors = embeddings.read_vectors(path, format, only=())
    assert words == []
    assert vectors.shape == (0, 3)


@pytest.mark.parametrize("format", ["word2vec", "glove"])
def test_text_keeps_every_bit(format, tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 4)) * 10.0 ** np.arange(-20, 20, 10)
    words = [f"w{k}" for k in range(50)]
    for dtype in ("float64", "float32"):
        embeddings.write_vectors(tmp_path / "v", words, values.astype(dtype), format)
        back = embeddings.read_vectors(tmp_path / "v", format, dtype=dtype)[1]
        np.testing.assert_array_equal(back, values.astype(dtype))


def test_numbers_of_one_dimension_and_no_words(tmp_path):
    for format in FORMATS[:2]:
        embeddings.write_vectors(tmp_path / "v", [], np.zeros((0, 2)), format)
        assert embeddings.read_vectors(tmp_path / "v", format)[1].shape == (0, 2)
    for format in FORMATS:
        embeddings.write_vectors(tmp_path / "v", ["a"], [[0.5]], format)
        assert embeddings.read_vectors(tmp_path / "v", format)[1].tolist() == [[0.5]]


def test_what_other_programs_write(tmp_path, caplog):
    path = tmp_path / "v"
    path.write_bytes(b"2 2\nthe 1.0 2.0 \r\nof 3.0 4.0 \r\n")  # blanks at the end of lines
    assert embeddings.read_vectors(path, "word2vec")[1].tolist() == [[1, 2], [3, 4]]
    path.write_bytes(b"a 0.5 0.5\n. . . 1.0 2.0\nx\xc2\xa0y 1.0 2.0\n. . . 3.0 4.0\n")
    assert embeddings.read_vectors(path, "glove")[0] == ["a", ". . .", "x\xa0y"]
    assert "1 repeated words" in caplog.text


BROKEN = [
    ("glove", b"", "line 1 has no numbers"),
    ("glove", b"2 3\nthe 1.0 2.0 3.0\n", "give the format that it is in ('word2vec'"),
    ("word2vec", b"the 1.0 2.0\n", "not a number of words and a length"),
    ("word2vec", b"1 2\nthe 1.0\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"1 2\nthe 1.0 2.0 3.0\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"1 2\nthe 1.0 x\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"1 2\n\n", "line 2 is not a word and 2 numbers"),
    ("word2vec", b"2 1\nthe 1.0\n", "tells of 2 words, but 1 follow"),
    ("word2vec", b"1 1\nthe 1.0\nof 2.0\n", "tells of 1 words, but 2 follow"),
    ("word2vec", b"1 1\n\xff 1.0\n", "errors='replace'"),
    ("word2vec-binary", b"1 2\nthe 1234567", "word 1 of 1 is cut off"),
    ("word2vec-binary", b"1 2\nthe", "word 1 of 1 is cut off"),
    ("word2vec-binary", b"1 1\nthe 1234\nof 1234\n", "more bytes follow"),
    ("word2vec-binary", b"1 1\n\xff 1234\n", "errors='replace'"),
]


@pytest.mark.parametrize(("format", "data", "message"), BROKEN)
def test_broken_files_are_named(format, data, message, tmp_path):
    (tmp_path / "v").write_bytes(data)
    with pytest.raises(sg.errors.VectorFileError) as caught:
        embeddings.read_vectors(tmp_path / "v", format)
    assert message in str(caught.value)


def test_undecodable_words_can_be_replaced(tmp_path):
    (tmp_path / "v").write_bytes(b"1 1\na\xff 1.0\n")
    assert embeddings.read_vectors(tmp_path / "v", "word2vec", errors="replace")[0] == ["a\ufffd"]


@pytest.mark.parametrize("word", ["", "two words", "tab\t", "line\n", "wide\u3000", "\xa0"])
@pytest.mark.parametrize("format", FORMATS)
def test_words_with_white_space_are_refused(word, format, tmp_path):
    with pytest.raises(HyperparameterError, match="white space"):
        embeddings.write_vectors(tmp_path / "v", [word], [[1.0]], format)
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(
    ("words", "vectors", "format", "message"),
    [
        (["a", "a"], np.zeros((2, 1)), "glove", "'a' is given twice"),
        (["a"], np.zeros((2, 1)), "glove", "one row for each word"),
        (["a"], np.zeros(1), "glove", "one row for each word"),
        (["a"], np.zeros((1, 1)), "text", "choose one of word2vec"),
    ],
)
def test_what_cannot_be_written(words, vectors, format, message, tmp_path):
    with pytest.raises(HyperparameterError, match=message):
        embeddings.write_vectors(tmp_path / "v", words, vectors, format)


# Sampling


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
@pytest.mark.parametrize("power", [0, 0.75, 1])
def test_the_alias_table_holds_the_distribution(n, power):
    counts = np.random.default_rng(n).zipf(1.3, n).astype("float64")
    counts[1::5] = 0
    noise = embeddings.NoiseSampler(counts, power)
    threshold, alias = noise.threshold.get_value(), noise.alias.get_value()
    share = threshold.copy()
    np.add.at(share, alias, 1 - threshold)
    expected = np.where(counts > 0, np.maximum(counts, 1) ** power, 0)
    np.testing.assert_allclose(share / n, expected / expected.sum(), atol=1e-13)
    assert not np.any(share[counts == 0])


def test_noise_is_the_same_in_graph_and_in_numpy(backend):
    noise = embeddings.NoiseSampler([5, 1, 0, 30, 2])
    uniform = np.random.default_rng(0).random((2000, 3))
    uniform[0] = [0, np.nextafter(1, 0), 0.2]
    expected = noise.draw(uniform)
    variable = pt.dmatrix("uniform")
    f = sg.function([variable], noise.draw(variable), backend=backend)
    drawn = f(uniform)
    assert drawn.dtype == expected.dtype == "int64"
    np.testing.assert_array_equal(drawn, expected)
    weights = np.array([5, 1, 0, 30, 2]) ** 0.75
    counted = np.bincount(expected.ravel(), minlength=5)
    np.testing.assert_allclose(counted / 6000, weights / weights.sum(), atol=0.02)
    assert counted[2] == 0


def test_negatives_that_are_the_positive_are_drawn_again(backend):
    noise = embeddings.NoiseSampler([50, 30, 20, 0, 1])
    rng = np.random.default_rng(3)
    positive, numbers = rng.integers(0, 5, (400, 1)), rng.random((4, 400, 6))
    drawn = np.stack([noise.draw(one) for one in numbers])
    # The first draw that is not the positive, or the last of all.
    chosen = np.where((drawn != positive).any(axis=0), (drawn != positive).argmax(axis=0), 3)
    expected = np.take_along_axis(drawn, chosen[None], axis=0)[0]
    first, *again = numbers
    assert np.array_equal(noise.draw(first, positive, again), expected)
    assert (noise.draw(first) == positive).sum() > 10 * (expected == positive).sum()
    words, more = pt.lvector("words"), [pt.dmatrix(f"u{k}") for k in range(4)]
    out = noise.draw(more[0], words[:, None], more[1:])
    f = sg.function([words, *more], out, backend=backend)
    assert np.array_equal(f(positive[:, 0], *numbers), expected)


def test_a_second_draw_keeps_the_other_words_in_proportion():
    noise = embeddings.NoiseSampler([4, 2, 1, 1], power=1)
    first, *again = np.random.default_rng(4).random((30, 40_000))
    share = np.bincount(noise.draw(first, 0, again), minlength=4) / 40_000
    np.testing.assert_allclose(share, [0, 0.5, 0.25, 0.25], atol=0.01)


def test_sub_sampling_probabilities():
    counts = np.array([1000, 10, 1])
    share = counts / counts.sum()
    expected = np.minimum(1, np.sqrt(1e-2 / share) + 1e-2 / share)
    np.testing.assert_allclose(embeddings.keep_probability(counts, 1e-2), expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda: embeddings.keep_probability([1, 0]),
        lambda: embeddings.keep_probability([1, 2], sample=0),
        lambda: embeddings.NoiseSampler([[1.0]]),
        lambda: embeddings.NoiseSampler([-1.0, 2.0]),
        lambda: embeddings.NoiseSampler([0, 0]),
        lambda: embeddings.NoiseSampler([]),
        lambda: embeddings.NoiseSampler([1.0, np.nan]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2, "float32")),
        lambda: embeddings.NoiseSampler([1]).draw(pt.fvector()),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), positive=0),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), again=[np.zeros(2)]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), 0, [np.zeros(2, "float32")]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), 0, [np.zeros(1)]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), [0, 0, 0], [np.zeros(2)]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros((2, 2)), [0, 0], [np.zeros((2, 2))]),
        lambda: embeddings.NoiseSampler([1]).draw(pt.dmatrix(), pt.lvector(), [pt.dmatrix()]),
    ],
)
def test_sampling_refuses(call):
    with pytest.raises(HyperparameterError):
        call()


# Costs


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
    one = [pt.tensor(name, dtype="float64", shape=(None, 1, None)) for name in "ap"]
    inputs = [*one, pt.dtensor3("n")]
    f = sg.function(inputs, embeddings.triplet_cost(*inputs, margin=0.5), backend=backend)
    expected = np.maximum(0, 0.5 + ((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1))
    np.testing.assert_allclose(f(a, p, n), expected)


@pytest.mark.parametrize("masked", [False, True])
def test_hard_negatives(backend, masked):
    positive, pool, allowed = scores(np.random.default_rng(3), k=9)
    allowed[0] = False
    p, c, m = pt.dvector("p"), pt.dmatrix("c"), pt.bmatrix("m")
    found = embeddings.hard_negatives(p, c, 3, 0.5, m.astype(bool) if masked else None)
    f = sg.function([p, c, m], list(found), backend=backend, on_unused_input="ignore")
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


# Vocabularies


def test_pretrained_vectors_find_their_rows():
    words = ["new", "river", "other", "the"]
    with embeddings.stream_vectors(GOLDENS / "word2vec.bin", "word2vec-binary") as (dim, pairs):
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
    one, two = (sg.shared(np.ones((2, 1)), name="W") for _ in range(2))
    return one, sg.adagrad(one.sum() + two.sum(), [one, two])


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


# Encodings


def test_winner_take_all(backend):
    values = np.random.default_rng(6).normal(size=(5, 12))
    values[0, :3] = -1.0  # three winners
    h = pt.dmatrix("h")
    out = embeddings.winner_take_all(h, 4)
    weights = np.arange(60.0).reshape(5, 12)
    gradient = sg.grad(pt.sum(out * weights), h)
    f = sg.function([h], [out, gradient], backend=backend)
    grouped = values.reshape(5, 4, 3)
    wins = (grouped == grouped.max(-1, keepdims=True)).reshape(5, 12)
    computed, gradient = f(values)
    np.testing.assert_array_equal(computed, values * wins)
    np.testing.assert_array_equal(gradient, weights * wins)


def test_winner_take_all_of_vectors_and_tensors():
    values = np.random.default_rng(7).normal(size=(2, 3, 4)).astype("float32")
    out = embeddings.winner_take_all(values, 2)
    assert out.type.dtype == "float32"
    single = [embeddings.winner_take_all(v, 2).eval() for v in values.reshape(-1, 4)]
    np.testing.assert_array_equal(out.eval(), np.reshape(single, (2, 3, 4)))
    assert np.isnan(embeddings.winner_take_all(np.array([np.nan, 1.0]), 1).eval()[0])


def test_positional_encodings():
    word = embeddings.positional_encoding(7, 5, dtype="float64")
    character = embeddings.positional_encoding(7, 5, "character", "float64")
    for position in range(7):
        for i in range(5):
            angle = position / 10000 ** ((i - i % 2) / 5)
            expected = np.sin(angle) if i % 2 == 0 else np.cos(angle)
            np.testing.assert_allclose(word[position, i], expected)
            angle = position / (i + 1)
            expected = np.cos(angle) if position % 2 == 0 else np.sin(angle)
            np.testing.assert_allclose(character[position, i], expected)
    assert embeddings.positional_encoding(0, 2).shape == (0, 2)


def test_texts_encoded_by_characters_train_on_every_backend(backend):
    start = np.random.default_rng(8).normal(size=(6, 3))
    E, ids = sg.shared(start, name="E"), pt.lmatrix("ids")
    encoding = embeddings.positional_encoding(4, 3, "character", "float64")
    text = pt.sum(encoding * E[ids], axis=1)
    updates = sg.sgd(text.sum(), E, learning_rate=1.0)
    f = sg.function([ids], text, updates=updates, backend=backend)
    data = np.array([[0, 1, 2, 1], [3, 3, 0, 0]])
    np.testing.assert_allclose(f(data), (encoding * start[data]).sum(1))
    np.add.at(start, data, -np.broadcast_to(encoding, (2, 4, 3)))
    np.testing.assert_allclose(E.get_value(), start)


@pytest.mark.parametrize(
    "call",
    [
        lambda: embeddings.positional_encoding(-1, 2),
        lambda: embeddings.positional_encoding(2, 0),
        lambda: embeddings.positional_encoding(2.5, 2),
        lambda: embeddings.positional_encoding(2, 2, "sentence"),
        lambda: embeddings.winner_take_all(pt.dmatrix(), 0),
        lambda: embeddings.winner_take_all(pt.dmatrix(), pt.lscalar()),
        lambda: embeddings.winner_take_all(pt.dscalar(), 1),
        lambda: embeddings.winner_take_all(np.zeros((2, 5)), 2),
    ],
)
def test_encodings_refuse(call):
    with pytest.raises(HyperparameterError):
        call()
