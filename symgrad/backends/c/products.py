"""Matrix products that are computed once."""

from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.blas import Dot22, Dot22Scalar

__all__ = ["scaled_product_of_product"]


@node_rewriter([Dot22Scalar])
def scaled_product_of_product(fgraph, node):
    """A matrix product times a number, where the product itself is there -> that times the number.

    This occurs where a step is proportional to a gradient whose square is needed, too.
    """
    left, right, factor = node.inputs
    for client, _ in fgraph.clients[left]:
        if isinstance(client.op, Dot22) and client.inputs == [left, right]:
            return [factor * client.outputs[0]]
    return None
