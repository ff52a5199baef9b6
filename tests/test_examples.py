"""The examples run, and what they print and write is right."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import symgrad as sg

EXAMPLES = Path(__file__).parents[1] / "examples"
TEXT = """
The quick cat drinks cold milk in the warm kitchen.
The small dog eats red meat in the warm kitchen.
The quick dog drinks cold water near the old house.
The small cat eats fresh fish near the old house.
"""
SMALL = ["--dim", "8", "--window", "3", "--negatives", "3", "--batch", "16", "--sample", "0"]


def load(name):
    """An example as a module; its name is none that `import` takes."""
    spec = importlib.util.spec_from_file_location(f"example_{name[:2]}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def words():
    return load("03_word_embeddings")


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT * 20)
    return path


def is_png(path):
    content = path.read_bytes()
    return content.startswith(b"\x89PNG") and len(content) > 1000


def test_faq_lookup_table(tmp_path, capsys):
    pytest.importorskip("jax")
    pytest.importorskip("matplotlib")
    assert load("01_faq_lookup_table").main(["--steps", "200", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for backend in ("c", "jax"):
        assert f"{backend}: inc_subtensor with [3, 1, 3] changed the rows [1, 3]\n" in printed
        assert f"{backend}: set_subtensor with [3, 1, 4] changed the rows [1, 3, 4]\n" in printed
    number = r"unused='(\w+)': accumulator before a visit ([\d.e-]+), mean step at a visit ([\d.]+)"
    found = {name: (float(a), float(step)) for name, a, step in re.findall(number, printed)}
    assert found["decay"][0] < found["keep"][0] / 10
    assert found["decay"][1] > found["keep"][1]
    # All that is left in a decayed accumulator is the gradient of the moment.
    assert found["decay"][1] == pytest.approx(0.01 / np.sqrt(1 - 0.9), abs=1e-3)
    assert is_png(tmp_path / "rmsprop_rare_word.png")


def test_efficient_embeddings(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    sizes = ["100", "1000"]
    main = load("02_efficient_embeddings").main
    assert main(["--sizes", *sizes, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "dense, subset, scalars: the same table after 20 steps" in printed
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+)$", printed, re.MULTILINE)
    assert [row[0] for row in rows] == sizes
    assert all(int(time) > 0 for row in rows for time in row[1:])
    assert is_png(tmp_path / "time_per_step.png")


def read_text(path):
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" ") for line in lines]
    vectors = np.array([numbers for _, *numbers in pairs], "float32")
    assert header == f"{len(vectors)} {vectors.shape[1]}"
    return [word for word, *_ in pairs], vectors


def read_binary(path):
    """The format as other tools read it: a header, then word, blank, float32s, new line."""
    with open(path, "rb") as file:
        n_words, dim = map(int, file.readline().split())
        words, vectors = [], []
        for _ in range(n_words):
            word = b""
            while (letter := file.read(1)) != b" ":
                word += letter
            words.append(word.decode())
            vectors.append(np.frombuffer(file.read(4 * dim), "<f4"))
            assert file.read(1) == b"\n"
        assert file.read() == b""
    return words, np.array(vectors)


def check_run(printed, out):
    """Lower cost of what is held out, neighbours, vectors and a picture."""
    costs = [float(cost) for cost in re.findall(r": cost ([\d.]+) per held-out pair", printed)]
    assert len(costs) > 2
    assert costs[-1] < costs[1] < costs[0]
    words, vectors = read_text(out / "vectors.txt")
    binary_words, binary_vectors = read_binary(out / "vectors.bin")
    assert words == binary_words
    np.testing.assert_array_equal(vectors, binary_vectors)
    assert is_png(out / "words.png")
    found = re.search(r"^cat: (.+)$", printed, re.MULTILINE)
    assert set(found[1].split()) < set(words) - {"cat"}


@pytest.mark.parametrize(
    "backend",
    [
        "c",
        pytest.param("numba", marks=pytest.mark.slow),
        pytest.param("jax", marks=pytest.mark.slow),
    ],
)
def test_word_embeddings(words, text, tmp_path, capsys, backend):
    pytest.importorskip("matplotlib")
    pytest.importorskip(backend) if backend != "c" else None
    out = tmp_path / "out"
    options = ["--backend", backend, "--epochs", "6", "--words", "cat", "dog", "--out", str(out)]
    assert words.main([str(text), *SMALL, *options]) == 0
    printed = capsys.readouterr().out
    check_run(printed, out)
    assert "W_in: rows touched\n" in printed
    assert "W_out: rows touched\n" in printed
    assert re.search("^dog: ", printed, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["sgd", "rowwise_adagrad", "adam", "ftrl"])
def test_word_embeddings_learn_by_other_rules(words, text, tmp_path, capsys, rule):
    pytest.importorskip("matplotlib")
    options = ["--rule", rule, "--epochs", "8", "--words", "cat", "--out", str(tmp_path)]
    assert words.main([str(text), *SMALL, *options]) == 0
    check_run(capsys.readouterr().out, tmp_path)


def sampler_of(words, counts, window=2, noise=3, sample=0):
    vocabulary = words.Vocabulary([str(k) for k in range(len(counts))], np.array(counts))
    return words.Sampler(vocabulary, window, noise, sample, np.random.default_rng(0))


@pytest.mark.parametrize(("n", "size"), [(12, 4), (13, 4), (3, 4), (2, 1)])
def test_minibatches_are_runs_of_a_ring(words, n, size):
    sampler = sampler_of(words, [1] * n)
    read, context, reach, noise = sampler.minibatches(np.arange(n), size)
    assert context.shape == (-(-n // size), size + 4)
    assert (np.diff(context) % n == 1).all()
    assert set(context[:, 2:-2].ravel()) == set(range(n))
    assert reach.shape == context[:, 2:-2].shape
    assert set(reach.ravel()) <= {1, 2}
    assert noise.shape == (len(context), 3)
    assert read.sum() == n


def test_frequent_words_are_thinned_out(words):
    sampler = sampler_of(words, [90_000, 10_000], sample=0.01)
    ids = np.repeat([0, 1], [90_000, 10_000])
    _, context, _, _ = sampler.minibatches(ids, 4)
    share = np.array([0.9, 0.1])
    kept = np.bincount(context[:, 2:-2].ravel()) / [90_000, 10_000]
    np.testing.assert_allclose(kept, np.sqrt(0.01 / share) + 0.01 / share, rtol=0.05)


@pytest.mark.parametrize("ids", [[], [1]])
def test_a_piece_without_pairs_has_no_minibatches(words, ids):
    found = sampler_of(words, [1, 1]).minibatches(np.array(ids, "int64"), 4)
    assert [len(one) for one in found] == [0, 0, 0, 0]


def test_noise_follows_the_counts(words):
    counts = np.array([10_000, 1_000, 100, 10])
    noise = sampler_of(words, counts, noise=64).minibatches(np.zeros(4000, "int64"), 4)[3]
    expected = counts**0.75 / (counts**0.75).sum()
    np.testing.assert_allclose(np.bincount(noise.ravel()) / noise.size, expected, atol=0.01)


def test_the_cost_is_that_of_a_loop_over_pairs(words):
    rng = np.random.default_rng(0)
    W_in, W_out = words.tables(9, 5, rng)
    for table in (W_in, W_out):
        table.set_value(rng.normal(size=(9, 5)).astype("float32"))
    inputs, cost, n_pairs = words.skip_gram(W_in, W_out, 4, 3, 5, 6)
    context, reach, noise = rng.integers(0, 9, 10), np.array([1, 3, 2, 1]), rng.integers(0, 9, 6)
    v, u = W_in.get_value(), W_out.get_value()
    expected, pairs = 0.0, 0
    for middle in range(4):
        word = v[context[middle + 3]]
        for place in range(10):
            if 0 < abs(place - middle - 3) <= reach[middle]:
                pairs += 1
                expected += np.log1p(np.exp(-word @ u[context[place]]))
                expected += 5 * np.mean([np.log1p(np.exp(word @ u[k])) for k in noise])
    found = sg.function(inputs, [cost, n_pairs])(context, reach, noise)
    np.testing.assert_allclose(found, [expected, pairs], rtol=1e-5)


def test_stacks_have_one_length_and_count_all_words(words, text, monkeypatch):
    monkeypatch.setattr(words, "STACK", 8)
    monkeypatch.setattr(words, "PIECE", 1000)
    texts = words.sources([text])
    vocabulary = words.count(texts, 1, 3)
    sampler = words.Sampler(vocabulary, 3, 5, 0, np.random.default_rng(0))
    stacks = list(words.stacks(texts, sampler, 16))
    assert {len(array) for stack in stacks[:-1] for array in stack} == {8}
    assert 0 < len(stacks[-1][0]) < 8
    shapes = {tuple(array.shape[1:] for array in stack) for stack in stacks}
    assert shapes == {((), (22,), (16,), (5,))}
    held_out, _ = words.held_out(texts, sampler, 16)
    assert sum(read.sum() for read, *_ in stacks) + len(held_out) == vocabulary.counts.sum()


def test_what_is_held_out_is_not_learnt(words, text, monkeypatch):
    monkeypatch.setattr(words, "RUN", 5)
    monkeypatch.setattr(words, "PIECE", 1000)
    texts = words.sources([text])
    vocabulary = words.count(texts, 1, 3)
    parts = list(words.parts(texts, vocabulary, 40))
    assert sum(len(held_out) for held_out, _ in parts) == 40
    together = [np.sort(np.concatenate(part)) for part in parts]
    pieces = [np.sort(vocabulary.ids(piece)) for piece in words.pieces(texts)]
    np.testing.assert_array_equal(np.concatenate(together), np.concatenate(pieces))


def test_a_stack_is_learnt_as_its_minibatches_one_by_one(words, text, monkeypatch, capsys):
    found = []
    options = ["--rule", "ftrl", "--epochs", "2"]  # whose rate stays
    for length, every in ((8, 4), (1000, 1000)):
        monkeypatch.setattr(words, "STACK", length)
        monkeypatch.setattr(words, "EVERY", every)
        _, W_in, W_out, _, finished = words.learn(words.parse([str(text), *SMALL, *options]))
        assert finished
        found.append([W_in.get_value(), W_out.get_value()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("piece", [20, 77, 1000])
def test_no_word_is_cut(words, text, monkeypatch, piece):
    monkeypatch.setattr(words, "PIECE", piece)
    found = [word for part in words.pieces(words.sources([text])) for word in part]
    assert found == words.WORD.findall(text.read_text().lower())


def test_words_with_white_space_are_refused(words, tmp_path):
    with pytest.raises(words.InputError, match="'new york' holds white space"):
        words.save(["old", "new york"], np.ones((2, 3), "float32"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (None, [], "No such file"),
        ("", [], "the text has no words"),
        ("1 2 3 ...", [], "the text has no words"),
        ("too few words here", [], "only 0 of 4 words occur 5 times or more"),
        (TEXT * 5, ["--words", "zebra"], "--words: zebra: not in the vocabulary"),
        (
            TEXT * 5,
            ["--epochs", "2", "--rule", "sgd", "--learning-rate", "1e30"],
            "no longer finite",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_bad_input_is_said(words, tmp_path, capsys, content, options, message):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_text(content)
    assert words.main([str(path), *SMALL, *options, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert re.search(message, error)


@pytest.mark.parametrize("option", [["--dim", "0"], ["--rule", "newton"], ["--backend", "gpu"]])
def test_bad_options_are_said(words, capsys, option):
    with pytest.raises(SystemExit) as stop:
        words.main(option)
    assert stop.value.code == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_interrupt_saves(text, tmp_path):
    out = tmp_path / "out"
    options = [*SMALL, "--epochs", "100000", "--words", "cat", "--out", str(out)]
    command = [sys.executable, str(EXAMPLES / "03_word_embeddings.py"), str(text), *options]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    with process:
        while not process.stdout.readline().startswith("epoch 2"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()
    assert process.returncode == 130
    assert "interrupted; saved what was learnt" in printed
    assert "cat: " in printed
    np.testing.assert_array_equal(
        read_text(out / "vectors.txt")[1], read_binary(out / "vectors.bin")[1]
    )


def test_interrupts_are_as_before_afterwards(words):
    before = signal.getsignal(signal.SIGINT)
    with words.interrupts() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_without_tqdm(words, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    clock = iter([0.0, 1.0, 10.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with words.progress_bar(100) as bar:
        bar.set_postfix_str("cost 2.5")
        bar.update(30)
        bar.update(20)
    assert capsys.readouterr().out == "50%, 5 words/s, cost 2.5\n"


def test_masks_and_max_pooling(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert load("06_masks_and_max_pooling").main(["--calls", "101", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    found = re.findall(r"(\S.*): .* a use ([\d.e+-]+) dense, ([\d.e+-]+) connected", printed)
    assert [case for case, _, _ in found] == ["embedding", "masked output", "max-pooling"]
    for _, dense, kept in found:
        assert float(kept) > 50 * float(dense)
    assert is_png(tmp_path / "06_masks_and_max_pooling.png")


PACKAGES = ["--packages", "asyncio", "email", "logging", "unittest", "xml"]


def test_pretrained_and_frozen(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    small = ["--topics", "4", "--dim", "30", "--epochs", "6", "--steps", "60"]
    main = load("08_pretrained_and_frozen").main
    assert main([*PACKAGES, *small, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    known, all_words = map(int, re.search(r"(\d+) of (\d+) words have a vector", printed).groups())
    assert 0 < known < all_words
    line = r"^(\S+): accuracy (\S+), (\d+) rows .* changed, slots of (\d+); (\d+) other rows$"
    found = {name: numbers for name, *numbers in re.findall(line, printed, re.MULTILINE)}
    assert list(found) == ["random", "frozen", "slow", "fine-tuned"]
    assert found["frozen"][1:3] == ["0", "0"]
    assert all(int(found[name][1]) > 0 for name in found if name != "frozen")
    assert all(int(found[name][3]) > 0 for name in found), "new words learn in any case"
    accuracy = {name: float(numbers[0]) for name, numbers in found.items()}
    assert accuracy["frozen"] > 0.3, "a guess has 0.25"
    assert accuracy["slow"] > accuracy["random"]
    words, vectors = sg.embeddings.read_vectors(tmp_path / "vectors.glove.txt", "glove")
    assert "message" in words
    assert vectors.shape == (len(words), 30)
    assert is_png(tmp_path / "08_pretrained_and_frozen.png")


@pytest.fixture(scope="module")
def negatives():
    return load("09_hard_negatives")


def test_hard_negatives(negatives, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    small = ["--pool", "5", "--negatives", "1", "--dim", "20", "--epochs", "3"]
    assert negatives.main([*PACKAGES, *small, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("5 tags, ")
    line = r"^(\w+) negatives: hits@1 (\S+), mean reciprocal rank (\S+)$"
    found = {name: numbers for name, *numbers in re.findall(line, printed, re.MULTILINE)}
    assert list(found) == ["random", "hard"]
    for hits, reciprocal in found.values():
        assert 0.5 < float(hits) < float(reciprocal) <= 1, "a guess has hits of 0.2"
    assert is_png(tmp_path / "09_hard_negatives.png")


def test_tags_of_your_own_text(negatives, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "text.tsv"
    lines = [f"{tag}\tthe {tag} {verb}" for tag in ("cat", "dog", "cow") for verb in "abcdefgh"]
    path.write_text("\n".join(lines))
    small = ["--least", "5", "--pool", "3", "--negatives", "2", "--out", str(tmp_path)]
    assert negatives.main(["--text", str(path), *small]) == 0
    assert "3 tags, 12 words, 20 sentences, 4 to test" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        negatives.main(["--text", str(path), "--pool", "4", "--out", str(tmp_path)])
    assert "only 0 tags are left: give a smaller --pool" in capsys.readouterr().err


def test_ranks_of_tags(negatives):
    """Two words, three tags: the rank of the right one is counted by hand."""
    W = sg.shared(np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [2.0, 2.0], [0.0, 1.0]]))
    rows, shares = np.array([[0, 0], [0, 1]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    data = negatives.Data(rows, shares, np.array([4, 3]))
    assert negatives.ranks(W, 2, data).tolist() == [3, 1]


def test_hessian_free_on_rows(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    small = ["--length", "60", "--classes", "8", "--budget", "500"]
    assert load("07_hessian_free_on_rows").main([*small, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    number = r"the (\w+): (\d+) eigenvalues, (\d+) of them zero, smallest (\S+),"
    found = re.findall(number, printed)
    (_, *of_table), (_, *of_subset) = found
    assert of_table[:2] == ["36", "21"]  # three for each of the seven rows that are not used
    assert of_subset[:2] == ["15", "0"]
    assert float(of_subset[2]) > 1e-3
    line = r"(\w+): cost ([\d.]+),.* ([\d.]+) at the end, (\d+) calls"
    found = {name: map(float, numbers) for name, *numbers in re.findall(line, printed)}
    assert list(found) == ["sgd", "adam", "hessian_free"]
    for first, last, calls in found.values():
        assert last < first / 2
        assert calls in (500, 20), "the same work for all"
    assert "direction/vectors: rows touched" in printed
    assert is_png(tmp_path / "hessian_free.png")


def test_plateau_and_monitor(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    small = ["--words", "40", "--dim", "4", "--pairs", "600", "--epochs", "3", "--batch", "20"]
    rules = ["--rules", "sgd", "adagrad"]
    main = load("10_plateau_and_monitor").main
    assert main([*rules, *small, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    row = r"^(\w+) +([\d.]+) +([\d.]+) +[\d.]+ +([\d.e+-]+) +([\d.]+)%$"
    found = re.findall(row, printed, re.MULTILINE)
    assert [rule for rule, *_ in found] == ["sgd", "adagrad"]
    for _, first, last, ratio, coverage in found:
        assert float(last) < float(first)
        assert 0 < float(ratio) < 1
        assert 50 < float(coverage) <= 100
    assert is_png(tmp_path / "10_learning_curves.png")
    assert is_png(tmp_path / "10_monitor.png")


def test_exact_vs_lazy(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    sizes = ["--words", "200", "--calls", "60", "--sizes", "100", "500", "--timed-calls", "20"]
    assert load("05_exact_vs_lazy").main([*sizes, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    off = {way: float(error) for way, error in re.findall(r"(exact|lazy): ([\d.e+-]+)", printed)}
    assert off["exact"] < 1e-5 < 0.1 < off["lazy"]
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+)$", printed, re.MULTILINE)
    assert [row[0] for row in rows] == ["100", "500"]
    assert is_png(tmp_path / "exact_vs_lazy.png")
