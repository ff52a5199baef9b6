"""Long computations in groups."""

from symgrad.explain.render.groups import grouped
from tests.explain.costs import chain


def test_groups_depend_on_heads_alone():
    e = chain(40, names=8)
    groups = grouped(e.nodes)
    assert [group.head.name for group in groups] == ["x", *(f"layer_{k}" for k in range(5)), "cost"]
    assert [len(group.nodes) for group in groups] == [1, 16, 16, 16, 16, 16, 1]
    inner = {node.id for group in groups for node in group.nodes if node is not group.head}
    for group in groups:
        ids = {node.id for node in group.nodes}
        assert not any(set(node.inputs) & inner - ids for node in group.nodes)
