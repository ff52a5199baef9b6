"""The walk from a cost back along its gradients."""

from collections.abc import Iterable, Iterator

from pytensor.gradient import DisconnectedGrad, ZeroGrad
from pytensor.graph.basic import Apply, Variable
from pytensor.scalar.basic import Second
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import discrete_dtypes

from symgrad.graph.index_reads import is_index_read

__all__ = ["differentiable_inputs", "passes_gradient", "paths"]

# No gradient flows through these, though their outputs are floats.
_NO_GRADIENT = (DisconnectedGrad, ZeroGrad)


def paths(
    cost: Variable, blocked: Iterable[Variable] = ()
) -> Iterator[tuple[Variable, Apply | None]]:
    """Walk back along all paths on which a gradient of `cost` may flow.

    The walk does not continue behind the variables in `blocked`, nor behind integers and Ops that
    pass no gradient, and it does not enter indices.

    Yields
    ------
    variable : variable
        Once for each node that consumes it.
    consumer : Apply or None
        The node through which the walk came; None for the cost itself.
    """
    stack: list[tuple[Variable, Apply | None]] = [(cost, None)]
    seen = set(blocked)
    while stack:
        variable, consumer = stack.pop()
        yield variable, consumer
        node = variable.owner
        if variable in seen or node is None or not passes_gradient(variable):
            continue
        seen.add(variable)
        stack.extend((source, node) for source in reversed(differentiable_inputs(node)))


def differentiable_inputs(node: Apply) -> list[Variable]:
    """The inputs of a node that can have a gradient: neither indices nor the model of a fill."""
    if is_index_read(node):
        return node.inputs[:1]
    if isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Second):
        return node.inputs[1:]
    return node.inputs


def passes_gradient(variable: Variable) -> bool:
    """May a gradient flow from this computed variable to the inputs of its node?"""
    dtype = getattr(variable.type, "dtype", "float64")
    return dtype not in discrete_dtypes and not isinstance(variable.owner.op, _NO_GRADIENT)
