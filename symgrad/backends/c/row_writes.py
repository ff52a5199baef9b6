"""Writes of rows that are not fused: on C, by an Op of our own where PyTensor calls NumPy."""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import WalkingGraphRewriter, dfs_rewriter, node_rewriter
from pytensor.tensor.subtensor import AdvancedIncSubtensor

from symgrad.backends.rows.fuse import is_plain, row_index_of
from symgrad.backends.rows.write import RowWrite

__all__ = ["TAG"]

TAG = "symgrad_c"


@node_rewriter([AdvancedIncSubtensor])
def rows_in_c(fgraph, node):
    """An indexed write of rows -> a RowWrite."""
    index, table, rows = row_index_of(node), *node.inputs[:2]
    if index is None or not (is_plain(table.type) and is_plain(rows.type)):
        return None
    return [RowWrite(not node.op.set_instead_of_inc)(table, index, rows)]


@node_rewriter([RowWrite], inplace=True)
def rows_in_place(fgraph, node):
    """A RowWrite -> one in the memory of its table."""
    return None if node.op.inplace else [node.op.in_place()(*node.inputs)]


in_place = dfs_rewriter(
    rows_in_place, ignore_newtrees=True, failure_callback=WalkingGraphRewriter.warn_inplace
)
# After fusion, which takes what it can.
optdb.register("symgrad_rows_in_c", dfs_rewriter(rows_in_c), TAG, position=48.6)
optdb.register("symgrad_rows_in_place", in_place, TAG, "inplace", position=70.5)
