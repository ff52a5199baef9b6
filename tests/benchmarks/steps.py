"""What the benchmarks share: a step over triples of rows, and a fair way to compare times."""

import time
from importlib.util import find_spec

import numpy as np
import pytensor.tensor as pt
from pytensor import config

import symgrad as sg

WIDTH = 64
TRIPLES = 1024
RULES = ("sgd", "adagrad", "adam")
BACKENDS = [
    name
    for name, there in (("c", config.cxx), ("numba", find_spec("numba")), ("jax", find_spec("jax")))
    if there
]


def compile_step(rule, n_rows, backend, **options):
    """A step of a rule on the triple cost of word embeddings, and the updates in it."""
    values = np.random.default_rng(0).standard_normal((n_rows, WIDTH), "float32")
    table = sg.shared(values, name="table", borrow=True)
    reference, positive, negative = indices = pt.lvectors("reference", "positive", "negative")
    near = (table[reference] * table[positive]).sum(axis=1)
    far = (table[reference] * table[negative]).sum(axis=1)
    cost = pt.softplus(far - near).mean()
    updates = getattr(sg, rule)(cost, table, learning_rate=0.01, **options)
    return sg.function(indices, cost, updates=updates, backend=backend), updates


def batches(n_rows, n_batches=64):
    """Index vectors for steps: rows of the whole table, and other ones in each batch."""
    rng = np.random.default_rng(1)
    return list(rng.integers(0, n_rows, (n_batches, 3, TRIPLES)))


def distinct_rows(batch):
    """The distinct rows of a batch, in the order in which they appear."""
    rows, first = np.unique(batch, return_index=True)
    return rows[np.argsort(first)]


def compare(cycles, rounds=9):
    """Seconds per call of each cycle, an array with one entry per round.

    Each cycle is ``(call, batches)``. They take turns, so that what else the machine does falls
    on all of them; the first turn compiles, fills caches and touches every page of the tables.
    """
    seconds = {name: [] for name in cycles}
    for round_ in range(-1, rounds):
        for name, (call, given) in cycles.items():
            start = time.perf_counter()
            for batch in given:
                call(*batch)
            if round_ >= 0:
                seconds[name].append((time.perf_counter() - start) / len(given))
    return {name: np.array(times) for name, times in seconds.items()}


def ratio(times, base):
    """Median over the rounds of `times` over `base`."""
    return float(np.median(times / base))
