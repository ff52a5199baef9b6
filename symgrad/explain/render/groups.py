"""The steps of a computation in groups: what leads to each value that the user named."""

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.explain.derive.derivation import Node

__all__ = ["Group", "grouped"]

# More nodes than these are shown in groups.
_LONG = 24


@dataclass(frozen=True)
class Group:
    """A value with a name, and the steps and inputs that are used for it alone.

    Attributes
    ----------
    head : Node
        What the group computes.
    nodes : tuple of Node
        In the order of computation, the head last.
    """

    head: Node
    nodes: tuple[Node, ...]


def grouped(nodes: Sequence[Node]) -> tuple[Group, ...]:
    """Groups in the order of computation; one node in each if there are few.

    Edges leave a group from its head alone, so there are no cycles between groups.
    """
    if len(nodes) <= _LONG:
        return tuple(Group(node, (node,)) for node in nodes)
    consumers: dict[str, list[str]] = {node.id: [] for node in nodes}
    for node in nodes:
        for source in node.inputs:
            consumers[source].append(node.id)
    heads: dict[str, str] = {}
    for node in reversed(nodes):
        candidates = {heads[consumer] for consumer in consumers[node.id]}
        is_head = len(candidates) != 1 or _stands_alone(node)
        heads[node.id] = node.id if is_head else candidates.pop()
    members: dict[str, list[Node]] = {}
    for node in nodes:
        members.setdefault(heads[node.id], []).append(node)
    ordered = sorted(members.values(), key=lambda group: _number(group[-1].id))
    return tuple(Group(group[-1], tuple(group)) for group in ordered)


def _stands_alone(node):
    """Is the node shown by itself? Inputs are, if a gradient reaches them."""
    if node.forward is None:
        return node.adjoint is not None
    return node.is_named or node.kind != "step"


def _number(node_id):
    return int("".join(filter(str.isdigit, node_id.rpartition(".")[2])))
