"""What the compiler did."""

import pytensor
import pytest

import symgrad as sg
from symgrad.explain import explain
from tests.explain.costs import lookup


def test_what_the_compiler_did():
    _, _, subset, cost = lookup()
    e = explain(cost, subset, rule=sg.adam, backend="c")
    names = [rewrite.name for rewrite in e.compilation.rewrites]
    assert "MergeOptimizer" in names
    assert names.index("MergeOptimizer") < names.index("symgrad_fuse_row_updates")
    (fused,) = (loop for loop in e.compilation.fused if loop.op == "RowUpdate")
    laws = {name: formula.plain() for name, formula in fused.formulas}
    assert laws["m/W ="].startswith("0.9·m/W[row] + 0.1·")
    assert set(laws) == {"m/W =", "v/W =", "W +="}
    assert sum("RowUpdate writes" in text for text in e.compilation.in_place) == 3


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_what_other_compilers_did(backend):
    pytest.importorskip(backend)
    _, _, subset, cost = lookup()
    e = explain(cost, subset, rule=sg.adam, backend=backend)
    assert e.compilation.backend == backend
    assert e.compilation.rewrites
    assert any(loop.op == "RowUpdate" for loop in e.compilation.fused) == (backend == "numba")


def test_a_rewrite_that_would_change_the_meaning():
    W, _, subset, cost = lookup()
    updates = sg.Updates([(W, sg.set_subtensor(subset, subset + 1))])
    e = explain(cost, subset, rule=updates)
    if pytensor.__version__.startswith("3.0"):
        assert "local_set_to_inc_subtensor would turn a set" in e.compilation.warnings[0]
        assert "local_set_to_inc_subtensor" in e.text()
    assert "local_set_to_inc_subtensor" not in [rewrite.name for rewrite in e.compilation.rewrites]
