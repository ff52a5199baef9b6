"""Time of a step of Adam on the whole table over its time on the rows that the step uses.

1e6 rows of 64 columns, 1024 triples a step. The step on the whole table is that of
`unused="decay"`: the slots of all rows decay, and all rows move.
"""

import pytest

from tests.benchmarks.steps import BACKENDS, batches, compare, compile_step, ratio


@pytest.mark.parametrize("backend", BACKENDS)
def test_against_dense(backend, record, target):
    n_rows = 1_000_000
    steps = {name: compile_step("adam", n_rows, backend, unused=name)[0] for name in UNUSED}
    given = {name: batches(n_rows, n) for name, n in UNUSED.items()}
    times = compare({name: (steps[name], given[name]) for name in UNUSED}, rounds=5)
    found = ratio(times["decay"], times["keep"])
    record(rule="adam", rows=f"{n_rows:.0e}", backend=backend, **{"dense / subset": found})
    target(f"dense adam / subset adam, {backend}", "itself", found, at_least=100)


# Batches in a round: a dense step takes as long as many steps on rows.
UNUSED = {"keep": 64, "decay": 2}
