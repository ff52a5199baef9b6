"""What JAX needs to know while it traces, taken from lengths that it does know then."""

from pytensor.compile.mode import optdb
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter
from pytensor.scan.op import Scan
from pytensor.tensor.basic import (
    Alloc,
    MakeVector,
    Split,
    alloc,
    arange,
    get_underlying_scalar_constant_value,
    join,
    zeros,
)
from pytensor.tensor.shape import Shape_i, specify_shape
from pytensor.tensor.subtensor import IncSubtensor, get_canonical_form_slice

from symgrad.backends.rewrites import register_scans
from symgrad.backends.xla.lengths import KnowLengths, is_known
from symgrad.backends.xla.scans import TracedScan, register_jax
from symgrad.graph.index_reads import indices_of

__all__ = ["EXCLUDED", "range_among_zeros", "scan_as_traced", "split_as_reads"]

# These rewrites compute bounds of slices and shapes that JAX would have known statically; fused
# arithmetic on shapes, too, is no longer static, and XLA fuses all else itself.
EXCLUDED = (
    "fusion",
    "local_adv_idx_to_slice",
    "local_join_of_alloc",
    "local_join_to_repeat",
    "local_replace_AdvancedSubtensor",
)


@node_rewriter([Split])
def split_as_reads(fgraph, node):
    """A split into known lengths -> reads of ranges.

    It is the gradient of `concatenate`. JAX loses the lengths when they are put into the vector
    that `Split` takes.
    """
    whole, *axis, lengths = node.inputs  # older PyTensor has the axis as an input
    axis = axis[0].data if axis else node.op.axis
    if not isinstance(getattr(_op(lengths), "op", None), MakeVector):
        return None
    before, start = (slice(None),) * int(axis), 0
    reads = []
    for part in lengths.owner.inputs:
        reads.append(whole[(*before, arange(part) + start)])
        start = start + part
    return reads


@node_rewriter([IncSubtensor])
def range_among_zeros(fgraph, node):
    """Zeros into which a known range is written -> the range between zeros.

    It is the gradient of a slice. Where the range is all there is, and is read in reverse, XLA
    would end the process (jax 0.10: `hlo_instruction.cc`, "Invalid binary instruction").
    """
    whole, written = node.inputs[:2]
    entries = {axis: one for axis, one in enumerate(indices_of(node)) if one != slice(None)}
    if len(entries) != 1 or not _is_zero(whole):
        return None
    [(axis, entry)] = entries.items()
    if not isinstance(entry, slice) or entry.step not in (None, 1) or not _has_known_bounds(entry):
        return None
    shape = [Shape_i(k)(whole) for k in range(whole.type.ndim)]
    bounds = get_canonical_form_slice(entry, shape[axis])[0]
    lengths = (bounds.start, bounds.stop - bounds.start, shape[axis] - bounds.stop)
    before, among, after = ([*shape[:axis], n, *shape[axis + 1 :]] for n in lengths)
    dtype = whole.type.dtype
    parts = (zeros(before, dtype), alloc(written.astype(dtype), *among), zeros(after, dtype))
    return [specify_shape(join(axis, *parts), node.outputs[0].type.shape)]


def _is_zero(variable):
    if not (isinstance(variable, Constant) or isinstance(_op(variable), Alloc)):
        return False
    return get_underlying_scalar_constant_value(variable, raise_not_constant=False) == 0


def _has_known_bounds(entry):
    bounds = (one for one in (entry.start, entry.stop) if isinstance(one, Variable))
    return all(map(is_known, bounds))


def _op(variable):
    return getattr(variable.owner, "op", None)


@node_rewriter([Scan])
def scan_as_traced(fgraph, node):
    """A scan that is given known lengths -> one whose step knows them."""
    if not any(map(is_known, node.op.outer_non_seqs(node.inputs))):
        return None
    register_jax()
    return TracedScan(node.op)(*node.inputs, return_list=True)


# Before shapes become tuples, at 100: the second time for what the rewrites in between computed.
optdb.register("symgrad_know_lengths", KnowLengths(), "symgrad_jax", position=99)
optdb.register("symgrad_splits", dfs_rewriter(split_as_reads), "symgrad_jax", position=99.1)
optdb.register("symgrad_ranges", dfs_rewriter(range_among_zeros), "symgrad_jax", position=99.1)
optdb.register("symgrad_know_more_lengths", KnowLengths(), "symgrad_jax", position=99.2)
register_scans("JAX", "symgrad_jax", excluded=EXCLUDED)
# After the step of a scan has its mode, at 101.
optdb.register("symgrad_traced_scans", dfs_rewriter(scan_as_traced), "symgrad_jax", position=102)
