"""Pre-trained vectors in a larger vocabulary: frozen, slow or free, for a text classifier.

The text is the documentation in the standard library's own source: which package is a sentence of?
"""

# %% [markdown]
# # Pre-trained and frozen
#
# Few sentences have a label, many have none. So the vectors of words are learnt first, from text
# without labels, and a classifier starts from them. Most of its vocabulary is in the file of
# vectors; new words are not, and have to be learnt from the few. Pre-trained rows may then stay
# bit for bit (`sg.freeze_rows`, a mask: their slots stay as well), move slowly (`row_rates`), or
# move as all others do.

# %%
import argparse
import ast
import re
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg
from symgrad import embeddings

WORD = re.compile(r"[^\W\d_]+")
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z])")
LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "pydoc_data"}
BATCH, NEGATIVES, WINDOW = 1024, 5, 4

# %% [markdown]
# ## Text
#
# All sentences of six words or more that are in docstrings, each once.


# %%
def sentences(packages):
    """``{package: [words of a sentence, ...]}`` of the standard library, or of some packages."""
    root, found, seen = Path(sysconfig.get_path("stdlib")), {}, set()
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        package = parts[0].removesuffix(".py")
        if LEFT_OUT & set(parts) or (packages and package not in packages):
            continue
        for text in docstrings(ast.parse(path.read_bytes())):
            for sentence in SENTENCE_END.split(" ".join(text.split())):
                words = tuple(WORD.findall(sentence.lower()))
                if len(words) >= 6 and words not in seen:
                    seen.add(words)
                    found.setdefault(package, []).append(words)
    return found


