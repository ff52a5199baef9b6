"""Times faster than torch with sparse gradients is a whole step: cost, gradient, update.

1024 triples of 64 columns. torch runs on as many threads as it takes by itself and, since threads
that wait for each other are slow where cores are shared, on one. The targets are about the first;
where the two disagree by much, trust the second.
"""

from importlib.util import find_spec

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


@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
@pytest.mark.parametrize("n_rows", [10_000, 1_000_000])
@pytest.mark.parametrize("rule", RULES)
def test_against_torch(rule, n_rows, record, target):
    given = batches(n_rows)
    cycles = {name: (compile_step(rule, n_rows, name)[0], given) for name in BACKENDS}
    cycles["torch"] = torch_step(rule, n_rows), given
    cycles["torch, 1 thread"] = torch_step(rule, n_rows, n_threads=1), given
    times = compare(cycles)
    faster = {name: ratio(times["torch"], times[name]) for name in BACKENDS}
    record(
        rule=rule,
        rows=f"{n_rows:.0e}",
        **{f"torch / {name}": faster[name] for name in BACKENDS},
        **{f"1 thread / {name}": ratio(times["torch, 1 thread"], times[name]) for name in BACKENDS},
    )
    best = max(faster, key=faster.get)
    work = f"step, {rule}, {n_rows:.0e} rows"
    target(f"{work}, best: {best}", "torch", faster[best], at_least=3)
    if "c" in faster:
        target(f"{work}, c", "torch", faster["c"], at_least=2)
