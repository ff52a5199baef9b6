"""The steps of a computation in groups: what leads to each value that the user named."""

from dataclasses import dataclass

from symgrad.explain.derivation import Node

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


def grouped(nodes):
    """Groups in the order of computation; one node each if there are few.

    Edges leave a group from its head alone, so groups depend on each other without cycles.
    """
    if len(nodes) <= _LONG:
        return tuple(Group(one, (one,)) for one in nodes)
    consumers = {one.id: [] for one in nodes}
    for node in nodes:
        for source in node.inputs:
            consumers[source].append(node.id)
    heads = {}
    for node in reversed(nodes):
        found = {heads[one] for one in consumers[node.id]}
        heads[node.id] = node.id if len(found) != 1 or _is_seen(node) else found.pop()
    members = {}
    for node in nodes:
        members.setdefault(heads[node.id], []).append(node)
    return tuple(Group(one[-1], tuple(one)) for one in _by_head(members))


def _is_seen(node):
    """Is the node to be seen by itself? Inputs are if a gradient reaches them."""
    if node.forward is None:
        return node.adjoint is not None
    return node.is_named or node.kind != "step"


def _by_head(members):
    return sorted(members.values(), key=lambda one: _number(one[-1].id))


def _number(name):
    return int("".join(filter(str.isdigit, name.rpartition(".")[2])))