def docstrings(node):
    """Paragraphs of prose in the docstrings of a module, its classes and their functions."""
    for text in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
        if text.lstrip()[:1].isalpha() and ">>>" not in text:
            yield text
    for inner in node.body:
        if isinstance(inner, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from docstrings(inner)


def split(found, topics, labelled, rng):
    """Few sentences with labels, as many sentences to test with, and all others without labels.

    The topics are the packages with the most sentences. Sentences are drawn at random.
    """
    names = sorted(found, key=lambda name: -len(found[name]))[:topics]
    train, test = [], []
    rest = [words for name in found if name not in names for words in found[name]]
    for label, name in enumerate(names):
        order = rng.permutation(len(found[name]))
        mixed = [found[name][k] for k in order]
        half = len(mixed) // 2
        train += [(label, words) for words in mixed[:labelled]]
        test += [(label, words) for words in mixed[half:]]
        rest += mixed[:half]
    return names, train, test, rest


# %% [markdown]
# ## Vectors from text without labels
#
# Skip-gram with negative sampling, as in `03_word_embeddings.py`. A negative that is the neighbour
# itself would teach the opposite, so it is drawn again.


# %%
def pretrain(texts, dim, epochs, rng):
    """Words that occur five times or more, and their vectors."""
    counts = Counter(word for words in texts for word in words)
    kept = [word for word, n in counts.most_common() if n >= 5]
    row = {word: k for k, word in enumerate(kept)}
    frequency = np.array([counts[word] for word in kept])
    keep = embeddings.keep_probability(frequency, sample=1e-3)
    noise = embeddings.NoiseSampler(frequency)
    ids = [np.array([row[w] for w in words if w in row], "int64") for words in texts]
    W_in = sg.shared(rng.normal(0, 0.1, (len(kept), dim)).astype("float32"), name="W_in")
    W_out = sg.shared(np.zeros((len(kept), dim), "float32"), name="W_out")
    step = skip_gram(W_in, W_out)
    for _ in range(epochs):
        found = pairs(ids, keep, rng)
        for k in range(0, len(found), BATCH):
            word, near = found[k : k + BATCH].T
            first, *again = rng.random((3, len(word), NEGATIVES))
            step(word, near, noise.draw(first, near[:, None], again))
    return kept, W_in.get_value()


def skip_gram(W_in, W_out):
    """The step on a batch of words, their neighbours and negatives."""
    word, near, negatives = pt.lvector("word"), pt.lvector("near"), pt.lmatrix("negatives")
    v = W_in[word]
    positive = pt.sum(v * W_out[near], axis=1)
    negative = pt.sum(v[:, None, :] * W_out[negatives], axis=2)
    cost = embeddings.logistic_cost(positive, negative).sum()
    updates = sg.adagrad(cost, [W_in, W_out], learning_rate=0.1)
    return sg.function([word, near, negatives], updates=updates)


def pairs(ids, keep, rng):
    """(word, neighbour) within sentences, frequent words thinned out, in random order."""
    found = []
    for words in ids:
        words = words[rng.random(len(words)) < keep[words]]
        for distance in range(1, min(WINDOW + 1, len(words))):
            found.append(np.stack([words[:-distance], words[distance:]], 1))
    both = np.concatenate(found)
    return rng.permutation(np.concatenate([both, both[:, ::-1]]))


# %% [markdown]
# ## The classifier
#
# A sentence is the mean of its words: `bags @ E[words]`, with the distinct words of the batch. A
# softmax over the topics follows.


# %%
def bags(texts, row):
    """``(distinct words, matrix of the share of each word in each text)``."""
    words = sorted({row[word] for _, text in texts for word in text})
    column = {word: k for k, word in enumerate(words)}
    shares = np.zeros((len(texts), len(words)), "float32")
    for k, (_, text) in enumerate(texts):
        for word in text:
            shares[k, column[row[word]]] += 1 / len(text)
    return np.array(words), shares


def classifier(table, topics, make_options):
    """``(table, updates, step, predict)``."""
    E = sg.shared(table.copy(), name="E")
    V = sg.shared(np.zeros((table.shape[1], topics), "float32"), name="V")
    words, shares, labels = pt.lvector("words"), pt.fmatrix("shares"), pt.lvector("labels")
    scores = pt.dot(pt.dot(shares, E[words]), V)
    right = scores[pt.arange(labels.shape[0]), labels]
    cost = (pt.logsumexp(scores, axis=1) - right).mean()
    updates = sg.adam(cost, [E, V], learning_rate=0.01, **make_options(E))
    step = sg.function([words, shares, labels], cost, updates=updates)
    predict = sg.function([words, shares], pt.argmax(scores, axis=1))
    return E, updates, step, predict


def ways(found):
    """How the pre-trained rows may move, by the options of the rule."""
    return {
        "random": lambda E: {},
        "frozen": lambda E: {"mask": {E: sg.freeze_rows(E, found)}},
        "slow": lambda E: {"row_rates": {E: np.where(found, 0.1, 1.0)}},
        "fine-tuned": lambda E: {},
    }


def compare(tables, found, row, train, test, topics, steps):
    """Accuracy on the held-out sentences along the training, for each way."""
    accuracy = {}
    (words, shares), (test_words, test_shares) = bags(train, row), bags(test, row)
    labels, answers = (np.array([label for label, _ in texts]) for texts in (train, test))
    for name, make_options in ways(found).items():
        E, updates, step, predict = classifier(tables[name], topics, make_options)
        accuracy[name] = []
        for number in range(steps):
            step(words, shares, labels)
            if number % 5 == 4:
                right = predict(test_words, test_shares) == answers
                accuracy[name].append(right.mean())
        print(
            f"{name}: accuracy {accuracy[name][-1]:.3f}, {changed(E, updates, tables[name], found)}"
        )
    return accuracy


def changed(E, updates, before, found):
    """How many pre-trained rows have changed, and in how many a slot has."""
    moved = (E.get_value() != before).any(axis=1)
    slots = [updates.slots[f"{slot}/E"].get_value().any(axis=1) for slot in ("m", "v")]
    visited = np.logical_or(*slots)
    return (
        f"{np.sum(moved & found)} rows with pre-trained words changed, slots of "
        f"{np.sum(visited & found)}; {np.sum(moved & ~found)} other rows"
    )


def draw(accuracy, path):
    """Accuracy over steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for name, values in accuracy.items():
        axes.plot(5 * np.arange(1, len(values) + 1), values, label=name)
    axes.set(xlabel="step", ylabel="accuracy on held-out sentences", title="Vectors of words")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)


def main(argv=None):
    """Learn vectors, load them into a larger vocabulary, compare what may be done with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--packages", nargs="+", default=[], help="of the standard library; default: all of it")
    add("--topics", type=int, default=10, help="how many packages to tell from each other")
    add("--labelled", type=int, default=10, help="sentences with a label for each of them")
    add("--dim", type=int, default=50, help="length of the vectors")
    add("--epochs", type=int, default=5, help="of learning the vectors")
    add("--steps", type=int, default=100, help="of the classifier")
    add("--seed", type=int, default=1)
    add("--out", type=Path, default=Path(__file__).parent / "pictures")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)

    text = sentences(options.packages)
    names, train, test, rest = split(text, options.topics, options.labelled, rng)
    print(f"{len(train)} sentences with a label, {len(test)} to test, {len(rest)} without a label")
    print(f"topics: {' '.join(names)}")
    path = options.out / "vectors.glove.txt"
    embeddings.write_vectors(path, *pretrain(rest, options.dim, options.epochs, rng), "glove")

    words = sorted({word for _, sentence in train + test for word in sentence})
    with embeddings.stream_vectors(path, "glove") as (dim, pairs):
        table, found = embeddings.pretrained_table(words, pairs, dim, seed=rng)
    print(f"{np.sum(found)} of {len(words)} words have a vector in {path.name}")
    spread = rng.normal(0, table.std(), table.shape).astype("float32")
    tables = {name: spread if name == "random" else table for name in ways(found)}
    row = {word: k for k, word in enumerate(words)}
    accuracy = compare(tables, found, row, train, test, len(names), options.steps)
    path = options.out / "08_pretrained_and_frozen.png"
    draw(accuracy, path)
    print(f"drawn: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
