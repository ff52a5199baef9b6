"""One step on three rows of a large table: by the whole table, and by the rows."""

# %% [markdown]
# # Efficient embeddings
#
# A word `ref` is to be near `pos` and far from `neg`. The cost of such a triple reads three rows,
# but its gradient with respect to the table is as large as the table, and so is the work of
# `W - lrate * grad`. With a vocabulary of a million words nearly all of that is adding zeros.

# %%
import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

DIM, LRATE = 100, 0.1


def triple_cost(ref, pos, neg):
    """``-log(sigmoid(ref . pos)) - log(1 - sigmoid(ref . neg))``, in a form that is stable."""
    return pt.softplus(-pt.dot(ref, pos)) + pt.softplus(pt.dot(ref, neg))


def new_table(size):
    """The table at the start, the same each time."""
    values = np.random.default_rng(0).normal(0, 0.1, size=(size, DIM))
    return sg.shared(values.astype("float32"), name="W")


# %% [markdown]
# ## Three ways to write it
#
# All three take `(ref, pos, neg)`.
#
# - *dense*: the gradient of the whole table. `audit="off"` lets it pass, else it is an error.
# - *subset*: the three rows as one subset, `W[idx]`, as the well-known recipe has it.
# - *scalars*: the naive spelling, `W[ref]`, `W[pos]`, `W[neg]`. There is no single subset to
#   differentiate by; symgrad finds the three reads and joins them.


# %%
def dense_step(W):
    """All of the table in each step."""
    idx = pt.lvector("idx")
    cost = triple_cost(W[idx][0], W[idx][1], W[idx][2])
    grad_W = sg.grad(cost, W)
    updates = [(W, W - np.float32(LRATE) * grad_W)]
    return sg.function([idx], cost, updates=updates, audit="off")


def subset_step(W):
    """The rows of one subset."""
    idx = pt.lvector("idx")
    W_part = W[idx]
    cost = triple_cost(W_part[0], W_part[1], W_part[2])
    return sg.function([idx], cost, updates=sg.sgd(cost, W_part, learning_rate=LRATE))


def scalars_step(W):
    """The rows of three reads."""
    ref, pos, neg = pt.lscalars("ref", "pos", "neg")
    cost = triple_cost(W[ref], W[pos], W[neg])
    step = sg.function([ref, pos, neg], cost, updates=sg.sgd(cost, W, learning_rate=LRATE))
    return lambda idx: step(*idx)


WAYS = {"dense": dense_step, "subset": subset_step, "scalars": scalars_step}


# %%
def check_same_tables(size=50, n_steps=20):
    """All three ways end at the same table, also where a triple holds a word twice."""
    triples = np.random.default_rng(1).integers(0, size, (n_steps, 3))
    triples[0] = 7, 7, 3
    ends = {}
    for name, way in WAYS.items():
        W = new_table(size)
        step = way(W)
        for idx in triples:
            step(idx)
        ends[name] = W.get_value()
    for name, end in ends.items():
        np.testing.assert_allclose(end, ends["dense"], rtol=1e-5, atol=1e-6, err_msg=name)
    print(f"{', '.join(ends)}: the same table after {n_steps} steps")


def seconds_per_step(step, size, seconds=0.3):
    """The median time of a call."""
    idx = np.array([0, size // 2, size - 1])
    step(idx)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        step(idx)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def measure(sizes):
    """``{way: seconds for each size}``, printed as a table on the way."""
    found = {name: [] for name in WAYS}
    print("time per step [microseconds]")
    print(f"{'words':>9}" + "".join(f"{name:>12}" for name in WAYS))
    for size in sizes:
        for name, way in WAYS.items():
            found[name].append(seconds_per_step(way(new_table(size)), size))
        print(f"{size:>9}" + "".join(f"{1e6 * found[name][-1]:>12.0f}" for name in WAYS))
    return found


def draw(sizes, found, path):
    """Time per step over the size of the vocabulary."""
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5))
    for name, seconds in found.items():
        axes.loglog(sizes, seconds, "o-", label=name)
    axes.set(title="One triple", xlabel="words in the table", ylabel="seconds per step")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    print(f"picture: {path}")


# %%
def main(argv=None):
    """Check that all ways agree, then measure them."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, help="words in the table")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    check_same_tables()
    found = measure(arguments.sizes)
    draw(arguments.sizes, found, arguments.out / "time_per_step.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
