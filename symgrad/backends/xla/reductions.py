"""Reductions on JAX return the dtype that they have in PyTensor."""

from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.elemwise import CAReduce

__all__ = ["reduce_in_output_dtype"]


@node_rewriter([CAReduce])
def reduce_in_output_dtype(fgraph, node):
    """A reduction that accumulates in another dtype than it returns -> one that does not.

    PyTensor's JAX linker returns the accumulator as it is: a float32 sum would become float64.
    """
    op, dtype = node.op, node.outputs[0].type.dtype
    if getattr(op, "acc_dtype", None) in (None, dtype):
        return None
    return [op.clone(dtype=dtype, acc_dtype=dtype)(*node.inputs)]
