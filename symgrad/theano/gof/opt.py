"""``theano.gof.opt``: Theano's optimizers are PyTensor's rewriters."""

from collections.abc import Callable, Sequence
from typing import Any

from pytensor.graph.rewriting.basic import (
    GraphRewriter,
    NodeRewriter,
    PatternNodeRewriter,
    graph_rewriter,
    inplace_graph_rewriter,
    node_rewriter,
)

from symgrad.theano.names import forward

Optimizer = GraphRewriter


class LocalOptimizer(NodeRewriter):
    """A rewrite of a node: ``transform(node)`` returns replacements, or False."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "transform" in cls.__dict__:
            cls.transform = _without_graph(cls.__dict__["transform"])

    def add_requirements(self, fgraph):
        """Attach to the graph what the rewrite needs."""


def _without_graph(transform):
    def with_graph(self, fgraph, node, **_):
        _attach_graph(fgraph, node)
        return transform(self, node)

    return with_graph


def _attach_graph(fgraph, node):
    """Let the node know its graph, and its variables their clients, as in Theano."""
    node.fgraph = fgraph
    for variable in (*node.inputs, *node.outputs):
        variable.fgraph, variable.clients = fgraph, fgraph.clients.get(variable, [])


def local_optimizer(
    tracks: Sequence, inplace: bool = False, requirements: Sequence = ()
) -> Callable[[Callable], NodeRewriter]:
    """Turn ``function(node)`` into a rewrite of the nodes of `tracks`."""

    def decorate(function):
        def with_graph(fgraph, node):
            _attach_graph(fgraph, node)
            return function(node)

        with_graph.__name__, with_graph.__doc__ = function.__name__, function.__doc__
        return node_rewriter(tracks, inplace=inplace, requirements=tuple(requirements))(with_graph)

    return decorate


def optimizer(f: Callable) -> GraphRewriter:
    """Turn ``f(fgraph)`` into a rewrite of graphs."""
    return graph_rewriter(f)


def inplace_optimizer(f: Callable) -> GraphRewriter:
    """Turn ``f(fgraph)`` into a rewrite of graphs that may overwrite inputs."""
    return inplace_graph_rewriter(f)


class OpSub(LocalOptimizer):
    """Replaces one Op by another."""

    def __init__(self, op1, op2, transfer_tags=True):
        self.op1, self.op2 = op1, op2

    def op_key(self):
        return self.op1

    def tracks(self):
        return [self.op1]

    def transform(self, node):
        return self.op2.make_node(*node.inputs).outputs if node.op == self.op1 else False


class OpRemove(LocalOptimizer):
    """Removes an Op that has as many outputs as inputs."""

    def __init__(self, op):
        self.op = op

    def tracks(self):
        return [self.op]

    def transform(self, node):
        return list(node.inputs) if node.op == self.op else False


class PatternSub(PatternNodeRewriter):
    """Replaces one pattern by another."""

    def __init__(
        self,
        in_pattern: Any,
        out_pattern: Any,
        *,
        allow_multiple_clients: bool = False,
        name: str | None = None,
        **_,
    ):
        super().__init__(
            in_pattern, out_pattern, allow_multiple_clients=allow_multiple_clients, name=name
        )


RENAMED = {
    "SeqOptimizer": "SequentialGraphRewriter",
    "LocalOptGroup": "SequentialNodeRewriter",
    "TopoOptimizer": "WalkingGraphRewriter",
    "NavigatorOptimizer": "NodeProcessingGraphRewriter",
    "EquilibriumOptimizer": "EquilibriumGraphRewriter",
    "OpKeyOptimizer": "OpKeyGraphRewriter",
    "FromFunctionOptimizer": "FromFunctionGraphRewriter",
    "FromFunctionLocalOptimizer": "FromFunctionNodeRewriter",
}

__getattr__ = forward("theano.gof.opt", "pytensor.graph.rewriting.basic", renamed=RENAMED)
