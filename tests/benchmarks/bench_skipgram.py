"""Words per second of the word embeddings over gensim's Word2Vec, at the same held-out loss.

Skip-gram, 100 columns, 5 negatives, window 5, words above a share of 1e-3 thinned out, from one
text: half a million words of the sources of Python's standard library, or the file in BENCH_TEXT.
gensim runs with its defaults, one worker and five epochs, and symgrad as many epochs as it takes
to come below gensim's loss on text that neither has seen: `epochs`. `words/s` compares speeds, and
`to that loss` the times of the whole training. gensim is looked for in this environment, or in
that of the interpreter in GENSIM_PYTHON.
"""

import os
import re
import subprocess
import sys
import sysconfig
import time
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.steps import BACKENDS

ROOT = Path(__file__).parents[2]
GENSIM = os.environ.get("GENSIM_PYTHON") or (sys.executable if find_spec("gensim") else None)
N_WORDS, EPOCHS, ROUNDS = 500_000, 5, 3
WINDOW, NEGATIVES, SAMPLE = 5, 5, 1e-3


@pytest.mark.skipif(
    GENSIM is None, reason="no gensim here: install it, or set GENSIM_PYTHON to a Python with it"
)
def test_against_gensim(record, target, tmp_path):
    text, held_out = tmp_path / "train.txt", tmp_path / "held_out.txt"
    split(corpus(), text, held_out)
    gensim = [gensim_vectors(text, tmp_path)]
    limit = loss(gensim[0], text, held_out)
    epochs, own = {}, {}
    for backend in BACKENDS:
        for n in range(1, 2 * EPOCHS + 1):
            epochs[backend], found = n, symgrad_vectors(text, tmp_path, backend, n)
            own[backend] = [found]
            if loss(found, text, held_out) <= limit:
                break
    for _ in range(ROUNDS - 1):
        gensim.append(gensim_vectors(text, tmp_path))
        for backend in BACKENDS:
            own[backend].append(symgrad_vectors(text, tmp_path, backend, epochs[backend]))
    base = [float(one["words_per_second"]) for one in gensim]
    rates = {}
    for backend in BACKENDS:
        speeds = [float(one["words_per_second"]) for one in own[backend]]
        rates[backend] = float(np.median(np.divide(speeds, base)))
        record(
            backend=backend,
            epochs=epochs[backend],
            loss=loss(own[backend][0], text, held_out),
            **{
                "gensim's loss": limit,
                "words/s / gensim's": rates[backend],
                "to that loss": rates[backend] * EPOCHS / epochs[backend],
            },
        )
    reached = {name: rate * EPOCHS / epochs[name] for name, rate in rates.items()}
    best = max(reached, key=reached.get)
    target(
        f"skip-gram to gensim's held-out loss, {best}",
        "gensim, 1 worker",
        reached[best],
        at_least=1,
    )


def corpus():
    """Words of running text, a little more than are learnt from."""
    path = os.environ.get("BENCH_TEXT")
    files = [Path(path)] if path else sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    words, wanted = [], N_WORDS * 11 // 10
    for file in files:
        if "site-packages" not in file.parts:
            text = file.read_text(encoding="utf-8", errors="replace")
            words += re.findall(r"[^\W\d_]+", text.lower())
        if len(words) > wanted:
            break
    return words[:wanted]


def split(words, text, held_out):
    """Every eleventh thousand is held out."""
    parts = [words[k : k + 1000] for k in range(0, len(words), 1000)]
    held = parts[::11]
    learnt = [part for k, part in enumerate(parts) if k % 11]
    for path, chosen in ((text, learnt), (held_out, held)):
        path.write_text("\n".join(" ".join(part) for part in chosen), encoding="utf-8")


def gensim_vectors(text, folder):
    """What gensim learns from the text, and how fast."""
    child = ROOT / "tests" / "benchmarks" / "gensim_words.py"
    subprocess.run([GENSIM, child, text, folder / "gensim.npz", str(EPOCHS)], check=True)
    return dict(np.load(folder / "gensim.npz"))


def symgrad_vectors(text, folder, backend, epochs):
    """What the example learns from the text, and how fast."""
    arguments = [text, folder / "symgrad.npz", backend, str(epochs)]
    subprocess.run(
        [sys.executable, "-m", __name__, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # as the example sets it by itself
        check=True,
    )
    return dict(np.load(folder / "symgrad.npz"))


def loss(found, text, held_out, n_noise=2000):
    """The cost per pair of text that was not learnt from, the same for whoever made the vectors.

    Pairs count as often as windows of 1 to 5 words hold them; the noise is drawn once.
    """
    rng = np.random.default_rng(0)
    row = {word: k for k, word in enumerate(found["words"].tolist())}
    counts = np.bincount([row[w] for w in text.read_text("utf-8").split() if w in row])
    ids = np.array([row[w] for w in held_out.read_text("utf-8").split() if w in row])
    share = counts / counts.sum()
    ids = ids[rng.random(len(ids)) < (np.sqrt(SAMPLE / share) + SAMPLE / share)[ids]]
    # The order of words of one count is anybody's: draw from words, not from rows.
    order = np.array(sorted(row.values(), key=found["words"].tolist().__getitem__))
    noise = order[rng.choice(len(counts), n_noise, p=(share**0.75 / (share**0.75).sum())[order])]
    vectors, others = found["W_in"][ids], found["W_out"][ids]
    far = NEGATIVES * softplus(vectors @ found["W_out"][noise].T).mean(axis=1)
    total = pairs = 0.0
    for distance in range(1, WINDOW + 1):
        weight = 1 - (distance - 1) / WINDOW
        for one, other in ((vectors, others), (others, vectors)):
            near = softplus(-(one[:-distance] * other[distance:]).sum(axis=1))
            total += weight * near.sum()
        total += weight * (far[:-distance].sum() + far[distance:].sum())
        pairs += weight * 2 * (len(ids) - distance)
    return float(total / pairs)


def softplus(x):
    return np.logaddexp(np.float32(0), x)


class Clock:
    """In place of a progress bar: when how many words were done."""

    def __init__(self):
        self.n, self.seen = 0, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def update(self, n):
        self.n += n
        self.seen.append((time.perf_counter(), self.n))

    def set_postfix_str(self, text, refresh=False):
        pass

    def write(self, line):
        pass

    def words_per_second(self):
        """From the first entry on, before which there was compilation."""
        (start, before), (end, after) = self.seen[0], self.seen[-1]
        return (after - before) / (end - start)


def train(text, out, backend, epochs, *options):
    """Train as the example does."""
    spec = spec_from_file_location("word_embeddings", ROOT / "examples" / "03_word_embeddings.py")
    example = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(example)
    clock = Clock()
    example.progress_bar = lambda total: clock
    arguments = example.parse(
        [text, "--backend", backend, "--epochs", epochs, "--sample", str(SAMPLE), *options]
    )
    vocabulary, W_in, W_out, *_ = example.learn(arguments)
    np.savez(
        out,
        words=np.array(vocabulary.words),
        W_in=W_in.get_value(),
        W_out=W_out.get_value(),
        words_per_second=clock.words_per_second(),
    )


if __name__ == "__main__":
    train(*sys.argv[1:])
