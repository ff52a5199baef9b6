"""On JAX, tables are read before they are written: XLA then writes in place."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.graph.traversal import ancestors
from pytensor.tensor.math import any as any_true
from pytensor.tensor.math import gt, or_, switch
from pytensor.tensor.type import float_dtypes

from symgrad.graph.index_reads import is_index_read, is_index_write

__all__ = ["ReadsFirst"]


class ReadsFirst(GraphRewriter):
    """Make what is written into an input depend on everything that is read from it.

    XLA copies a table that may still be read after the write. Only what the written values are
    computed from is sure to come first. The values stay as they are, because nothing is above
    infinity. XLA does not know that; it drops weaker dependences (`optimization_barrier`, on CPUs).
    """

    name = "symgrad_reads_first"

    def apply(self, fgraph: FunctionGraph) -> None:
        for table in fgraph.inputs:
            if getattr(table.type, "dtype", None) not in float_dtypes:
                continue
            nodes = [node for node, position in fgraph.clients[table] if position == 0]
            for write in filter(is_index_write, nodes):
                self._after_reads(fgraph, write, list(filter(is_index_read, nodes)))

    def _after_reads(self, fgraph: FunctionGraph, write: Apply, reads: Sequence[Apply]) -> None:
        written = write.inputs[1]
        before = set(ancestors([written]))
        late = [
            read.outputs[0]
            for read in reads
            if read.outputs[0] not in before
            and write.outputs[0] not in ancestors([read.outputs[0]])
        ]
        if not late:
            return
        zero = np.zeros((), written.type.dtype)
        infinity = np.asarray(np.inf, late[0].type.dtype)
        above = reduce(or_, [any_true(gt(rows, infinity)) for rows in late])
        fgraph.change_node_input(write, 1, switch(above, zero, written), reason=self.name)
