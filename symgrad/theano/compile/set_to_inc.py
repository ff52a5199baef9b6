"""Theano's meaning of ``set_subtensor(x[i], x[i] + y)``: repeated indices add up.

Theano compiled it as ``inc_subtensor(x[i], y)`` in FAST_RUN, and trajectories recorded there depend
on it. It is done first of all, on the graph as it was written, so that ``x[i] - y``, where the
last one wins in Theano, is left alone. Theano took out factors of one before: here they are seen
through.
"""

import numpy as np
from pytensor.compile.mode import optdb
from pytensor.graph.basic import Constant
from pytensor.graph.rewriting.basic import in2out, node_rewriter
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Add, Mul
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor, inc_subtensor

from symgrad.graph.replace import substitute

__all__ = ["TAG", "with_incs"]

TAG = "symgrad_theano"


@node_rewriter([AdvancedIncSubtensor])
def theano_set_to_inc(fgraph, node):
    """``set_subtensor(x[i], x[i] + y) -> inc_subtensor(x[i], y)``, for an index vector `i`."""
    table, value, *index = node.inputs
    added = _without_ones(value).owner
    if not node.op.set_instead_of_inc or len(index) != 1 or index[0].type.ndim != 1:
        return None
    if added is None or not _adds_two(added):
        return None
    for rows, other in (added.inputs, added.inputs[::-1]):
        read = _without_ones(rows).owner
        if read is None or not isinstance(read.op, AdvancedSubtensor):
            continue
        if read.inputs == [table, *index] and read.op.idx_list == node.op.idx_list:
            return [inc_subtensor(read.outputs[0], other)]
    return None


def with_incs(variables):
    """The same for variables that are not in a graph yet."""
    for node in toposort(variables):
        written = isinstance(node.op, AdvancedIncSubtensor)
        if written and (new := theano_set_to_inc.transform(None, node)):
            # What is computed from it has other nodes then.
            return with_incs(substitute(variables, {node.outputs[0]: new[0]}))
    return variables


def _without_ones(variable):
    """What is multiplied by constants of one, if that keeps its type."""
    node = variable.owner
    if node is None or not isinstance(node.op, Elemwise) or not isinstance(node.op.scalar_op, Mul):
        return variable
    others = [one for one in node.inputs if not _is_one(one)]
    if len(others) == 1 and _alike(others[0].type, variable.type):
        return _without_ones(others[0])
    return variable


def _alike(one, other):
    return one.dtype == other.dtype and one.ndim == other.ndim


def _is_one(variable):
    if variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    return isinstance(variable, Constant) and np.size(variable.data) == 1 and variable.data == 1


def _adds_two(node):
    op = node.op
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, Add) and len(node.inputs) == 2


optdb.register("theano_set_to_inc", in2out(theano_set_to_inc), TAG, position=0.1)
