"""Time of a step on a large table over its time on 1e3 rows.

A step should cost what its rows cost. Two things grow with the table all the same: in a table of
1e3 rows most of the 3072 lookups of a step are repeats, and a small table stays in the caches.
`bare` shows both: it only reads and writes the distinct rows of the same batches, in as many
tables as the rule has. `explained` is the ratio of a step that is slower than on 1e3 rows by
exactly as many seconds as `bare` is.
"""

import numpy as np
import pytest

from tests.benchmarks.steps import (
    BACKENDS,
    RULES,
    batches,
    compare,
    compile_step,
    distinct_rows,
    ratio,
)

SMALL = 1_000
TABLES = {"sgd": 1, "adagrad": 2, "adam": 3}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("large", "width"), [(1_000_000, 64), (10_000_000, 16)])
def test_table_size(large, width, backend, rule, record, target):
    cycles = {}
    for n_rows in (SMALL, large):
        given = batches(n_rows)
        step, _ = compile_step(rule, n_rows, backend, width)
        cycles["step", n_rows] = step, given
        cycles["bare", n_rows] = bare_copy(n_rows, width, TABLES[rule]), distinct(given)
    times = compare(cycles)
    found = ratio(times["step", large], times["step", SMALL])
    more = times["bare", large] - times["bare", SMALL]
    record(
        rows=f"{large:.0e}",
        columns=width,
        backend=backend,
        rule=rule,
        **{"large / small": found},
        explained=ratio(times["step", SMALL] + more, times["step", SMALL]),
        bare=ratio(times["bare", large], times["bare", SMALL]),
        distinct=np.mean([len(rows) for (rows,) in distinct(batches(large))])
        / np.mean([len(rows) for (rows,) in distinct(batches(SMALL))]),
    )
    work = f"step, {rule}, {backend}, {large:.0e} rows of {width} / 1e3"
    target(work, "itself", found, at_most=4)


def bare_copy(n_rows, width, n_tables):
    """Read rows of some tables and write them back: the least that a step has to do."""
    tables = [np.ones((n_rows, width), "float32") for _ in range(n_tables)]

    def copy(rows):
        for table in tables:
            table[rows] = table[rows]

    return copy


def distinct(given):
    return [(distinct_rows(batch),) for batch in given]
