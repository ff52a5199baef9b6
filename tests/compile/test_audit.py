"""The audit: what a call costs each table."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from tests.compile.steps import table, vector_of_indices
from tests.cost.test_index_kinds import rates


def bad_graphs():
    """Graphs that read W by index, and copy or sweep it all the same."""
    W = table()
    i = vector_of_indices
    subset = W[i]
    inc = sg.inc_subtensor(subset, 1.0)
    limit = sg.set_subtensor(inc[i], pt.clip(inc[i], -1, 1))
    return W, {
        "dense gradient": ([], [(W, W - pytensor.grad((subset**2).sum(), W))]),
        "dense decay": ([], [(W, sg.inc_subtensor((W * 0.99)[i], 1.0))]),
        "clip all": ([], [(W, pt.clip(inc, -1, 1))]),
        "old table returned": ([W], [(W, inc)]),
        "new table returned": ([inc], [(W, inc)]),
        "dense cost": ([W.sum() + subset.sum()], [(W, inc)]),
        "where": ([], [(W, pt.where(pt.gt(i.sum(), 3), inc, W))]),
        "write of a write": ([], [(W, limit)]),
    }


@pytest.mark.parametrize("case", bad_graphs()[1])
def test_the_audit_names_what_is_not_rows(case, backend):
    _W, graphs = bad_graphs()
    outputs, updates = graphs[case]
    if case == "write of a write" and backend != "numba":
        pytest.skip("both writes are in place")
    with pytest.raises(errors.AuditError, match=r"W: table (copied|swept) by \S.*\n.*Read W only"):
        sg.function([vector_of_indices], outputs, updates=updates, backend=backend)
    with pytest.warns(UserWarning, match="W: table (copied|swept)"):
        sg.function([vector_of_indices], outputs, updates=updates, backend=backend, audit="warn")


def good_graphs():
    W, V = table(), table(name="V")
    i, j = vector_of_indices, vector_of_indices + 1
    a, b = W[i], W[j]
    chained = sg.inc_subtensor(sg.inc_subtensor(a, 1.0)[j], 2.0)
    rows = pt.clip(a + 1, -1, 1)
    return W, {
        "inc": ([a.sum()], [(W, sg.inc_subtensor(a, 1.0))]),
        "rows returned": ([a], [(W, sg.inc_subtensor(a, 1.0))]),
        "other rows read": ([b.sum()], [(W, sg.inc_subtensor(a, 1.0))]),
        "two chained": ([], [(W, chained)]),
        "set of rows": ([], [(W, sg.set_subtensor(W[i[0]], rows[0]))]),
        "frozen table": ([V[i].sum()], []),
        "slice": ([W[2:4].sum()], [(W, sg.inc_subtensor(W[2:4], 1.0))]),
        "columns": ([W[:, i % 2].sum()], [(W, sg.inc_subtensor(W[:, i % 2], 1.0))]),
    }


@pytest.mark.parametrize("case", good_graphs()[1])
def test_the_audit_lets_rows_pass(case, backend):
    _W, graphs = good_graphs()
    outputs, updates = graphs[case]
    f = sg.function(
        [vector_of_indices], outputs, updates=updates, backend=backend, on_unused_input="ignore"
    )
    assert all(cost.kind == "rows" for cost in f.audit.costs)
    f([0, 3])


def test_the_audit_of_no_table():
    b = sg.shared(1.0, name="b")
    f = sg.function([], updates=[(b, b + 1)])
    assert str(f.audit) == "no table is read by index"


@pytest.mark.parametrize("rule", sorted(sg.RULES))
def test_no_node_of_a_step_is_as_large_as_the_table(rule, monkeypatch):
    """Run the compiled step node by node and look at the size of what each makes."""
    from pytensor.compile.mode import Mode
    from pytensor.link.vm import VMLinker

    from symgrad.backends import mode_of

    n, sizes = 1000, []

    def look(node, thunk, **_):
        if not node.op.destroy_map and not node.op.view_map:
            sizes.extend(np.size(storage[0]) for storage in thunk.outputs)

    linker = VMLinker(callback=look, use_cloop=False)
    mode = Mode(linker, mode_of("c").provided_optimizer)
    monkeypatch.setattr("symgrad.compile.compiled.mode_of", lambda backend: mode)
    W = sg.shared(np.zeros((n, 2)), name="W")
    updates = sg.RULES[rule]((W[vector_of_indices] ** 2).sum(), W, **rates(rule))
    sg.function([vector_of_indices], updates=updates, backend="c")([1, 2, 2])
    assert sizes
    assert max(sizes) < n
