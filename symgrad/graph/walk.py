"""The walk back along which a gradient may flow."""

from pytensor.gradient import DisconnectedGrad, ZeroGrad
from pytensor.scalar.basic import Second
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import discrete_dtypes

from symgrad.graph.index_reads import is_index_read

__all__ = ["differentiable_inputs", "passes_gradient", "paths"]


# Through these no gradient flows, though their outputs are floats.
_NO_GRADIENT = (DisconnectedGrad, ZeroGrad)


def paths(cost, blocked=()):
    """``(variable, consumer)`` for each step back along which a gradient of `cost` may flow.

    The walk does not look behind the variables in `blocked`, behind integers and Ops that pass no
    gradient, nor into indices.
    """
    stack, seen = [(cost, None)], set(blocked)
    while stack:
        variable, consumer = stack.pop()
        yield variable, consumer
        node = variable.owner
        if variable in seen or node is None or not passes_gradient(variable):
            continue
        seen.add(variable)
        stack.extend((one, node) for one in reversed(differentiable_inputs(node)))


def differentiable_inputs(node):
    """The inputs of a node that can have a gradient: not indices, not the model of a fill."""
    if is_index_read(node):
        return node.inputs[:1]
    if isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Second):
        return node.inputs[1:]
    return node.inputs


def passes_gradient(variable):
    """May a gradient flow from this variable to what it was made of?"""
    dtype = getattr(variable.type, "dtype", "float64")
    return dtype not in discrete_dtypes and not isinstance(variable.owner.op, _NO_GRADIENT)
