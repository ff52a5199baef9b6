"""Loops and named computations, from outside and inside."""

import pytensor.tensor as pt
from pytensor import scan

from tests.explain.costs import A, B, explained, inner, scan_of


def test_a_loop_is_explained_inside():
    h, x = pt.scalar("h"), pt.vector("x", shape=(3,))
    e = explained(scan_of(x, h)[-1] ** 2, h)
    (node,) = (node for node in e.nodes if node.inside)
    inner = {variable.name: variable for variable in node.inside.nodes}
    assert inner["h[t]"].forward.plain() == "tanh(z1)"
    assert inner["h[t-1]"].adjoint.plain() == "z̄1·x[t]"
    assert node.law == "backpropagation through time"
    checked = {(line.consumer.split()[0], line.variable) for line in e.check().lines}
    assert {("h[t]", "z1"), ("z1", "h[t-1]"), ("z1", "x[t]")} <= checked


def test_an_op_from_a_graph_is_explained_inside():
    e = explained(inner(A(3), B(3)).sum())
    assert "Inside z1: what it computes" in e.text()
    (node,) = (node for node in e.nodes if node.inside)
    body = {variable.name: variable for variable in node.inside.nodes}
    assert body["A"].adjoint.plain() == "z̄2·z1"
    assert body["z1"].forward.plain() == "exp(B)"


def test_a_loop_reads_what_it_is_given():
    (v, w), t = pt.dvectors("v", "w"), pt.dscalar("t")
    states = scan(
        lambda x, h, a: pt.tanh(a * h + x), sequences=[v], outputs_info=[t],
        non_sequences=[w[0]], return_updates=False,
    )  # fmt: skip
    e = explained((states**2).sum(), v)
    assert e.node("z2").forward.plain() == "scan(v, t, z1)"
    assert e.node("v").adjoint.plain() == "reverse_scan(z2, z̄2, z1)[2][::-1]"
    assert e.check()
