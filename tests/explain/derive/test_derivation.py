"""The nodes of a derivation: names, ids, edges and local derivatives."""

import pytensor.tensor as pt

from tests.explain.costs import A, B, chain, explained, lookup


def test_fan_out_is_a_sum_over_consumers():
    x = A(3, name="x")
    e = explained((x**2).sum() + pt.exp(x).sum() + x[0])
    node = e.node("x")
    assert len(node.contributions) == 3
    assert len({term.consumer for term in node.contributions}) == 3
    assert "sum over 3 consumers" in e.text()


def test_broadcasting_is_a_sum_over_the_axis():
    e = explained((A(4, 3) * B(3)).sum())
    (contribution,) = e.node("B").contributions
    assert contribution.law == "product rule; sum over the broadcast axis 0"
    assert contribution.term.plain() == "sum(z̄1·A, axis 0)"


def test_local_derivatives():
    x = A(3, name="x")
    e = explained((pt.exp(x) * x).sum())
    first, second = e.node("x").contributions
    assert (first.local.plain(), second.local.plain()) == ("z1", "z1")
    assert e.node("z2").contributions[0].local is None
    assert e.node("z1").contributions[0].local.plain() == "x"


def test_names_and_ids():
    z1 = pt.dvector("z1")
    twice = [pt.dscalar("a"), pt.dscalar("a")]
    e = explained((pt.exp(z1) * twice[0] * twice[1]).sum())
    assert [node.name for node in e.nodes][:2] == ["z1", "z2"]
    assert [node.id for node in e.nodes] == [f"n{k}" for k in range(len(e.nodes))]
    assert {"a", "a.2"} <= {node.name for node in e.nodes}
    assert explained((pt.exp(z1) * twice[0] * twice[1]).sum()) == e


def test_every_edge_leads_to_a_node():
    _, _, subset, cost = lookup()
    e = explained(cost, subset)
    ids = {node.id for node in e.nodes}
    assert {e.cost, *e.wrt} <= ids
    for node in e.nodes:
        assert set(node.inputs) <= ids
        assert {term.consumer for term in node.contributions} <= ids


def test_two_hundred_nodes():
    e = chain(100)
    assert len(e.nodes) > 200
    assert e.gradients == (("x", None),)
    assert e.node("x").contributions[-1].term.plain() == "z̄1·(1 - z1²)"
