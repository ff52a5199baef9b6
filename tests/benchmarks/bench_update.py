"""Time of an update over that of a loop in C that only reads and writes the same rows.

`update / bare` is the update alone, from an index of 3072 entries and a gradient row for each, as
`step` has them: its checks, the sums of repeated rows, the law, and the writes. The loop, compiled
with g++, gets the distinct rows of the same tables, adds one to each entry, and does nothing else.
On 1e4 rows the tables stay in the caches, and what shows is the law (a root and a quotient for each
entry) and the gradient, which the loop does not read.
`unfused / fused` compares whole steps with and without the rewrite.
"""

import ctypes
import subprocess
from functools import partial
from unittest.mock import patch

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor import config

import symgrad as sg
from tests.benchmarks.steps import (
    RULES,
    WIDTH,
    batches,
    compare,
    compile_step,
    distinct_rows,
    ratio,
)

pytestmark = pytest.mark.skipif(not config.cxx, reason="there is no C++ compiler")

BARE = """
#include <cstdint>
extern "C" void touch(float **tables, int n_tables, const int64_t *rows, int64_t n, int64_t width)
{
    for (int64_t i = 0; i < n; i++)
        for (int t = 0; t < n_tables; t++) {
            float *row = tables[t] + rows[i] * width;
            for (int64_t j = 0; j < width; j++) row[j] += 1.0f;
        }
}
"""


@pytest.mark.parametrize("n_rows", [10_000, 1_000_000])
@pytest.mark.parametrize("rule", RULES)
def test_update(rule, n_rows, record, target, touch):
    table = sg.shared(np.ones((n_rows, WIDTH), "float32"), name="table", borrow=True)
    index, gradient = pt.lvector("index"), pt.fmatrix("gradient")
    updates = sg.RULES[rule]([gradient], [table[index]], learning_rate=0.01)
    update = sg.function([index, gradient], updates=updates, backend="c")
    tables = [one.get_value(borrow=True) for one in updates if one.type.ndim == 2]
    given = batches(n_rows)
    g = np.random.default_rng(2).standard_normal((given[0].size, WIDTH), "float32")
    times = compare(
        {
            "update": (update, [(batch.ravel(), g) for batch in given]),
            "bare": (lambda rows: touch(tables, rows), [(distinct_rows(b),) for b in given]),
        }
    )
    steps = {}
    for fuse in (False, True):
        with patch.object(sg, "function", partial(sg.function, fuse=fuse)):
            steps[fuse] = compile_step(rule, n_rows, "c")[0], given
    steps = compare(steps)
    found = ratio(times["update"], times["bare"])
    target(f"update alone, {rule}, {n_rows:.0e} rows, C", "bare loop", found, at_most=1.5)
    record(
        rule=rule,
        rows=f"{n_rows:.0e}",
        **{
            "update / bare": found,
            "unfused / fused": ratio(steps[False], steps[True]),
        },
    )


@pytest.fixture(scope="module")
def touch(tmp_path_factory):
    """The bare loop."""
    source = tmp_path_factory.mktemp("bare") / "bare.cpp"
    source.write_text(BARE)
    library = source.with_suffix(".so")
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run([config.cxx, *flags, str(source), "-o", str(library)], check=True)
    loop = ctypes.CDLL(str(library)).touch

    def run(tables, rows):
        pointers = (ctypes.c_void_p * len(tables))(*(one.ctypes.data for one in tables))
        size, width = ctypes.c_int64(len(rows)), ctypes.c_int64(WIDTH)
        loop(pointers, len(tables), ctypes.c_void_p(rows.ctypes.data), size, width)

    return run
