"""Saved and resumed: runs that are broken off, also by the death of the process."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.training.checkpoint import load, save
from tests.training.checkpoint.conftest import SUFFIXES, bits, some


def test_all_kinds_come_back_bit_for_bit(path):
    saved, other = some(1), some(2)
    notes = {"epoch": 3, "rates": [0.1, 1e-30], "nested": {"word": "é\n"}, "none": None}
    save(path, saved, notes=notes)
    assert bits(saved) != bits(other)
    assert load(path, other) == notes
    assert bits(saved) == bits(other)
    assert not os.listdir(path.parent)[1:]


def test_values_are_fresh_and_writable(path):
    saved = some()
    save(path, saved)
    load(path, saved)
    saved["W"].get_value(borrow=True)[0] = 7.0
    load(path, saved)
    assert (saved["W"].get_value() != 7.0).all()


class Run:
    """A small program: Adam on a table and a dense matrix, with noise where there is a state."""

    def __init__(self, counter="call", backend="c", noise=True):
        start = np.random.default_rng(0)
        self.W = sg.shared(start.normal(size=(50, 3)).astype("float32"), name="W")
        A = sg.shared(start.normal(size=(3, 2)), name="A")
        index, y = pt.lvector("index"), pt.dmatrix("y")
        rng, new = {}, y
        if noise:
            generator = sg.shared(np.random.default_rng(5), name="rng")
            after, new = pt.random.normal(size=y.shape, rng=generator, return_next_rng=True)
            rng = {generator: after}
        cost = ((self.W[index] @ A - y - 0.1 * new) ** 2).mean()
        updates = sg.adam(cost, [self.W, A], learning_rate=0.05, counter=counter)
        updates = sg.Updates({**updates, **rng}, updates.slots)
        self.updates = updates
        self.f = sg.function([index, y], cost, updates=updates, backend=backend)

    def step(self, number):
        draw = np.random.default_rng([7, number])
        self.f(draw.integers(-50, 50, size=8), draw.normal(size=(8, 2)))

    def bits(self):
        return bits({str(variable): variable for variable in self.updates})


@pytest.mark.parametrize("counter", ["call", "row"])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path, backend, counter):
    pytest.importorskip("safetensors")
    noise = backend != "jax"  # where PyTensor keeps the random state to itself
    unbroken, resumed = (Run(counter, backend, noise) for _ in range(2))
    for number in range(4):
        unbroken.step(number)
    paths = [tmp_path / f"run{suffix}" for suffix in SUFFIXES]
    for path in paths:
        save(path, unbroken.updates, notes={"step": 4})
    at_save = unbroken.bits()
    for number in range(4, 9):
        unbroken.step(number)

    for path in paths:
        resumed.step(100)  # somewhere else, and on JAX its tables lie on the device
        start = load(path, resumed.f)["step"]
        assert resumed.bits() == at_save
        for number in range(start, 9):
            resumed.step(number)
        assert resumed.bits() == unbroken.bits()


def test_a_table_goes_from_backend_to_backend(path):
    pytest.importorskip("jax")
    on_jax, in_c = (Run(backend=backend, noise=False) for backend in ("jax", "c"))
    on_jax.step(0)
    save(path, on_jax.f)
    load(path, in_c.f)
    assert in_c.bits() == on_jax.bits()
    in_c.step(1)


CHILD = """
import sys
from pathlib import Path
from symgrad.training.checkpoint import load, save
from tests.training.checkpoint.test_checkpoint import Run

path, run, start = Path(sys.argv[1]), Run(), 0
if path.exists():
    start = load(path, run.f)["step"]
for step in range(start, int(sys.argv[2])):
    run.step(step)
    save(path, run.f, notes={"step": step + 1})
    print(step + 1, flush=True)
"""


def child(path, steps):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, path, str(steps)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_resumption_after_kill_9_at_random_moments(path):
    """Whatever the moment, the file is some completed save, and the end is that of no kill."""
    steps, chance, unbroken = 500, random.Random(), Run()
    states = [unbroken.bits()]
    for number in range(steps):
        unbroken.step(number)
        states.append(unbroken.bits())

    for _ in range(4):
        with child(path, steps) as process:
            for _ in range(chance.randint(1, 50)):
                said = int(process.stdout.readline())
            time.sleep(chance.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            said = int((process.stdout.read().split() or [said])[-1])
        assert process.returncode == -signal.SIGKILL
        resumed = Run()
        at = load(path, resumed.f)["step"]
        assert said <= at <= said + 1
        assert resumed.bits() == states[at]

    with child(path, steps) as process:
        process.stdout.read()
    assert process.returncode == 0
    load(path, resumed.f)
    assert resumed.bits() == states[-1]
