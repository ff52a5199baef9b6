"""All checks and all work come before the first write into an updated shared variable."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytensor.graph.basic import Apply, Variable
from pytensor.graph.features import Feature
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.tensor.elemwise import Elemwise

__all__ = ["OrderWritesLast", "WritesLast"]


class WritesLast(Feature):
    """Orders everything that can fail before the first write into an updated shared variable.

    A call that fails then leaves every table as it was: all checks, all work, then the writes.
    """

    def orderings(self, fgraph: FunctionGraph) -> dict[Apply, list[Apply]]:
        writers = set(_writers(fgraph))
        if not writers:
            return {}
        handler = getattr(fgraph, "destroy_handler", None)
        after = _invert(handler.orderings(fgraph) if handler else {})
        late = _descendants(fgraph, writers, after)
        early = [node for node in fgraph.apply_nodes if node not in late]
        return {writer: list(early) for writer in writers}


class OrderWritesLast(GraphRewriter):
    """Attach :class:`WritesLast` when all other rewriting is done."""

    name = "symgrad_writes_last"

    def apply(self, fgraph: FunctionGraph) -> None:
        # A write that other work waits for cannot come last: it must not be in place.
        writers = set(_writers(fgraph))
        for node in writers:
            waiting = _descendants(fgraph, [node], {}) - writers
            if waiting and isinstance(node.op, Elemwise):
                pure = Elemwise(node.op.scalar_op).make_node(*node.inputs)
                fgraph.replace_all(zip(node.outputs, pure.outputs, strict=True), reason=self.name)
        fgraph.attach_feature(WritesLast())


def _writers(fgraph: FunctionGraph) -> Iterator[Apply]:
    """Nodes that write in place into an input of the graph."""
    inputs = set(fgraph.inputs)
    for node in fgraph.apply_nodes:
        for overwritten in node.op.destroy_map.values():
            if any(_memory_owner(node.inputs[position]) in inputs for position in overwritten):
                yield node
                break


def _memory_owner(variable: Variable) -> Variable:
    """The variable whose memory this one uses."""
    while variable.owner is not None:
        op, position = variable.owner.op, variable.owner.outputs.index(variable)
        source = op.view_map.get(position) or op.destroy_map.get(position)
        if not source:
            break
        variable = variable.owner.inputs[source[0]]
    return variable


def _invert(orderings: Mapping[Apply, Iterable[Apply]]) -> dict[Apply, list[Apply]]:
    """``{node: nodes that must come after it}``."""
    after: dict[Apply, list[Apply]] = {}
    for node, earlier in orderings.items():
        for earlier_node in earlier:
            after.setdefault(earlier_node, []).append(node)
    return after


def _descendants(
    fgraph: FunctionGraph, nodes: Iterable[Apply], after: Mapping[Apply, Sequence[Apply]]
) -> set[Apply]:
    """`nodes` and all nodes that must run after one of them."""
    descendants: set[Apply] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node in descendants:
            continue
        descendants.add(node)
        stack.extend(after.get(node, ()))
        for output in node.outputs:
            clients = (client for client, _ in fgraph.clients[output])
            stack.extend(client for client in clients if client in fgraph.apply_nodes)
    return descendants
