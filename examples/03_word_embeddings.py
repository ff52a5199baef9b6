"""Word embeddings from your own text: skip-gram with negative sampling on two tables.

Without TEXT it reads the English that every CPython carries, the help pages of the language.
"""

# %% [markdown]
# # Word embeddings
#
# Two tables, one row for each word: `W_in` for the word in the middle of a window, `W_out` for
# the words around it. A pair (word, neighbour) should have a large scalar product, pairs of the
# word with a few words drawn at random a small one. A minibatch is a run of consecutive words: it
# reads some hundred rows, and the update touches only those, whatever the rule.
#
#     python examples/03_word_embeddings.py book1.txt book2.txt --words king river
#
# Files are read piece by piece, once to count the words and once for each epoch, so they may be
# larger than memory. Ctrl-C stops after the current batch and saves what has been learnt.

# %%
import argparse
import contextlib
import io
import os
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# The matrix products below are small: threads would wait for each other longer than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytensor.tensor as pt

import symgrad as sg
from symgrad import embeddings

WORD = re.compile(r"[^\W\d_]+")  # runs of letters, of any alphabet
PIECE = 1 << 18  # characters of text worked on at a time
STACK = 128  # minibatches in one call
EVERY = 16  # of them, until the rate falls and the bar moves
HELD_OUT = 20  # one run of words in so many is held out, until there is a stack of minibatches
RUN = 64  # words in a run
RATES = {
    "sgd": 0.1,
    "momentum": 0.01,
    "nesterov_momentum": 0.01,
    "adagrad": 0.15,
    "rowwise_adagrad": 0.2,
    "adadelta": 3.0,
    "radam": 0.01,
    "lion": 0.001,
    "rprop": 1e-5,
    "ftrl": 0.2,
}
OTHER_RATE = 0.005  # RMSprop, Adam and its children
# The rate falls to 0 over the run, as in word2vec. FTRL's weights are proportional to its rate, so
# there it stays; rprop reads its rate once (and is made for full batches: it goes wild on these).
CONSTANT_RATE = ("ftrl", "rprop")


class InputError(Exception):
    """What the user gave cannot be worked with; the message says why."""


# %% [markdown]
# ## Text
#
# Words are runs of letters in lower case. A piece of the file ends at white space, so that no word
# is cut in two.


# %%
def sources(paths):
    """For each text, a function that opens it."""
    if paths:
        return [lambda path=path: open(path, encoding="utf-8", errors="replace") for path in paths]
    from pydoc_data.topics import topics

    return [lambda: io.StringIO("\n".join(topics.values()))]


def pieces(texts):
    """Lists of words: all of the text in order, never all of it at once."""
    for open_text in texts:
        with open_text() as file:
            rest = ""
            while block := file.read(PIECE):
                block = rest + block
                cut = 1 + max(block.rfind(space) for space in " \n\t") or len(block)
                yield WORD.findall(block[:cut].lower())
                rest = block[cut:]
            yield WORD.findall(rest.lower())


@dataclass(frozen=True)
class Vocabulary:
    """The words that are learnt, most frequent first, and how often the text has them."""

    words: list
    counts: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "rows", {word: row for row, word in enumerate(self.words)})

    def ids(self, words):
        """The rows of those words that are in the vocabulary."""
        found = (self.rows.get(word, -1) for word in words)
        ids = np.fromiter(found, "int64", len(words))
        return ids[ids >= 0]


def count(texts, min_count, negatives):
    """The vocabulary of the texts."""
    counter = Counter()
    for words in pieces(texts):
        counter.update(words)
    if not counter:
        raise InputError("the text has no words: give files with running text, in UTF-8")
    kept = [(word, n) for word, n in counter.most_common() if n >= min_count]
    if len(kept) <= negatives + 1:
        raise InputError(
            f"only {len(kept)} of {len(counter)} words occur {min_count} times or more, too few "
            f"to draw {negatives} negatives from: give more text, or a smaller --min-count"
        )
    return Vocabulary([word for word, _ in kept], np.array([n for _, n in kept]))


# %% [markdown]
# ## Minibatches
#
# Some runs of words are held out: on them the cost is measured, and nothing is learnt.
# The cost of a minibatch that has just been learnt would say little: words that were pushed
# together a moment ago fit better than any other, and the more so the larger the steps.
#
# As in word2vec: very frequent words are dropped now and then, each word reaches 1 to `window`
# words far, chosen anew each time, and negatives are drawn with the counts to the power 3/4. But
# all pairs of a minibatch share their negatives, so that their scores are one product of two
# matrices. All of it works on whole arrays.


