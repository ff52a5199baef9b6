"""Time to compile a step over that of stock PyTensor on the same graph.

The step of Adam, up to the end of its first call, in a process of its own. `first` starts from an
empty folder of compiled code, `cached` from the folder that the first one left. `fuse=False` leaves
out symgrad's fused updates, and with them their code to compile.
"""

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pytensor
import pytest

import symgrad as sg
from tests.benchmarks.steps import BACKENDS, batches, ratio, triple_step

ROOT = Path(__file__).parents[2]
MODES = {"c": "CVM", "numba": "NUMBA", "jax": "JAX"}
ROUNDS = 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_compile(backend, record, target, tmp_path):
    makers = ("stock", "symgrad", "fuse=False") if backend != "jax" else ("stock", "symgrad")
    seconds = {(maker, run): [] for maker in makers for run in ("first", "cached")}
    for round_ in range(ROUNDS):
        for maker in makers:
            for run in ("first", "cached"):
                folder = tmp_path / f"{maker}-{round_}"
                seconds[maker, run].append(in_process(maker, backend, folder))
    times = {key: np.array(found) for key, found in seconds.items()}
    for run in ("first", "cached"):
        found = {maker: ratio(times[maker, run], times["stock", run]) for maker in makers[1:]}
        record(backend=backend, run=run, **{f"{maker} / stock": found[maker] for maker in found})
        target(f"compile, {backend}, {run}", "stock PyTensor", found["symgrad"], at_most=1.3)


def in_process(maker, backend, folder):
    """Seconds that compiling takes in a process of its own."""
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    flags = f"{flags},base_compiledir={folder}".lstrip(",")
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", __name__, maker, backend],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTENSOR_FLAGS": flags},
    )
    return json.loads(child.stdout)


def seconds_to_first_call(maker, backend):
    """Compile and call once; the graph, and what is imported with the backend, are there before."""
    inputs, cost, updates = triple_step("adam", 10_000)
    (batch,) = batches(10_000, 1)
    if backend != "c":
        import_module(backend)
    start = time.perf_counter()
    if maker == "stock":
        step = pytensor.function(inputs, cost, updates=updates, mode=MODES[backend])
    else:
        fuse = maker == "symgrad"
        step = sg.function(inputs, cost, updates=updates, backend=backend, fuse=fuse)
    step(*batch)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(seconds_to_first_call(*sys.argv[1:])))
