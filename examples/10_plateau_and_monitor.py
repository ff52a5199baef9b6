"""Update rules side by side: clipped gradients, a rate that falls on a plateau, and a monitor."""

# %% [markdown]
# # The rules of the textbooks, on one plot
#
# A small language model guesses the next word from the word before it: a table of embeddings, of
# which a call reads a few rows, and a softmax over the vocabulary, of which it reads all. Eight
# rules learn it from the same text, the same batches and the same start. Each has its gradients
# clipped to a norm, and its learning rate halved when the cost of an epoch has stopped falling.
#
# `sg.monitor` looks at every tenth call: costs, norms, steps relative to the weights, the share of
# the rows that were ever touched. It changes nothing in what is learnt.

# %%
import argparse
import re
import sys
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

WORD = re.compile(r"[a-z]+")
RATES = {
    "sgd": 1.0,
    "momentum": 0.2,
    "nesterov_momentum": 0.2,
    "adagrad": 0.1,
    "rmsprop": 0.01,
    "adadelta": 3.0,
    "adam": 0.01,
    "adam_decayed": 0.01,
}
CLIP = 5.0
EVERY = 10

# %% [markdown]
# ## The text
#
# The help pages that every CPython carries. The most frequent words have a row each; all others
# share the last row.


# %%
def pairs(n_words, n_pairs):
    """``(word, next word)`` as rows of the vocabulary, each of shape ``(n_pairs,)``."""
    from pydoc_data.topics import topics

    text = WORD.findall("\n".join(topics.values()).lower())
    words, counts = np.unique(text, return_counts=True)
    frequent = words[np.argsort(-counts, kind="stable")][: n_words - 1]
    rows = {word: row for row, word in enumerate(frequent)}
    ids = np.array([rows.get(word, n_words - 1) for word in text[: n_pairs + 1]])
    return ids[:-1], ids[1:]


# %% [markdown]
# ## The model
#
# The plateau is found in a function of its own, from the cost of the epoch; it shares the rate with
# the function that steps.


# %%
class Model:
    """A table of embeddings, a softmax, and their updates by one rule, monitored."""

    def __init__(self, rule, n_words, dim):
        rng = np.random.default_rng(0)
        E = sg.shared(rng.normal(0, 0.1, (n_words, dim)).astype("float32"), name="E")
        V = sg.shared(rng.normal(0, 0.1, (dim, n_words)).astype("float32"), name="V")
        b = sg.shared(np.zeros(n_words, "float32"), name="b")
        word, following = pt.lvector("word"), pt.lvector("following")
        scores = pt.dot(E[word], V) + b
        chosen = scores[pt.arange(word.shape[0]), following]
        cost = (pt.logsumexp(scores, axis=1) - chosen).mean()
        epoch_cost = pt.dscalar("epoch_cost")
        self.plateau = sg.schedules.reduce_on_plateau(
            epoch_cost, RATES[rule], factor=0.5, patience=0, threshold=0.01
        )
        updates = sg.RULES[rule](
            cost,
            [E, V, b],
            learning_rate=self.plateau.rate,
            transforms=[sg.clip_norms(CLIP)],
        )
        self.watch = sg.monitor(updates, every=EVERY)
        self.step = sg.function([word, following], cost, updates=self.watch)
        self.end_epoch = sg.function([epoch_cost], updates=self.plateau.updates)

    def learn(self, data, epochs, batch):
        """The mean cost of each epoch."""
        rng, found = np.random.default_rng(0), []
        for _ in range(epochs):
            order = rng.permutation(len(data[0]))
            cut = [order[k : k + batch] for k in range(0, len(order) - batch + 1, batch)]
            costs = [self.step(data[0][rows], data[1][rows]) for rows in cut]
            found.append(float(np.mean(costs)))
            self.end_epoch(found[-1])
        return found


# %% [markdown]
# ## Side by side


# %%
def compare(rules, data, options):
    """``{rule: (model, cost of each epoch)}``, and a row of a table for each."""
    print(f"{'rule':18} {'first':>6} {'last':>6} {'rate':>7} {'step/weight':>11} {'coverage':>8}")
    found = {}
    for rule in rules:
        model = Model(rule, options.words, options.dim)
        costs = model.learn(data, options.epochs, options.batch)
        _, scalars = model.watch.history[-1]
        rate = float(model.plateau.rate.get_value())
        print(
            f"{rule:18} {costs[0]:6.3f} {costs[-1]:6.3f} {rate:7.4f} "
            f"{scalars['update_to_weight/E']:11.2e} {scalars['coverage/E']:8.1%}",
            flush=True,
        )
        found[rule] = model, costs
    return found


def draw(found, path):
    """Learning curves of all rules, and how large their steps are."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    curves, steps = figure.subplots(1, 2)
    for rule, (model, costs) in found.items():
        calls, scalars = zip(*model.watch.history, strict=True)
        curves.plot(range(1, len(costs) + 1), costs, marker=".", label=rule)
        steps.semilogy(calls, [one["update_to_weight/E"] for one in scalars], linewidth=1)
    curves.set(title="learning curves", xlabel="epoch", ylabel="cost per word")
    curves.legend(fontsize="small")
    steps.set(title="step over weight, rows of the embedding", xlabel="call")
    figure.savefig(path)


def main(argv=None):
    """Compare, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rules", nargs="+", choices=RATES, default=list(RATES))
    add("--words", type=int, default=300, help="rows of the vocabulary")
    add("--dim", type=int, default=16, help="length of the vectors")
    add("--pairs", type=int, default=10_000, help="how much of the text is read")
    add("--epochs", type=int, default=6)
    add("--batch", type=int, default=100)
    add("--out", type=Path, default=Path(__file__).parent / "pictures")
    options = parser.parse_args(argv)
    if options.pairs // options.batch < EVERY:
        parser.error(f"--pairs must be at least {EVERY} times --batch")
    found = compare(options.rules, pairs(options.words, options.pairs), options)
    best = min(found, key=lambda rule: found[rule][1][-1])
    print(f"lowest cost: {best}")
    options.out.mkdir(parents=True, exist_ok=True)
    draw(found, options.out / "10_learning_curves.png")
    found[best][0].watch.plot(options.out / "10_monitor.png")
    print(f"drawn: {options.out / '10_learning_curves.png'}, {options.out / '10_monitor.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
