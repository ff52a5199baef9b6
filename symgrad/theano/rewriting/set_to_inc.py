"""Theano's meaning of ``set_subtensor(x[i], x[i] + y)``: repeated indices add up.

Theano compiled this as ``inc_subtensor(x[i], y)`` in FAST_RUN, and trajectories recorded there
depend on it. The rewrite comes first, on the graph as it was written, so that ``x[i] - y`` is left
alone: there the last one wins, as in Theano. Theano had removed factors of one by then, so the
rewrite looks through them.
"""

from collections.abc import Sequence

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Add, Mul
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.subtensor import AdvancedIncSubtensor, AdvancedSubtensor, inc_subtensor

from symgrad.theano.core import substitute

__all__ = ["sets_to_incs", "theano_set_to_inc"]


@node_rewriter([AdvancedIncSubtensor])
def theano_set_to_inc(fgraph, node):
    """``set_subtensor(x[i], x[i] + y) -> inc_subtensor(x[i], y)``, for an index vector `i`."""
    table, value, *index = node.inputs
    addition = _without_factors_of_one(value).owner
    if not node.op.set_instead_of_inc or len(index) != 1 or index[0].type.ndim != 1:
        return None
    if addition is None or not _adds_two(addition):
        return None
    for rows, other in (addition.inputs, addition.inputs[::-1]):
        read = _without_factors_of_one(rows).owner
        if read is None or not isinstance(read.op, AdvancedSubtensor):
            continue
        if read.inputs == [table, *index] and read.op.idx_list == node.op.idx_list:
            return [inc_subtensor(read.outputs[0], other)]
    return None


def sets_to_incs(variables: Sequence[Variable]) -> list[Variable]:
    """Apply the rewrite to variables that are not in a graph yet."""
    for node in toposort(variables):
        is_write = isinstance(node.op, AdvancedIncSubtensor)
        if is_write and (new := theano_set_to_inc.transform(None, node)):
            # Everything computed from it has other nodes then.
            return sets_to_incs(substitute(variables, {node.outputs[0]: new[0]}))
    return list(variables)


def _without_factors_of_one(variable):
    """`variable` without constant factors of one, where that keeps its type."""
    node = variable.owner
    if node is None or not isinstance(node.op, Elemwise) or not isinstance(node.op.scalar_op, Mul):
        return variable
    factors = [factor for factor in node.inputs if not _is_one(factor)]
    if len(factors) == 1 and _same_kind(factors[0].type, variable.type):
        return _without_factors_of_one(factors[0])
    return variable


def _same_kind(type_, other):
    return type_.dtype == other.dtype and type_.ndim == other.ndim


def _is_one(variable):
    if variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    return isinstance(variable, Constant) and np.size(variable.data) == 1 and variable.data == 1


def _adds_two(node):
    op = node.op
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, Add) and len(node.inputs) == 2
