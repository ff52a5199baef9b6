"""The question of Theano's FAQ, 'How to update a subset of weights?', answered and made visible."""

# %% [markdown]
# # A lookup table
#
# Each row of a table is the vector of a word. A step reads the rows of a few words and should
# change those alone. Theano's FAQ gave the recipe: take the subset once, build the cost from it,
# differentiate with respect to it, and write the rows back.

# %%
import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

WORDS, DIM, LR = 50, 4, 0.1

# %% [markdown]
# ## The recipe
#
# The FAQ prints `inc_subtensor(subset, g*lr)`, which *ascends*: `g` points to where the cost
# grows. To descend, add `-lr*g`. A repeated index is met twice by `inc_subtensor`, and both steps
# count. `set_subtensor` writes one of the two and loses the other, so it is for distinct indices.


# %%
def recipe(values, write, backend):
    """The FAQ's program, with either way to write: the table and a function of its indices."""
    lookup_table = sg.shared(values, name="lookup_table")
    vector_of_indices = pt.lvector("vector_of_indices")
    lr = LR

    subset = lookup_table[vector_of_indices]
    cost = ((subset - 1) ** 2).sum()
    g = sg.grad(cost, subset)
    if write == "inc":
        updates = [(lookup_table, sg.inc_subtensor(subset, -lr * g))]
    else:
        updates = [(lookup_table, sg.set_subtensor(subset, subset - lr * g))]

    f = sg.function([vector_of_indices], cost, updates=updates, backend=backend)
    return lookup_table, f


def by_hand(values, indices):
    """The same step in NumPy."""
    values = values.copy()
    np.add.at(values, indices, -LR * 2 * (values[indices] - 1))
    return values


def check_recipe(backend):
    """Compare both ways with NumPy; a line for each."""
    values = np.random.default_rng(0).normal(size=(WORDS, DIM))
    for write, indices in (("inc", [3, 1, 3]), ("set", [3, 1, 4])):
        lookup_table, f = recipe(values, write, backend)
        f(indices)
        np.testing.assert_allclose(lookup_table.get_value(), by_hand(values, indices))
        changed = np.unique(np.nonzero(lookup_table.get_value() != values)[0]).tolist()
        print(f"{backend}: {write}_subtensor with {indices} changed the rows {changed}")


# %% [markdown]
# ## The warning
#
# With plain gradient descent it makes no difference whether the gradient of an unused row is zero
# or left out. With RMSprop it does: the accumulator of a rare word decays towards zero while the
# word is away. When the word comes, all its accumulator knows is the gradient of that moment, and
# each entry moves by `learning_rate / sqrt(1 - rho)`, three times what was meant, whatever its
# gradient is. `unused="decay"` is that dense rule; by default symgrad leaves unused rows and
# their accumulators as they are.
#
# The stream below draws words by Zipf's law. We follow one rare word through it.


# %%
def rmsprop_run(stream, targets, word, unused):
    """The accumulator of a word after each step, and the length of its step."""
    table = sg.shared(np.zeros((len(targets), DIM)), name="table")
    indices, wanted = pt.lvector("indices"), pt.dmatrix("wanted")
    cost = ((table[indices] - wanted) ** 2).sum()
    updates = sg.rmsprop(cost, table, learning_rate=0.01, unused=unused)
    step = sg.function([indices, wanted], updates=updates)
    accumulator = updates.slots["accumulator/table"]
    before, history, steps = np.zeros(DIM), [], []
    for batch in stream:
        # The target moves a little each time, so that there is always something to learn.
        step(batch, targets[batch] + np.sin(np.arange(DIM) + len(history)))
        row = table.get_value(borrow=True)[word].copy()
        history.append(accumulator.get_value(borrow=True)[word].mean())
        steps.append(np.abs(row - before).mean())
        before = row
    return np.array(history), np.array(steps)


def zipf_stream(n_steps, word, rng, n_words=WORDS, batch=8):
    """Batches of distinct words by Zipf's law, and `word` once in 50 steps."""
    share = 1.0 / np.arange(1, n_words + 1)
    share[word] = 0
    share /= share.sum()
    batches = [rng.choice(n_words, batch, replace=False, p=share) for _ in range(n_steps)]
    for late in batches[::50]:
        late[0] = word
    return batches


def show_warning(n_steps, path):
    """Run both, say how they differ, and draw it."""
    rng, word = np.random.default_rng(1), WORDS - 1
    stream, targets = zipf_stream(n_steps, word, rng), rng.normal(size=(WORDS, DIM))
    visits = np.flatnonzero([word in batch for batch in stream])
    runs = {unused: rmsprop_run(stream, targets, word, unused) for unused in ("keep", "decay")}
    for unused, (history, steps) in runs.items():
        waiting = history[visits[1:] - 1].mean()
        print(
            f"rmsprop, unused={unused!r}: accumulator before a visit {waiting:.2g}, "
            f"mean step at a visit {steps[visits[1:]].mean():.3f}"
        )
    draw(runs, visits, path)


def draw(runs, visits, path):
    """Accumulator and steps of the rare word over time."""
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 6))
    labels = {"keep": "rows that are used (keep)", "decay": "whole table (decay)"}
    for unused, (history, steps) in runs.items():
        above.semilogy(history, label=labels[unused])
        below.plot(visits[1:], steps[visits[1:]], "o-", label=labels[unused])
    above.set(title="RMSprop on a rare word", ylabel="accumulator")
    below.set(xlabel="step", ylabel="mean change at its visits", ylim=(0, None))
    below.legend(loc="lower left")
    figure.savefig(path, dpi=120)
    plt.close(figure)
    print(f"picture: {path}")


# %%
def main(argv=None):
    """The recipe on every backend that is installed, then the warning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500, help="length of the stream")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for backend in ("c", "jax"):
        if backend == "jax" and find_spec("jax") is None:
            print("jax: not installed, left out")
        else:
            check_recipe(backend)
    show_warning(arguments.steps, arguments.out / "rmsprop_rare_word.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
