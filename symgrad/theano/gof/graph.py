"""``theano.gof.graph``: variables, nodes, and walks over the graph that return lists."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import pytensor.graph.basic
import pytensor.graph.traversal
from pytensor.graph.basic import Apply as Apply
from pytensor.graph.basic import Constant as Constant
from pytensor.graph.basic import Node as Node
from pytensor.graph.basic import Variable as Variable
from pytensor.graph.basic import clone as clone
from pytensor.graph.basic import clone_get_equiv as clone_get_equiv
from pytensor.graph.basic import equal_computations
from pytensor.graph.replace import clone_replace

from symgrad.theano.gof.utils import object2 as object2
from symgrad.theano.names import forward

NoParams = object()


def ancestors(
    variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> list[Variable]:
    """The variables that others are computed from, and these themselves: first inputs first."""
    return _ancestors(variable_list, set(blockers or ()))


def inputs(
    variable_list: Variable | Iterable[Variable], blockers: Iterable[Variable] | None = None
) -> list[Variable]:
    """The variables at the start of a graph, which no node computes."""
    if isinstance(variable_list, Variable):
        variable_list = [variable_list]
    return [variable for variable in ancestors(variable_list, blockers) if variable.owner is None]


def _ancestors(variables, blockers):
    def parents(variable):
        if variable.owner is None or variable in blockers:
            return None
        return reversed(variable.owner.inputs)

    return stack_search(variables, parents, "dfs")


def variables_and_orphans(i, o) -> tuple[list[Variable], list[Variable]]:
    """All variables between `i` and `o`, and those among them that nothing computes."""
    between = variables(i, o)
    return between, [
        variable for variable in between if variable.owner is None and variable not in i
    ]


def variables(i, o) -> list[Variable]:
    """All variables between `i` and `o`, both included."""
    return _ancestors(o, i)


def orphans(i, o) -> list[Variable]:
    """The variables that `o` needs besides `i`."""
    return variables_and_orphans(i, o)[1]


def ops(i, o) -> set[Apply]:
    """The nodes between `i` and `o`."""
    return {
        variable.owner
        for variable in variables(i, o)
        if variable.owner is not None and variable not in i
    }


def io_toposort(inputs, outputs, orderings=None, clients=None) -> list[Apply]:
    """The nodes between inputs and outputs, each after the nodes that it needs."""
    return list(pytensor.graph.traversal.io_toposort(inputs, outputs, orderings))


def general_toposort(outputs: Iterable, deps: Callable, *_, **__) -> list:
    """Nodes of any kind, each after those that ``deps(node)`` returns."""
    return list(pytensor.graph.traversal.general_toposort(outputs, deps))


def list_of_nodes(inputs, outputs) -> list[Apply]:
    """The nodes between inputs and outputs, the last first."""

    def parents(node):
        nodes = [variable.owner for variable in node.inputs if variable.owner is not None]
        return [parent for parent in nodes if not set(parent.outputs) & set(inputs)]

    return stack_search([output.owner for output in outputs], parents)


def stack_search(
    start: Iterable, expand: Callable[[Any], Iterable | None], mode="bfs", build_inv=False
) -> Any:
    """Visit a graph from `start`; ``expand(item)`` returns the next items, or None.

    Returns
    -------
    list
        The items in the order of their visit; with ``build_inv=True`` also
        ``{item: the items that led to it}``.
    """
    waiting = deque(start)
    visited: list = []
    seen: set[int] = set()
    inverse: dict[Any, list] = {}
    take = waiting.popleft if mode == "bfs" else waiting.pop
    while waiting:
        item = take()
        if id(item) in seen:
            continue
        seen.add(id(item))
        visited.append(item)
        for following in expand(item) or ():
            inverse.setdefault(following, []).append(item)
            waiting.append(following)
    return (visited, inverse) if build_inv else visited


def is_same_graph(var1: Variable, var2: Variable, givens=None, debug=False) -> bool:
    """Whether two variables are computed alike from the same inputs."""
    givens = {} if givens is None else dict(givens)
    replace = {k if isinstance(k, Variable) else v: v for k, v in givens.items()}
    if replace:
        var1, var2 = clone_replace([var1, var2], replace)
    return equal_computations([var1], [var2])


def is_in_ancestors(l_node: Apply, f_node: Apply) -> bool:
    """Whether node `f_node` is needed to compute node `l_node`."""
    needed = ancestors(list(l_node.inputs))
    return l_node is f_node or any(variable.owner is f_node for variable in needed)


def view_roots(r: Variable) -> list[Variable]:
    """The variables whose memory `r` may share."""
    owner = r.owner
    if owner is None:
        return [r]
    sources = owner.op.view_map.get(owner.outputs.index(r), ())
    return [root for source in sources for root in view_roots(owner.inputs[source])] or [r]


def as_string(i, o, *formatters, **options):
    """Texts of a graph: a list for several outputs, a string for one."""
    if isinstance(o, Variable):
        return pytensor.graph.basic.as_string(i, [o], *formatters, **options)[0]
    return pytensor.graph.basic.as_string(i, o, *formatters, **options)


def nodes_constructed():
    """Raise NotImplementedError: PyTensor reports no new variables."""
    raise NotImplementedError(
        "gof.graph.nodes_constructed: PyTensor does not tell of the variables it makes; walk the "
        "graph with gof.graph.ancestors when it is made"
    )


__getattr__ = forward(
    "theano.gof.graph", "pytensor.graph.basic", "pytensor.graph.traversal", "pytensor.graph.op"
)
