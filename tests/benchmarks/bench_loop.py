"""Times faster than torch is a step on one triple: called from Python, and by `run`.

1e4 rows of 64 columns, sgd, adagrad and adam, 1000 triples in turn. torch takes its eager step with
sparse gradients, on one thread and on as many as it takes by itself; the targets are about the
faster of these.
"""

from importlib.util import find_spec

import numpy as np
import pytest

from tests.benchmarks.steps import (
    BACKENDS,
    RULES,
    batches,
    compare,
    compile_step,
    ratio,
    torch_step,
)

N_ROWS, STEPS = 10_000, 1000


@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
@pytest.mark.parametrize("rule", RULES)
def test_one_triple(rule, record, target):
    given = batches(N_ROWS, STEPS, triples=1)
    stacks = [tuple(np.stack(given, axis=1))]
    steps = {name: compile_step(rule, N_ROWS, name)[0] for name in BACKENDS}
    times = compare(
        {
            "torch": (torch_step(rule, N_ROWS), given),
            "torch, 1 thread": (torch_step(rule, N_ROWS, n_threads=1), given),
            **{("call", name): (step, given) for name, step in steps.items()},
            **{("run", name): (step.run, stacks) for name, step in steps.items()},
        }
    )
    torch = min(times["torch"], times["torch, 1 thread"], key=np.median)
    faster = {("call", name): ratio(torch, times["call", name]) for name in BACKENDS}
    faster |= {("run", name): ratio(torch, times["run", name] / STEPS) for name in BACKENDS}
    for way, reach in (("call", 10), ("run", 50)):
        found = {name: faster[way, name] for name in BACKENDS}
        record(rule=rule, way=way, **{f"torch / {name}": found[name] for name in BACKENDS})
        best = max(found, key=found.get)
        target(f"one triple, {rule}, {way}, best: {best}", "torch", found[best], at_least=reach)
