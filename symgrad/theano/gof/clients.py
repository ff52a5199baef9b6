"""``variable.clients`` and ``variable.fgraph``: in Theano a variable knew the graph it is in."""

import weakref
from functools import wraps

from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph, Output

__all__ = ["revive_clients"]

_graphs = weakref.WeakSet()


def revive_clients():
    """Give every variable both attributes; doing it twice is doing it once."""
    if isinstance(vars(Variable).get("clients"), _Found):
        return
    FunctionGraph.__init__ = _remembered(FunctionGraph.__init__)
    Variable.fgraph, Variable.clients = _Found(lambda _, graph: graph), _Found(_clients)


def _remembered(init):
    @wraps(init)
    def remember(fgraph, *args, **kwargs):
        init(fgraph, *args, **kwargs)
        _graphs.add(fgraph)

    return remember


def _clients(variable, fgraph):
    """``(node, place)`` of each use; of an output ``("output", place)``."""
    uses = fgraph.clients[variable]
    return [
        ("output", node.op.idx) if isinstance(node.op, Output) else (node, place)
        for node, place in uses
    ]


class _Found:
    """An attribute that is looked for when it is read; one that was set goes before it."""

    def __init__(self, answer):
        self._answer = answer

    def __get__(self, variable, owner=None):
        for fgraph in list(_graphs):
            if variable in fgraph.clients:
                return self._answer(variable, fgraph)
        raise AttributeError("only a variable of a function's graph has this")
