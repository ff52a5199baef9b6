"""``theano.gof.graph``: variables, nodes, and walks over the graph that return lists."""

from collections import deque

import pytensor.graph.basic
import pytensor.graph.traversal
from pytensor.graph.basic import Apply as Apply
from pytensor.graph.basic import Constant as Constant
from pytensor.graph.basic import Node as Node
from pytensor.graph.basic import Variable as Variable
from pytensor.graph.basic import clone as clone
from pytensor.graph.basic import clone_get_equiv as clone_get_equiv
from pytensor.graph.basic import equal_computations

from symgrad.theano.gof.utils import object2 as object2
from symgrad.theano.names import forward

NoParams = object()


def ancestors(variable_list, blockers=None):
    """The variables that others are computed from, these included: first inputs first."""
    return _reached(variable_list, set(blockers or ()))


def inputs(variable_list, blockers=None):
    """The variables at the start of a graph: those that no node computes."""
    return [v for v in ancestors(_listed(variable_list), blockers) if v.owner is None]


def _reached(variables, blockers):
    def above(v):
        return None if v.owner is None or v in blockers else reversed(v.owner.inputs)

    return stack_search(variables, above, "dfs")


def variables_and_orphans(i, o):
    """All variables between `i` and `o`, and those of them that nothing computes."""
    between = variables(i, o)
    return between, [v for v in between if v.owner is None and v not in i]


def variables(i, o):
    """All variables between `i` and `o`, both included."""
    return _reached(o, i)


def orphans(i, o):
    """The variables that `o` needs beside `i`."""
    return variables_and_orphans(i, o)[1]


def ops(i, o):
    """The nodes between `i` and `o`."""
    return {v.owner for v in variables(i, o) if v.owner is not None and v not in i}


def io_toposort(inputs, outputs, orderings=None, clients=None):
    """The nodes between inputs and outputs, each after those it needs."""
    return list(pytensor.graph.traversal.io_toposort(inputs, outputs, orderings))


def general_toposort(outputs, deps, *_, **__):
    """Any nodes, each after those that ``deps(node)`` names."""
    return list(pytensor.graph.traversal.general_toposort(outputs, deps))


def list_of_nodes(inputs, outputs):
    """The nodes between inputs and outputs, the last first."""

    def above(node):
        nodes = [v.owner for v in node.inputs if v.owner is not None]
        return [one for one in nodes if not set(one.outputs) & set(inputs)]

    return stack_search([o.owner for o in outputs], above)


def stack_search(start, expand, mode="bfs", build_inv=False):
    """Visit a graph from `start`; ``expand(one)`` names what comes next, or nothing.

    Returns
    -------
    list
        With ``build_inv=True`` also ``{one: those that led to it}``.
    """
    start = deque(start)
    found, seen, inverse = [], set(), {}
    take = start.popleft if mode == "bfs" else start.pop
    while start:
        one = take()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found.append(one)
        for following in expand(one) or ():
            inverse.setdefault(following, []).append(one)
            start.append(following)
    return (found, inverse) if build_inv else found


def is_same_graph(var1, var2, givens=None, debug=False):
    """Whether two variables are computed alike from the same inputs."""
    givens = {} if givens is None else dict(givens)
    replace = {k if isinstance(k, Variable) else v: v for k, v in givens.items()}
    if replace:
        from pytensor.graph.replace import clone_replace

        var1, var2 = clone_replace([var1, var2], replace)
    return equal_computations([var1], [var2])


def is_in_ancestors(l_node, f_node):
    """Whether node `f_node` is needed to compute node `l_node`."""
    return any(v.owner is f_node for v in ancestors(list(l_node.inputs))) or l_node is f_node


def view_roots(r):
    """The variables whose memory `r` may be."""
    owner = r.owner
    if owner is None:
        return [r]
    sources = owner.op.view_map.get(owner.outputs.index(r), ())
    return [root for k in sources for root in view_roots(owner.inputs[k])] or [r]


def as_string(i, o, *formatters, **how):
    """A list of texts for a graph, or one text for one output."""
    if isinstance(o, Variable):
        return pytensor.graph.basic.as_string(i, [o], *formatters, **how)[0]
    return pytensor.graph.basic.as_string(i, o, *formatters, **how)


def nodes_constructed():
    """Refused: PyTensor does not tell of the variables that it makes."""
    raise NotImplementedError(
        "gof.graph.nodes_constructed: PyTensor does not tell of the variables it makes; walk the "
        "graph with gof.graph.ancestors when it is made"
    )


def _listed(one):
    return [one] if isinstance(one, Variable) else one


__getattr__ = forward(
    "theano.gof.graph", "pytensor.graph.basic", "pytensor.graph.traversal", "pytensor.graph.op"
)
