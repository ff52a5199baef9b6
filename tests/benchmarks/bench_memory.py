"""Resident memory of Adam on a table of 1e6 rows, in tables of 256 MB (three are needed).

Each backend runs in a process of its own. `before` is what the table and its slots take,
`compiling`, `first` and `steps` are the peaks during compilation, the first call and 20 more, and
`after` is what is left. All count from a process that has already compiled and run the same step
on a small table. The tables are written in full first: pages of zeros take no memory until then.
On JAX `alias` and `temp` are XLA's own account: what the step updates in place, and what it needs
besides.
"""

import gc
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.steps import BACKENDS, WIDTH, batches, compile_step

N_ROWS = 1_000_000
TABLE = N_ROWS * WIDTH * 4
STATUS = Path("/proc/self/status")
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not STATUS.exists(), reason="resident memory is read from Linux's /proc")
@pytest.mark.parametrize("backend", BACKENDS)
def test_memory(backend, record):
    child = subprocess.run(
        [sys.executable, "-m", __name__, backend], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    record(**json.loads(child.stdout))


def measure(backend):
    """Compile and run the step in this process; memory in tables."""
    step, _ = compile_step("adam", 1_000, backend)
    run(step, batches(1_000, 3))
    baseline = resident()

    def peak_of(work, *args):
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts from now
        result = work(*args)
        return result, (resident("VmHWM") - baseline) / TABLE

    def tables():
        return (resident() - baseline) / TABLE

    found = {"backend": backend}
    given = batches(N_ROWS, 21)
    (step, updates), found["compiling"] = peak_of(compile_step, "adam", N_ROWS, backend)
    for table in updates:
        if table.type.ndim:
            table.get_value(borrow=True)[:] += 0
    found["before"] = tables()
    _, found["first"] = peak_of(run, step, given[:1])
    _, found["steps"] = peak_of(run, step, given[1:])
    found["after"] = tables()
    if backend == "jax":
        found |= xla_account(step, given[0])
    return found


def run(step, given):
    for batch in given:
        step(*batch)


def resident(what="VmRSS"):
    """Bytes of this process in memory: now, or at most (VmHWM)."""
    gc.collect()
    return int(re.search(rf"{what}:\s*(\d+) kB", STATUS.read_text())[1]) * 1024


def xla_account(step, batch):
    """XLA's own account of the compiled step."""
    import jax

    batch = iter(batch)
    values = [cell.storage[0] for cell in step.compiled.input_storage]
    values = [next(batch) if value is None else value for value in values]
    shapes = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in values]
    with jax.enable_x64(True):
        account = step.compiled.vm.jit_fn.lower(*shapes).compile().memory_analysis()
    return {
        "alias": account.alias_size_in_bytes / TABLE,
        "temp": account.temp_size_in_bytes / TABLE,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
