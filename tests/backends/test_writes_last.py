"""All checks and all work come before the first write into an updated shared variable."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

import symgrad as sg
from symgrad.backends import mode_of
from symgrad.backends.rewrite_order import with_symgrad_rewrites

x = pt.dvector("x")


def compiled(outputs, updates, mode=None):
    mode = with_symgrad_rewrites(Mode("py", "fast_run")) if mode is None else mode
    return pytensor.function([x], outputs, updates=updates, mode=mode)


def places_of_writes(f):
    """For each node, whether it writes in place into a shared variable."""
    fgraph = f.maker.fgraph
    shared = set(fgraph.inputs) - {fgraph.inputs[0]}
    return [
        any(node.inputs[k] in shared for ks in node.op.destroy_map.values() for k in ks)
        for node in fgraph.toposort()
    ]


def test_writes_come_after_all_other_work():
    V, W = (sg.shared(np.ones(3), name=name) for name in "VW")
    updates = {
        V: pt.inc_subtensor(V[:2], x[:2]),
        W: pt.set_subtensor(W[1:], pt.exp(x[1:])),
    }
    places = places_of_writes(compiled([pt.sqrt(x).sum(), pt.log(x).sum()], updates))
    assert places.count(True) == 2
    assert places == sorted(places)


def test_a_write_that_other_work_waits_for_is_not_in_place():
    W = sg.shared(np.ones(3), name="W")
    new = W + x
    f = compiled([pt.outer(new, new).sum()], {W: new}, mode_of("c"))
    places = places_of_writes(f)
    assert places == sorted(places)
    assert f(np.array([1.0, 0.0, 0.0]))[0] == 16
    assert W.get_value().tolist() == [2, 1, 1]


def test_work_that_fails_leaves_every_table():
    V, W = (sg.shared(np.ones(3), name=name) for name in "VW")
    f = compiled([pt.dot(x, pt.ones(3))], {V: V + 1, W: W + 1})
    with pytest.raises(ValueError, match="shape"):
        f(np.ones(4))
    assert V.get_value().tolist() == W.get_value().tolist() == [1, 1, 1]
