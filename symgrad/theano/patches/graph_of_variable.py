"""``variable.clients`` and ``variable.fgraph``: in Theano a variable knew the graph it is in."""

# A patch assigns to methods and attributes.
# mypy: disable-error-code="method-assign, assignment, attr-defined"

import weakref
from functools import wraps

from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph

from symgrad.theano.pytensor_compat import Output

__all__ = ["apply"]

_graphs: weakref.WeakSet[FunctionGraph] = weakref.WeakSet()


def apply() -> None:
    """Give every variable ``clients`` and ``fgraph``."""
    if isinstance(vars(Variable).get("clients"), _GraphAttribute):
        return
    FunctionGraph.__init__ = _remembered(FunctionGraph.__init__)
    Variable.fgraph = _GraphAttribute(lambda variable, fgraph: fgraph)
    Variable.clients = _GraphAttribute(_clients)


def _remembered(init):
    @wraps(init)
    def remember(fgraph, *args, **kwargs):
        init(fgraph, *args, **kwargs)
        _graphs.add(fgraph)

    return remember


def _clients(variable, fgraph):
    """``(node, position)`` for each use; ``("output", position)`` for an output of the graph."""
    return [
        ("output", node.op.idx) if isinstance(node.op, Output) else (node, position)
        for node, position in fgraph.clients[variable]
    ]


class _GraphAttribute:
    """An attribute that is computed from the graph of the variable, unless it was set."""

    def __init__(self, compute):
        self._compute = compute

    def __get__(self, variable, owner=None):
        for fgraph in list(_graphs):
            if variable in fgraph.clients:
                return self._compute(variable, fgraph)
        raise AttributeError("only a variable of a function's graph has this")
