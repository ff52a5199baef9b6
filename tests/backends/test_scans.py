"""Scans whose step is compiled in the mode of the function around it."""

import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode, get_mode
from pytensor.graph.fg import FunctionGraph
from pytensor.scan.op import Scan

import symgrad as sg
from symgrad.backends.scans import scans_in_mode
from symgrad.pytensor_compat import STEPS_HAVE_OWN_MODE

own_mode = pytest.mark.skipif(not STEPS_HAVE_OWN_MODE, reason="Scans have no mode of their own")
x = pt.dvector("x")


def scan_after(mode):
    states = pytensor.scan(lambda v: v * 2, x, mode=mode, return_updates=False)
    fgraph = FunctionGraph([x], [states], clone=True)
    scans_in_mode("FAST_COMPILE", "a_tag", excluded=("a_rewrite",)).rewrite(fgraph)
    (op,) = (node.op for node in fgraph.apply_nodes if isinstance(node.op, Scan))
    return op


@own_mode
def test_a_step_without_a_mode_gets_one():
    query = scan_after(None).mode.provided_optimizer
    assert "a_tag" in query.include
    assert "a_rewrite" in query.exclude


@own_mode
def test_a_mode_that_was_chosen_stays():
    mode = get_mode(Mode("py", "fast_compile"))
    assert "a_tag" not in scan_after(mode).mode.provided_optimizer.include


def test_compiling_for_one_backend_leaves_the_scan_as_it_was():
    states = pytensor.scan(lambda v: v * 2, x, return_updates=False)
    op = states.owner.op
    assert sg.function([x], states, backend="numba")([1.0, 2.0]).tolist() == [2, 4]
    assert op.mode is None
    assert sg.function([x], states, backend="jax")([1.0, 2.0]).tolist() == [2, 4]
    assert op.mode is None
