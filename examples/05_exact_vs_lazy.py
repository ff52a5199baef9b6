"""Adam on a stream of words: dense, exact at the cost of the rows, and lazy."""

# %% [markdown]
# # Exact and lazy updates
#
# Dense Adam moves every row in every call: a row whose gradient is zero is still carried along by
# its average `m`, and its `v` still falls. With a large table nobody can afford that, and the usual
# way out is to be lazy: leave the rows alone that a call does not read. That is another rule than
# Adam. `unused="exact"` makes up for what a row missed when it is read again. The rows end where
# dense Adam leaves them, and a call costs as much as its rows.
#
# How far are they from one another, and what does a call cost? Words come by Zipf's law, as they do
# in a text: a few in nearly every call, most of them rarely.

# %%
import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

DIM, BATCH = 32, 128
WAYS = {"dense": "decay", "exact": "exact", "lazy": "keep"}


def stream(n_words, n_calls, seed=0):
    """For each call a batch of words by Zipf's law, and a noisy sight of each word's own vector."""
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(1, n_words + 1)
    words = rng.choice(n_words, (n_calls, BATCH), p=chances / chances.sum())
    vectors = rng.normal(size=(n_words, DIM))
    for batch in words:
        yield batch, (vectors[batch] + rng.normal(size=(BATCH, DIM))).astype("float32")


def new_step(way, n_words, n_calls):
    """The table, its updates, and a step that takes words and what was seen of them."""
    W = sg.shared(np.zeros((n_words, DIM), "float32"), name="W")
    words, seen = pt.lvector("words"), pt.fmatrix("seen")
    cost = ((W[words] - seen) ** 2).sum() / BATCH
    schedule = sg.schedules.cosine(0.05, calls=n_calls)
    updates = sg.adam(cost, W, schedule.rate, unused=WAYS[way])
    step = sg.function([words, seen], cost, updates=updates | schedule.updates)
    return W, updates, step


# %% [markdown]
# ## How far from dense Adam?
#
# The error of a table is the norm of its difference from that of dense Adam, over the norm of the
# latter. `updates.flush()` brings all rows up to date, so that the tables can be compared.


# %%
def errors(n_words, n_calls, n_points=20):
    """``(calls, {way: error after so many calls})``."""
    runs = {way: new_step(way, n_words, n_calls) for way in WAYS}
    flushes = {way: updates.flush() for way, (_, updates, _) in runs.items()}
    every = max(n_calls // n_points, 1)
    calls, found = [], {"exact": [], "lazy": []}
    for call, batch in enumerate(stream(n_words, n_calls), 1):
        for _, _, step in runs.values():
            step(*batch)
        if call % every == 0:
            calls.append(call)
            for way, off in found.items():
                flushes[way]()
                dense, table = (runs[name][0].get_value() for name in ("dense", way))
                off.append(float(np.linalg.norm(table - dense) / np.linalg.norm(dense)))
    print(f"after {calls[-1]} calls, {n_words} words: error of the table against dense Adam")
    for way, off in found.items():
        print(f"  {way}: {off[-1]:.1e}")
    return calls, found


# %% [markdown]
# ## What does a call cost?
#
# A row costs as many passes as it missed calls, up to about 175, where in float32 nothing is left
# to add. All rows together then cost no more passes than dense Adam makes, and on a large table,
# most of whose rows are not read, far less.


# %%
def microseconds(sizes, n_calls):
    """``{way: median time of a call for each size}``, printed as a table on the way."""
    found = {way: [] for way in WAYS}
    print("time per call [microseconds]")
    print(f"{'words':>9}" + "".join(f"{way:>10}" for way in WAYS))
    for size in sizes:
        steps = {way: new_step(way, size, n_calls)[2] for way in WAYS}
        times = {way: [] for way in WAYS}
        for batch in stream(size, n_calls):
            for way, step in steps.items():
                start = time.perf_counter()
                step(*batch)
                times[way].append(time.perf_counter() - start)
        for way in WAYS:
            run_in = n_calls // 2  # no row can have missed more calls than there were
            found[way].append(1e6 * float(np.median(times[way][run_in:])))
        print(f"{size:>9}" + "".join(f"{found[way][-1]:>10.0f}" for way in WAYS))
    return found


def draw(calls, off, sizes, times, path):
    """Both answers in one picture."""
    try:
        import matplotlib
    except ImportError:
        print("no picture: pip install matplotlib")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for way, marker in (("lazy", "o"), ("exact", "s")):
        left.semilogy(calls, off[way], marker=marker, label=way)
    left.set(xlabel="calls", ylabel="error against dense Adam", title="Where the rows end")
    for way, marker in (("dense", "^"), ("exact", "s"), ("lazy", "o")):
        right.loglog(sizes, times[way], marker=marker, label=way)
    right.set(xlabel="words", ylabel="microseconds per call", title="What a call costs")
    for axes in (left, right):
        axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    print(f"picture: {path}")


# %%
def main(argv=None):
    """Compare where the rows end, then measure the calls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=5000, help="size of the compared tables")
    parser.add_argument("--calls", type=int, default=2000, help="calls of the comparison")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--timed-calls", type=int, default=400, help="calls for each size")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    calls, off = errors(arguments.words, arguments.calls)
    times = microseconds(arguments.sizes, arguments.timed_calls)
    draw(calls, off, arguments.sizes, times, arguments.out / "exact_vs_lazy.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
