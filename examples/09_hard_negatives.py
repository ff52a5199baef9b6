"""Texts and tags in one space: negatives drawn at random, and hard ones mined from a pool.

The text is the documentation in the standard library's own source; a tag is the package that a
sentence is of. With --text it is yours: lines of a tag, a tabulator and a sentence.
"""

# %% [markdown]
# # Hard negatives
#
# A text is the mean of the vectors of its words, a tag is a vector in the same table, and the
# score of a tag for a text is their scalar product. The right tag is to score higher than others
# by a margin. Most others do so soon, cost nothing and teach nothing. So a pool of tags is drawn,
# all of it is scored without a gradient, and the cost is that of those which score highest: the
# update touches the rows of these few.
#
# StarSpace does this with negatives that are drawn at random until one violates the margin.

# %%
import argparse
import ast
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg
from symgrad import embeddings

WORD = re.compile(r"[^\W\d_]+")
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z])")
LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "pydoc_data"}
LONGEST = 30  # words of a sentence that are read

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


def from_file(path):
    """``{tag: [words of a sentence, ...]}`` of a file with lines of tag, tabulator, sentence."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        tag, _, sentence = line.partition("\t")
        if words := tuple(WORD.findall(sentence.lower())):
            found.setdefault(tag, []).append(words)
    return found


@dataclass(frozen=True)
class Data:
    """Sentences as rows of words, padded with row 0 at a share of 0, and their tags."""

    rows: np.ndarray
    shares: np.ndarray
    tags: np.ndarray

    def __getitem__(self, chosen):
        return Data(self.rows[chosen], self.shares[chosen], self.tags[chosen])


def prepare(found, least):
    """``(names of tags, number of words, all sentences)``; tags have their rows after the words."""
    names = sorted(name for name, texts in found.items() if len(texts) >= least)
    texts = [(words[:LONGEST], name) for name in names for words in found[name]]
    vocabulary = sorted({word for words, _ in texts for word in words})
    row = {word: k for k, word in enumerate(vocabulary)}
    tag = {name: len(vocabulary) + k for k, name in enumerate(names)}
    rows = np.zeros((len(texts), LONGEST), "int64")
    shares = np.zeros((len(texts), LONGEST), "float32")
    for k, (words, _) in enumerate(texts):
        rows[k, : len(words)] = [row[word] for word in words]
        shares[k, : len(words)] = 1 / len(words)
    return names, len(vocabulary), Data(rows, shares, np.array([tag[name] for _, name in texts]))


# %% [markdown]
# ## The model
#
# `hard=True` chooses the `k` best of the pool, else its first `k` are taken, which are as good as
# any. In both cases those that do not violate the margin are masked, and so is the right tag.


# %%
def model(n_rows, dim, k, margin, hard, seed):
    """``(table, step)``."""
    start = np.random.default_rng(seed).normal(0, 0.1, (n_rows, dim))
    W = sg.shared(start.astype("float32"), name="W")
    rows, shares, tags = pt.lmatrix("rows"), pt.fmatrix("shares"), pt.lvector("tags")
    pool = pt.lmatrix("pool")
    text = pt.sum(shares[:, :, None] * W[rows], axis=1)

    def score(items):
        return pt.sum(text[:, None, :] * W[items], axis=-1)

    positive = pt.sum(text * W[tags], axis=1)
    allowed = pt.neq(pool, tags[:, None])
    if hard:
        index, mask = embeddings.hard_negatives(positive, score(pool), k, margin, allowed)
        negatives = embeddings.picked(pool, index)
    else:
        negatives, mask = pool[:, :k], allowed[:, :k]
    costs = embeddings.margin_cost(positive, score(negatives), margin, mask)
    updates = sg.adagrad(costs.sum(), W, learning_rate=0.1, constraint=sg.max_norm(1.0))
    return W, sg.function([rows, shares, tags, pool], costs.mean(), updates=updates)


def ranks(W, n_words, data):
    """The rank of the right tag for each sentence, 1 for the best."""
    table = W.get_value()
    text = np.einsum("nl,nld->nd", data.shares, table[data.rows])
    scores = text @ table[n_words:].T
    right = scores[np.arange(len(scores)), data.tags - n_words]
    return 1 + (scores > right[:, None]).sum(axis=1)


def train(options, n_words, n_tags, data, test, hard):
    """``[(hits@1, mean reciprocal rank)]`` on held-out sentences, after each epoch."""
    rng = np.random.default_rng(options.seed)
    sizes = n_words + n_tags, options.dim, options.negatives, options.margin
    W, step = model(*sizes, hard, options.seed)
    history = []
    for _ in range(options.epochs):
        order = rng.permutation(len(data.tags))
        for at in range(0, len(order), options.batch):
            batch = data[order[at : at + options.batch]]
            pool = rng.random((len(batch.tags), n_tags)).argsort(axis=1)[:, : options.pool]
            step(batch.rows, batch.shares, batch.tags, n_words + pool)
        rank = ranks(W, n_words, test)
        history.append((np.mean(rank == 1), np.mean(1 / rank)))
    return history


def draw(histories, path):
    """Both measures over epochs."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for name, history in histories.items():
        for panel, values in zip(panels, zip(*history, strict=True), strict=True):
            panel.plot(np.arange(1, len(values) + 1), values, label=name)
    for panel, title in zip(panels, ("hits@1", "mean reciprocal rank"), strict=True):
        panel.set(title=f"{title}, held-out sentences", xlabel="epoch")
    panels[0].legend()
    figure.savefig(path)
    pyplot.close(figure)


def main(argv=None):
    """Train with random and with hard negatives, and compare the ranks of the right tags."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--text", type=Path, help="a file with lines of tag, tabulator, sentence")
    add("--packages", nargs="+", default=[], help="of the standard library; default: all of it")
    add("--least", type=int, default=30, help="leave out tags with fewer sentences")
    add("--pool", type=int, default=40, help="candidates for each text")
    add("--negatives", type=int, default=5, help="how many of the pool are used")
    add("--margin", type=float, default=0.2)
    add("--dim", type=int, default=50)
    add("--epochs", type=int, default=10)
    add("--batch", type=int, default=64)
    add("--seed", type=int, default=1)
    add("--out", type=Path, default=Path(__file__).parent / "pictures")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)

    found = from_file(options.text) if options.text else sentences(options.packages)
    names, n_words, data = prepare(found, options.least)
    if len(names) < max(options.pool, options.negatives):
        parser.error(f"only {len(names)} tags are left: give a smaller --pool, or more text")
    order = np.random.default_rng(options.seed).permutation(len(data.tags))
    test, learnt = data[order[: len(order) // 5]], data[order[len(order) // 5 :]]
    sizes = f"{len(learnt.tags)} sentences, {len(test.tags)} to test"
    print(f"{len(names)} tags, {n_words} words, {sizes}")
    histories = {}
    for name in ("random", "hard"):
        history = train(options, n_words, len(names), learnt, test, hard=name == "hard")
        hits, reciprocal = history[-1]
        print(f"{name} negatives: hits@1 {hits:.3f}, mean reciprocal rank {reciprocal:.3f}")
        histories[name] = history
    path = options.out / "09_hard_negatives.png"
    draw(histories, path)
    print(f"drawn: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
