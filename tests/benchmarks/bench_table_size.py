"""Time of a step on 1e4 and 1e6 rows, over its time on 1e3 rows.

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
    WIDTH,
    batches,
    compare,
    compile_step,
    distinct_rows,
    ratio,
)

SIZES = (1_000, 10_000, 1_000_000)
TABLES = {"sgd": 1, "adagrad": 2, "adam": 3}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_table_size(backend, rule, record):
    cycles = {}
    for n_rows in SIZES:
        given = batches(n_rows)
        step, _ = compile_step(rule, n_rows, backend)
        cycles["step", n_rows] = step, given
        cycles["bare", n_rows] = bare_copy(n_rows, TABLES[rule]), distinct(given)
    times = compare(cycles)
    small, _, large = SIZES
    more = times["bare", large] - times["bare", small]
    record(
        backend=backend,
        rule=rule,
        **{
            f"{n_rows:.0e}": ratio(times["step", n_rows], times["step", small])
            for n_rows in SIZES[1:]
        },
        explained=ratio(times["step", small] + more, times["step", small]),
        bare=ratio(times["bare", large], times["bare", small]),
        distinct=np.mean([len(rows) for (rows,) in distinct(batches(large))])
        / np.mean([len(rows) for (rows,) in distinct(batches(small))]),
    )


def bare_copy(n_rows, n_tables):
    """Read rows of some tables and write them back: the least that a step has to do."""
    tables = [np.ones((n_rows, WIDTH), "float32") for _ in range(n_tables)]

    def copy(rows):
        for table in tables:
            table[rows] = table[rows]

    return copy


def distinct(given):
    return [(distinct_rows(batch),) for batch in given]
