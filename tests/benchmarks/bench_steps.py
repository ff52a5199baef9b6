"""Time of a whole step (cost, gradient, update) over that of torch with sparse gradients.

1024 triples of 64 columns. torch runs on as many threads as it takes by itself and, since threads
that wait for each other are slow where cores are shared, on one. `decay / keep` is Adam on 1e5
rows that decays the slots of all rows in each step, over Adam on the rows that the step uses.
"""

from importlib.util import find_spec

import numpy as np
import pytest

from tests.benchmarks.steps import BACKENDS, RULES, WIDTH, batches, compare, compile_step, ratio


@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
@pytest.mark.parametrize("n_rows", [10_000, 1_000_000])
@pytest.mark.parametrize("rule", RULES)
def test_against_torch(rule, n_rows, record):
    given = batches(n_rows)
    cycles = {name: (compile_step(rule, n_rows, name)[0], given) for name in BACKENDS}
    cycles["torch"] = torch_step(rule, n_rows), given
    cycles["torch, 1 thread"] = torch_step(rule, n_rows, n_threads=1), given
    times = compare(cycles)
    record(
        rule=rule,
        rows=f"{n_rows:.0e}",
        **{f"{name} / torch": ratio(times[name], times["torch"]) for name in BACKENDS},
        **{f"{name} / 1 thread": ratio(times[name], times["torch, 1 thread"]) for name in BACKENDS},
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_against_dense(backend, record):
    n_rows = 100_000
    given = batches(n_rows, n_batches=8)
    times = compare(
        {
            unused: (compile_step("adam", n_rows, backend, unused=unused)[0], given)
            for unused in ("keep", "decay")
        }
    )
    record(
        rule="adam",
        rows=f"{n_rows:.0e}",
        backend=backend,
        **{"decay / keep": ratio(times["decay"], times["keep"])},
    )


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
