"""Scans whose step is compiled in the mode of the function around it."""

import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, get_mode
from pytensor.graph.fg import FunctionGraph
from pytensor.scan.op import Scan

from symgrad.backends.scans import scans_in_mode

x = pt.dvector("x")


def scan_after(mode):
    states = pytensor.scan(lambda v: v * 2, x, mode=mode, return_updates=False)
    fgraph = FunctionGraph([x], [states], clone=True)
    scans_in_mode("FAST_COMPILE", "a_tag", excluded=("a_rewrite",)).rewrite(fgraph)
    (op,) = (node.op for node in fgraph.apply_nodes if isinstance(node.op, Scan))
    return op


def test_a_step_without_a_mode_gets_one():
    query = scan_after(None).mode.provided_optimizer
    assert "a_tag" in query.include
    assert "a_rewrite" in query.exclude


def test_a_mode_that_was_chosen_stays():
    mode = get_mode(Mode("py", "fast_compile"))
    assert "a_tag" not in scan_after(mode).mode.provided_optimizer.include
