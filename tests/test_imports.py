"""Nothing is imported that was not asked for: each program runs in an interpreter of its own."""

import subprocess
import sys

import pytensor
import pytest

STEP = """
import sys
import numpy as np
import pytensor.tensor as pt
{before}
import symgrad as sg

W, index = sg.shared(np.ones((5, 2)), name="W"), pt.lvector("index")
cost = (W[index] ** 2).sum()
updates = sg.adam(cost, W, unused={unused!r})
f = sg.function([index], cost, updates=updates, backend={backend!r})
f([1, 1, -1])
assert np.isfinite(W.get_value()).all() and W.get_value()[1, 0] < 1 == W.get_value()[0, 0]
{after}
"""


def run(program):
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-3000:]


@pytest.mark.skipif(not pytensor.config.cxx, reason="there is no C++ compiler")
@pytest.mark.parametrize("unused", ["keep", "exact"])
def test_users_of_c_import_neither_jax_nor_numba(unused):
    after = (
        "names = {'jax', 'numba', 'pytensor.link.jax.dispatch', 'pytensor.link.numba.dispatch'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)"
    )
    run(STEP.format(before="", backend="c", unused=unused, after=after))


@pytest.mark.parametrize("unused", ["keep", "exact"])
@pytest.mark.parametrize("before", [True, False], ids=["PyTensor first", "symgrad first"])
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_a_backend_knows_our_ops_whoever_is_imported_first(backend, before, unused):
    pytest.importorskip(backend)
    dispatch = f"pytensor.link.{backend}.dispatch"
    first = f"import {dispatch}" if before else f"assert {dispatch!r} not in sys.modules"
    run(STEP.format(before=first, backend=backend, unused=unused, after=""))
