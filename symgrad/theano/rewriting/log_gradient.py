"""The gradient of ``log(p[i])`` for a softmax `p`, where ``p[i]`` underflows to zero.

With ``p = softmax(x)`` the gradient is ``inc(zeros, g / p[i], i) * p``, which is NaN where ``p[i]``
is zero. Theano cancelled the division against the product. So does this, on the graph as it was
written.
"""

from pytensor.graph.basic import Constant
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.scalar.basic import Mul, Second, TrueDiv
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor

__all__ = ["theano_picked_log"]


@node_rewriter([Elemwise])
def theano_picked_log(fgraph, node):
    """``inc_subtensor(zeros[i], g / p[i]) * p -> inc_subtensor(zeros[i], g)``."""
    if not isinstance(node.op.scalar_op, Mul) or len(node.inputs) != 2:
        return None
    for scattered, p in (node.inputs, node.inputs[::-1]):
        gradient = _gradient_over_entries(scattered.owner, p)
        if gradient is not None and scattered.type == node.outputs[0].type:
            zeros, _, *index = scattered.owner.inputs
            return [scattered.owner.op(zeros, gradient, *index)]
    return None


def _gradient_over_entries(node, p):
    """`g`, if the node adds ``g / p[i]`` to zeros at `i`."""
    if node is None or not isinstance(node.op, AdvancedIncSubtensor) or node.op.set_instead_of_inc:
        return None
    zeros, value, *index = node.inputs
    if not _is_zero(zeros) or not _is_elemwise(value, TrueDiv):
        return None
    gradient, entries = value.owner.inputs
    read = entries.owner
    if read is None or not isinstance(read.op, AdvancedSubtensor):
        return None
    same = read.inputs == [p, *index] and read.op.idx_list == node.op.idx_list
    return gradient if same and gradient.type == value.type else None


def _is_zero(variable):
    if _is_elemwise(variable, Second):
        return _is_zero(variable.owner.inputs[1])
    if variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        return _is_zero(variable.owner.inputs[0])
    return isinstance(variable, Constant) and not variable.data.any()


def _is_elemwise(variable, scalar_op_class):
    op = getattr(variable.owner, "op", None)
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, scalar_op_class)
