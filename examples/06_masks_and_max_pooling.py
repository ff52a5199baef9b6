"""A zero update is not an unused weight: embeddings, masked outputs and max-pooling, solved."""

# %% [markdown]
# # Connected, not non-zero
#
# Adaptive rules keep a history of gradients, and divide by its root. When a call does not use a
# weight, its gradient is zero all the same, and the history of a rarely used weight decays to
# nothing: its next step is far too large. Three layers do this to the weights in front of them: an
# embedding (the rows that are not looked up), a masked output (the steps of a sequence that are
# padding), and max-pooling (all that do not win).
#
# `mask="connected"` asks the graph which entries the cost of a call depends on, and leaves the
# value and the slots of all others alone. A gradient that is zero by chance still counts.

# %%
import argparse
import sys
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

RARE_EVERY = 50

# %% [markdown]
# Each case gives a table, a cost, and values of its inputs for a call in which the entry 0 is used
# and for one in which it is not.


# %%
def embedding(W):
    """The rows that are looked up."""
    index = pt.lvector("index")
    return [index], (W[index] ** 2).sum(), ([0, 2],), ([1, 2],)


def masked_output(W):
    """The steps that are no padding."""
    keep = pt.vector("keep", dtype="bool")
    cost = ((W * keep[:, None]) ** 2).sum()
    return [keep], cost, (np.array([1, 1, 1], bool),), (np.array([0, 1, 1], bool),)


def max_pooling(W):
    """The winner."""
    x = pt.dvector("x")
    cost = ((W * x[:, None]).max(axis=0) ** 2).sum()
    return [x], cost, (np.array([5.0, 1.0, 1.0]),), (np.array([0.1, 1.0, 1.0]),)


CASES = {"embedding": embedding, "masked output": masked_output, "max-pooling": max_pooling}

# %% [markdown]
# The dense rule is `unused="decay"`: every weight takes part in every call. It is compared with
# `mask="connected"`, and the accumulator of the entry 0 is followed.


# %%
def follow(case, calls, **options):
    """The accumulator of the rare entry after each call."""
    W = sg.shared(np.array([[1.0], [0.8], [0.6]]), name="W")
    inputs, cost, used, unused = CASES[case](W)
    updates = sg.rmsprop(cost, W, learning_rate=1e-4, **options)
    step = sg.function(inputs, updates=updates, audit="off")
    accumulator = updates.slots["accumulator/W"]
    history = []
    for call in range(calls):
        step(*(used if call % RARE_EVERY == 0 else unused))
        history.append(accumulator.get_value()[0, 0])
    return np.array(history)


def compare(calls):
    """``{case: (dense history, connected history)}``, and a line for each."""
    found = {}
    for case in CASES:
        dense = follow(case, calls, unused="decay")
        kept = follow(case, calls, mask="connected")
        before = (calls - 1) // RARE_EVERY * RARE_EVERY - 1  # just before the last use
        numbers = f"{dense[before]:.2g} dense, {kept[before]:.2g} connected"
        print(f"{case}: accumulator before a use {numbers}")
        found[case] = dense, kept
    return found


def draw(found, path):
    """Accumulators over calls, a panel for each case."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(found), figsize=(10, 3.2), layout="constrained")
    for panel, (case, (dense, kept)) in zip(panels, found.items(), strict=True):
        panel.semilogy(dense, "--", label="dense")
        panel.semilogy(kept, label='mask="connected"')
        panel.set(title=case, xlabel="call")
    panels[0].set_ylabel("accumulator of a rare entry")
    panels[0].legend()
    figure.savefig(path)
    pyplot.close(figure)


def main(argv=None):
    """Compare, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=301)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    options = parser.parse_args(argv)
    found = compare(options.calls)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "06_masks_and_max_pooling.png"
    draw(found, path)
    print(f"drawn: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
