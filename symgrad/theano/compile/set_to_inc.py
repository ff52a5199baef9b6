"""Theano's meaning of ``set_subtensor(x[i], x[i] + y)``: repeated indices add up.

Theano compiled it as ``inc_subtensor(x[i], y)`` in FAST_RUN, and trajectories recorded there depend
on it. It is done first of all, on the graph as it was written, so that ``x[i] - y``, where the
last one wins in Theano, is left alone.
"""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import in2out, node_rewriter
from pytensor.scalar.basic import Add
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor, inc_subtensor

__all__ = ["TAG"]

TAG = "symgrad_theano"


@node_rewriter([AdvancedIncSubtensor])
def theano_set_to_inc(fgraph, node):
    """``set_subtensor(x[i], x[i] + y) -> inc_subtensor(x[i], y)``, for an index vector `i`."""
    table, value, *index = node.inputs
    added = value.owner
    if not node.op.set_instead_of_inc or len(index) != 1 or index[0].type.ndim != 1:
        return None
    if added is None or not _adds_two(added):
        return None
    for rows, other in (added.inputs, added.inputs[::-1]):
        read = rows.owner
        if read is None or not isinstance(read.op, AdvancedSubtensor):
            continue
        if read.inputs == [table, *index] and read.op.idx_list == node.op.idx_list:
            return [inc_subtensor(rows, other)]
    return None


def _adds_two(node):
    op = node.op
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, Add) and len(node.inputs) == 2


optdb.register("theano_set_to_inc", in2out(theano_set_to_inc), TAG, position=0.1)