# %%
class Sampler:
    """Draws minibatches: runs of words, how far each reaches, and noise that they share."""

    def __init__(self, vocabulary, window, noise, sample, rng):
        self.vocabulary, self.window, self.noise, self.rng = vocabulary, window, noise, rng
        self.keep = embeddings.keep_probability(vocabulary.counts, sample) if sample else 1.0
        self.keep = np.broadcast_to(self.keep, len(vocabulary.counts))
        self.words = embeddings.NoiseSampler(vocabulary.counts)

    def minibatches(self, ids, size):
        """``(words read, context, reach, noise)`` of the minibatches of a piece, in random order.

        The context is `size` words and `window` more on each side. The piece is read as a ring,
        so that the first word and the last have neighbours, and the last minibatch is full.
        """
        kept = ids[self.rng.random(len(ids)) < self.keep[ids]]
        n = -(-len(kept) // size) if len(kept) > 1 else 0
        place = size * np.arange(n)[:, None] + np.arange(-self.window, size + self.window)
        context = kept[self.rng.permutation(place) % max(len(kept), 1)]
        reach = self.rng.integers(1, self.window + 1, (n, size))
        noise = self.words.draw(self.rng.random((n, self.noise)))
        return np.diff(np.arange(n + 1) * len(ids) // max(n, 1)), context, reach, noise


def split(ids, n):
    """``(held out, others)`` of a piece; at most `n` words are held out."""
    held_out = np.arange(len(ids)) // RUN % HELD_OUT == 0
    held_out &= np.cumsum(held_out) <= n
    return ids[held_out], ids[~held_out]


def parts(texts, vocabulary, n_held_out):
    """``(held out, others)`` of each piece of the texts, at most `n_held_out` words in all."""
    for words in pieces(texts):
        held_out, others = split(vocabulary.ids(words), n_held_out)
        n_held_out -= len(held_out)
        yield held_out, others


def stacks(texts, sampler, size):
    """Minibatches of the texts, `STACK` at a time, and what is left at the end."""
    waiting = sampler.minibatches(np.empty(0, "int64"), size)
    for _, ids in parts(texts, sampler.vocabulary, STACK * size):
        more = sampler.minibatches(ids, size)
        waiting = [np.concatenate(both) for both in zip(waiting, more, strict=True)]
        while len(waiting[0]) >= STACK:
            yield [array[:STACK] for array in waiting]
            waiting = [array[STACK:] for array in waiting]
    if len(waiting[0]):
        yield waiting


def held_out(texts, sampler, size):
    """The words held out, and their minibatches."""
    ids = [held_out for held_out, _ in parts(texts, sampler.vocabulary, STACK * size)]
    ids = np.concatenate(ids)
    _, *minibatches = sampler.minibatches(ids, size)
    return ids, minibatches


# %% [markdown]
# ## The graph
#
# `near` holds the scores of all words of a minibatch with all words around it, of which those count
# that are within reach; `far` the scores with the noise, which stands for the `negatives` of each
# pair. The cost is `-log(sigmoid(score))` and `-log(sigmoid(-score))`, written as softplus, which
# does not overflow. Nothing here says which rows are read or that words may repeat: the rule finds
# that out.


# %%
def tables(n_words, dim, rng):
    """Input and output vectors, small and random."""
    start = (rng.random((2, n_words, dim)).astype("float32") - 0.5) / dim
    return sg.shared(start[0], name="W_in"), sg.shared(start[1], name="W_out")


def skip_gram(W_in, W_out, size, window, negatives, n_noise):
    """The inputs of a minibatch, its cost, and its number of pairs."""
    inputs = context, reach, noise = pt.lvectors("context", "reach", "noise")
    distance = abs(np.arange(size)[:, None] + window - np.arange(size + 2 * window))
    distance[distance == 0] = window + 1  # no word is its own neighbour
    is_pair = (distance <= reach[:, None]).astype("float32")
    n_pairs = is_pair.sum(axis=1, acc_dtype="float32")

    vectors = W_in[context[window:-window]]
    near, far = pt.dot(vectors, W_out[context].T), pt.dot(vectors, W_out[noise].T)
    weight = n_pairs * np.float32(negatives / n_noise)
    cost = (is_pair * pt.softplus(-near)).sum() + (weight[:, None] * pt.softplus(far)).sum()
    return inputs, cost, n_pairs.sum()


# %% [markdown]
# ## Training
#
# `step.run` takes a stack of minibatches, and makes a step for each without Python between them.
# The update needs the gradient of the cost, but not the cost, which would take as long as all the
# rest: so the step returns nothing, and the cost is measured on the words held out, before the
# first step and after each epoch.
#
# An interrupt in the middle of a call could lose a table that JAX holds, so Ctrl-C only sets a
# flag, which is looked at between steps.


# %%
@contextlib.contextmanager
def interrupts():
    """Within it, Ctrl-C makes the function it gives return True; afterwards all is as before."""
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(True))
    try:
        yield lambda: bool(caught)
    finally:
        signal.signal(signal.SIGINT, before)


class Interrupted(Exception):
    """Ctrl-C was pressed; all steps that were begun are complete."""


class Lines:
    """A progress bar for those who have no tqdm: a line every few seconds."""

    def __init__(self, total):
        self.total, self.n, self.cost = total, 0, ""
        self.start = self.said = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def update(self, n):
        """Count `n` more words."""
        self.n += n
        now = time.monotonic()
        if now - self.said > 5:
            self.said, speed = now, self.n / (now - self.start)
            self.write(f"{self.n / self.total:.0%}, {speed:,.0f} words/s, {self.cost}")

    def set_postfix_str(self, text, refresh=False):
        """What to say next to the speed."""
        self.cost = text

    def write(self, line):
        """Print a line."""
        print(line, flush=True)


def progress_bar(total):
    """A bar of tqdm if it is installed, else plain lines."""
    try:
        from tqdm import tqdm
    except ImportError:
        return Lines(total)
    return tqdm(total=total, unit=" words", unit_scale=True, leave=False)


def compile_training(W_in, W_out, rate, arguments):
    """``step(context, reach, noise)``, and ``cost`` of the same, per pair."""
    inputs, cost, n_pairs = skip_gram(
        W_in, W_out, arguments.batch, arguments.window, arguments.negatives, arguments.noise
    )
    updates = sg.RULES[arguments.rule](cost, [W_in, W_out], learning_rate=rate)
    step = sg.function(inputs, updates=updates, backend=arguments.backend)
    return step, sg.function(inputs, cost / n_pairs, backend=arguments.backend)


def train(step, cost, rate, texts, sampler, arguments):
    """Run all epochs: the costs of what is held out, and False if Ctrl-C ended them."""
    first, falls = rate.get_value(), arguments.rule not in CONSTANT_RATE
    words, minibatches = held_out(texts, sampler, arguments.batch)
    total = (int(sampler.vocabulary.counts.sum()) - len(words)) * arguments.epochs
    measure = partial(mean_cost, cost, minibatches)
    costs = [measure()]
    with interrupts() as interrupted, progress_bar(total) as bar:
        bar.write(f"before the first step: cost {costs[-1]:.4f} per held-out pair")

        def show(start, read, steps, outputs=None):
            """Move the bar, and lower the rate."""
            bar.update(start + int(read[:steps].sum()) - bar.n)
            rate.set_value(first * np.float32(max(1 - falls * bar.n / total, 1e-4)))
            if interrupted():
                raise Interrupted

        for epoch in range(1, arguments.epochs + 1):
            bar.set_postfix_str(f"cost {costs[-1]:.4f}", refresh=False)
            try:
                for read, *minibatches in stacks(texts, sampler, arguments.batch):
                    take(step, minibatches, partial(show, bar.n, read))
            except Interrupted:
                return costs, False
            costs.append(measure())
            bar.write(f"epoch {epoch}: cost {costs[-1]:.4f} per held-out pair")
    return costs, True


def mean_cost(cost, minibatches):
    """The mean cost of minibatches; an error if there are none, or if it is not finite."""
    costs = [cost(*minibatch) for minibatch in zip(*minibatches, strict=True)]
    if not costs:
        raise InputError("the text has no pairs of words: give more text, or --sample 0")
    if not np.all(np.isfinite(costs)):
        raise InputError("the cost is no longer finite: give a smaller --learning-rate")
    return float(np.mean(costs))


def take(step, minibatches, show):
    """A step for each minibatch."""
    n = len(minibatches[0])
    if n == STACK:
        step.run(*minibatches, every=EVERY, callback=show)
        return
    # A stack of another length, which JAX would have to compile for.
    for steps, minibatch in enumerate(zip(*minibatches, strict=True), 1):
        step(*minibatch)
        if steps % EVERY == 0 or steps == n:
            show(steps)


# %% [markdown]
# ## Results
#
# The input vectors are the word vectors. They are saved in the two formats of word2vec, which
# most tools for word vectors read.


# %%
def save(words, vectors, folder):
    """Write `vectors.txt` and `vectors.bin` in the formats of word2vec."""
    broken = [word for word in words if not word or re.search(r"\s", word)]
    if broken:
        raise InputError(
            f"the word {broken[0]!r} holds white space or nothing, which the formats of word2vec "
            "use to end a word: rename it"
        )
    header = f"{len(words)} {vectors.shape[1]}\n"
    vectors = vectors.astype("<f4")
    with open(folder / "vectors.txt", "w", encoding="utf-8") as text:
        text.write(header)
        for word, vector in zip(words, vectors, strict=True):
            # Nine digits give the very same float32 when they are read back.
            text.write(f"{word} {' '.join(f'{x:.9g}' for x in vector)}\n")
    with open(folder / "vectors.bin", "wb") as binary:
        binary.write(header.encode())
        for word, vector in zip(words, vectors, strict=True):
            binary.write(word.encode() + b" " + vector.tobytes() + b"\n")


def neighbours(row, vectors, n=6):
    """The rows whose vectors have the largest cosine with that of `row`."""
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12)
    nearest = np.argsort(-(unit @ unit[row]))
    return [k for k in nearest if k != row][:n]


