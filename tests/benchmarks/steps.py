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


def compile_step(rule, n_rows, backend, width=WIDTH, **options):
    """A step of a rule on the triple cost of word embeddings, and the updates in it."""
    indices, cost, updates = triple_step(rule, n_rows, width, **options)
    return sg.function(indices, cost, updates=updates, backend=backend), updates


def triple_step(rule, n_rows, width=WIDTH, **options):
    """The graph of that step: its inputs, cost and updates."""
    values = np.random.default_rng(0).standard_normal((n_rows, width), "float32")
    table = sg.shared(values, name="table", borrow=True)
    reference, positive, negative = indices = pt.lvectors("reference", "positive", "negative")
    near = (table[reference] * table[positive]).sum(axis=1)
    far = (table[reference] * table[negative]).sum(axis=1)
    cost = pt.softplus(far - near).mean()
    return indices, cost, getattr(sg, rule)(cost, table, learning_rate=0.01, **options)


def batches(n_rows, n_batches=64, triples=TRIPLES):
    """Index vectors for steps: rows of the whole table, and other ones in each batch."""
    rng = np.random.default_rng(1)
    return list(rng.integers(0, n_rows, (n_batches, 3, triples)))


def distinct_rows(batch):
    """The distinct rows of a batch, in the order in which they appear."""
    rows, first = np.unique(batch, return_index=True)
    return rows[np.argsort(first)]


def torch_step(rule, n_rows, n_threads=None):
    """The same step in torch, on as many threads as torch takes by itself or as are given."""
    import torch

    torch.sparse.check_sparse_tensor_invariants.disable()  # torch warns where nothing is chosen
    n_threads = n_threads or torch.get_num_threads()
    values = np.random.default_rng(0).standard_normal((n_rows, WIDTH), "float32")
    table = torch.nn.Embedding.from_pretrained(torch.from_numpy(values), freeze=False, sparse=True)
    rules = {"sgd": "SGD", "adagrad": "Adagrad", "adam": "SparseAdam"}
    optimizer = getattr(torch.optim, rules[rule])(table.parameters(), lr=0.01)

    def step(*indices):
        torch.set_num_threads(n_threads)
        reference, positive, negative = (table(torch.from_numpy(index)) for index in indices)
        far, near = (reference * negative).sum(1), (reference * positive).sum(1)
        cost = torch.nn.functional.softplus(far - near).mean()
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost.item()

    return step


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
