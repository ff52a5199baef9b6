"""Writes of rows that are not fused: in C, where PyTensor calls NumPy."""

from pytensor.graph.rewriting.basic import WalkingGraphRewriter, dfs_rewriter, node_rewriter
from pytensor.tensor.subtensor import AdvancedIncSubtensor

from symgrad.backends.rows.fuse import is_plain
from symgrad.backends.rows.write import RowWrite
from symgrad.graph.index_writes import row_index

__all__ = ["row_writes_in_c", "row_writes_in_place"]


@node_rewriter([AdvancedIncSubtensor])
def row_writes_in_c(fgraph, node):
    """An indexed write of rows -> a RowWrite."""
    index = row_index(node)
    table, rows = node.inputs[:2]
    if index is None or not (is_plain(table.type) and is_plain(rows.type)):
        return None
    return [RowWrite(not node.op.set_instead_of_inc)(table, index, rows)]


@node_rewriter([RowWrite], inplace=True)
def _in_place(fgraph, node):
    """A RowWrite -> one in the memory of its table."""
    return None if node.op.inplace else [node.op.in_place()(*node.inputs)]


row_writes_in_place = dfs_rewriter(
    _in_place, ignore_newtrees=True, failure_callback=WalkingGraphRewriter.warn_inplace
)