def content_words(words, n=10):
    """Frequent words that are long enough to mean something by themselves."""
    return [word for word in words[20:] if len(word) > 5][:n]


def draw(words, vectors, costs, path, n=120):
    """A picture of the most frequent words, and of the cost after each epoch.

    The words stand along the two directions in which their vectors vary most.
    """
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    centred = vectors[:n] - vectors[:n].mean(axis=0)
    points = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 7), width_ratios=(2, 1), layout="constrained"
    )
    left.scatter(*points.T, s=4)
    left.set(title="The most frequent words", xlabel="first direction", ylabel="second direction")
    right.plot(costs, marker="o")
    right.set(title="What is held out", xlabel="epoch", ylabel="cost per pair")
    figure.canvas.draw()  # lays the axes out, so that labels have their places
    label(left, words, points)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def label(axes, words, points):
    """Write words at their points, the most frequent first, and leave out what would overlap."""
    taken = []
    for word, point in zip(words, points, strict=False):
        text = axes.annotate(word, point, (2, 2), textcoords="offset points", fontsize=8)
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)


# %%
def main(argv=None):
    """Train, save, print neighbours; the exit code."""
    arguments = parse(argv)
    try:
        return run(arguments)
    except (InputError, OSError, sg.errors.SymgradError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def run(arguments):
    """All of it, once the options are read."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    vocabulary, W_in, _, costs, finished = learn(arguments)
    words, vectors = vocabulary.words, W_in.get_value()
    save(words, vectors, arguments.out)
    draw(words, vectors, costs, arguments.out / "words.png")
    for word in arguments.words or content_words(words):
        nearest = neighbours(vocabulary.rows[word], vectors)
        print(f"{word}: {' '.join(words[k] for k in nearest)}")
    print(f"{'saved' if finished else 'interrupted; saved what was learnt'} in {arguments.out}")
    return 0 if finished else 130


def learn(arguments):
    """The vocabulary, both tables, the costs, and whether training came to its end."""
    rng, texts = np.random.default_rng(arguments.seed), sources(arguments.text)
    vocabulary = count(texts, arguments.min_count, arguments.negatives)
    if unknown := [word for word in arguments.words if word not in vocabulary.rows]:
        raise InputError(f"--words: {', '.join(unknown)}: not in the vocabulary of the text")
    n_words = len(vocabulary.words)
    print(f"{vocabulary.counts.sum():,} words, {n_words:,} different ones")
    rate = sg.shared(np.float32(arguments.learning_rate), name="rate")
    W_in, W_out = tables(n_words, arguments.dim, rng)
    step, cost = compile_training(W_in, W_out, rate, arguments)
    print(step.audit)
    sampler = Sampler(vocabulary, arguments.window, arguments.noise, arguments.sample, rng)
    costs, finished = train(step, cost, rate, texts, sampler, arguments)
    return vocabulary, W_in, W_out, costs, finished


def parse(argv):
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("text", nargs="*", metavar="TEXT", help="files of running text, in UTF-8")
    add("--words", nargs="+", default=[], help="words whose neighbours to print", metavar="WORD")
    add("--backend", choices=("c", "numba", "jax"))
    add("--rule", choices=sg.RULES, default="adagrad")
    add("--learning-rate", type=float, help="at the start; default: one for each rule")
    add("--dim", type=positive, default=100, help="length of the vectors")
    add("--window", type=positive, default=5, help="how far neighbours may be")
    add("--negatives", type=positive, default=5, help="negatives for each pair")
    add("--sample", type=float, default=1e-4, help="share above which words are thinned out, or 0")
    add("--min-count", type=positive, default=5, help="leave rarer words out")
    add("--epochs", type=positive, default=10)
    add("--batch", type=positive, default=16, help="words for each step")
    add("--noise", type=positive, default=64, help="words that are the negatives of a step")
    add("--seed", type=int, default=1)
    add("--out", type=Path, default=Path(__file__).parent / "pictures" / "words")
    arguments = parser.parse_args(argv)
    if arguments.learning_rate is None:
        arguments.learning_rate = RATES.get(arguments.rule, OTHER_RATE)
    return arguments


def positive(text):
    """A whole number above zero, for argparse."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
