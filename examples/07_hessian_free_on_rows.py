"""Hessian-free training of a small language model: a lookup table, and the curvature on its rows.

It reads the English that every CPython carries: a help page of the language.
"""

# %% [markdown]
# # Hessian-free on the rows
#
# Theano's FAQ warned: with a whole lookup table as the parameter, 'using Hessian-Free, you will get
# many zero rows and columns', and even one of them makes the Hessian singular. With the rows that
# a call uses as the unknowns there are none, and Hessian-free works. Here it learns to tell the
# next word of a text from the two before it.

# %%
import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pytensor.tensor as pt

import symgrad as sg
from symgrad.second_order import hessian_free, hvp

WORD = re.compile(r"[^\W\d_]+")
ROUNDS = 20

# %% [markdown]
# ## The warning
#
# The Hessian column by column, from its products with unit vectors: with respect to the whole table
# and with respect to the subset. The table has 12 rows, and the call uses five.


# %%
def eigenvalues(cost, index, rows, wrt, n_rows, dim):
    """Of the Hessian of the cost, smallest first."""
    unit = pt.dmatrix("unit")
    product = sg.function([index, unit], hvp(cost, wrt, unit), audit="off")
    units = np.eye(n_rows * dim).reshape(-1, n_rows, dim)
    return np.linalg.eigvalsh([product(rows, one).ravel() for one in units])


def show_warning(n_rows=12, dim=3):
    """Print the eigenvalues for the table and for the subset."""
    rng, rows = np.random.default_rng(0), [7, 2, 9, 4, 11]
    table, index = sg.shared(rng.normal(size=(n_rows, dim)), name="table"), pt.lvector("index")
    subset = table[index]
    logits = subset @ rng.normal(size=(dim, 8))
    misses = pt.logsumexp(logits, axis=1) - logits[:, 0]
    cost = pt.sum(misses) + pt.sum(pt.mean(subset, axis=0) ** 2)
    for name, wrt, size in (("table", table, n_rows), ("subset", subset, len(rows))):
        found = eigenvalues(cost, index, rows, wrt, size, dim)
        zeros = int(np.sum(np.abs(found) < 1e-12))
        smallest, largest = np.min(np.abs(found)), np.max(found)
        print(
            f"Hessian of the {name}: {len(found)} eigenvalues, {zeros} of them zero, "
            f"smallest {smallest:.2g}, largest {largest:.2g}"
        )


# %% [markdown]
# ## The text
#
# The table has a row for each word of all help pages; the text is the beginning of one page and
# uses some of them. The classes are its most frequent words; the class 0 is any other word.


# %%
def read_text(topic, length, n_classes):
    """``(two words, class of the next word)`` at each place, and the size of the table."""
    rows = {}
    for page in topics.values():
        for word in WORD.findall(page.lower()):
            rows.setdefault(word, len(rows))
    words = WORD.findall(topics[topic].lower())[:length]
    frequent = [word for word, _ in Counter(words).most_common(n_classes - 1)]
    classes = {word: number for number, word in enumerate(frequent, 1)}
    ids = np.array([rows[word] for word in words])
    targets = np.array([classes.get(word, 0) for word in words[2:]])
    return (np.stack([ids[:-2], ids[1:-1]], axis=1), targets), len(rows)


def model(n_words, n_classes, dim=8, hidden=16):
    """``(inputs, parameters, cost, logits)``: two vectors, a hidden layer, and a softmax."""
    rng = np.random.default_rng(0)
    shapes = {"vectors": (n_words, dim), "hidden": (2 * dim, hidden), "out": (hidden, n_classes)}
    params = [
        sg.shared(rng.normal(0, 0.3, size=shape), name=name, shape=shape)
        for name, shape in shapes.items()
    ]
    vectors, weights, out = params
    words, target = pt.lmatrix("words"), pt.lvector("target")
    context = pt.concatenate([vectors[words[:, 0]], vectors[words[:, 1]]], axis=1)
    logits = pt.tanh(context @ weights) @ out
    cost = pt.mean(pt.logsumexp(logits, axis=1) - logits[pt.arange(target.shape[0]), target])
    return [words, target], params, cost, logits


# %% [markdown]
# ## The race
#
# All of the text in each call, and the same work for each rule. One call of SGD or Adam takes one
# gradient. One of Hessian-free takes a gradient, two costs, and a product for each round of
# conjugate gradients and two more; all of these are counted alike. The rates are those of 0.3, 1,
# 3, 10 for SGD, and of 0.01, 0.03, 0.1, 0.3 for Adam, whose last cost was the lowest here. What is
# left of the cost at the end are the places where the same two words go on in different ways.

# %%
RULES = {
    "sgd": (1, lambda cost, params, logits: sg.sgd(cost, params, learning_rate=3.0)),
    "adam": (1, lambda cost, params, logits: sg.adam(cost, params, learning_rate=0.1)),
    "hessian_free": (
        1 + 2 + ROUNDS + 2,
        lambda cost, params, logits: hessian_free(
            cost, params, damping=0.1, output=logits, iterations=ROUNDS
        ),
    ),
}


def run(rule, data, sizes, calls):
    """Costs of the calls, the seconds until each ended, and the audit."""
    inputs, params, cost, logits = model(*sizes)
    step = sg.function(inputs, cost, updates=rule(cost, params, logits))
    costs, times, start = [], [], time.perf_counter()
    for _ in range(calls):
        costs.append(float(step(*data)))
        times.append(time.perf_counter() - start)
    return np.array(costs), np.array(times), step.audit


def race(data, sizes, budget):
    """``{rule: (work, times, costs)}``, and two lines for each."""
    found = {}
    for name, (work, rule) in RULES.items():
        costs, times, audit = run(rule, data, sizes, budget // work)
        found[name] = work * (1 + np.arange(len(costs))), times, costs
        early, late = costs[len(costs) // 10 - 1], costs[len(costs) // 4 - 1]
        print(
            f"{name}: cost {costs[0]:.4f}, {early:.4f} at a tenth of the work, {late:.4f} at a "
            f"quarter, {costs[-1]:.4f} at the end, {len(costs)} calls, {times[-1]:.1f} seconds"
        )
        print(f"  {', '.join(str(audit).splitlines())}")
    return found


def draw(found, path):
    """The cost above the lowest of all, over the work, and over time."""
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(10, 4), layout="constrained")
    lowest = min(np.min(costs) for _, _, costs in found.values())
    for name, (work, times, costs) in found.items():
        left.loglog(work, costs - lowest, label=name)
        right.semilogy(times, costs - lowest, label=name)
    left.set(xlabel="gradients, products and costs", ylabel="cost above lowest", ylim=(1e-6, 10))
    right.set(xlabel="seconds")
    right.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    print(f"picture: {path}")


# %%
def main(argv=None):
    """The warning, then the race."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topic", default="execmodel", choices=sorted(topics), metavar="PAGE")
    parser.add_argument("--length", type=int, default=400, help="words of the page")
    parser.add_argument("--classes", type=int, default=40, help="classes of next words")
    parser.add_argument("--budget", type=int, default=2500, help="gradients for each rule")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    show_warning()
    data, n_words = read_text(arguments.topic, arguments.length, arguments.classes)
    used = len(np.unique(data[0]))
    print(f"{len(data[0])} places of the text use {used} of {n_words} words")
    found = race(data, (n_words, arguments.classes), arguments.budget)
    draw(found, arguments.out / "hessian_free.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
