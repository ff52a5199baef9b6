"""Splits and ranges on JAX, expressed by lengths that JAX knows while it traces."""

from pytensor.graph.basic import Constant, Variable
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import node_rewriter
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
from pytensor.tensor.subtensor import IncSubtensor

from symgrad.backends.xla.lengths import KnownInTrace, is_known
from symgrad.graph.index_reads import indices_of
from symgrad.pytensor_compat import get_canonical_form_slice

__all__ = ["range_among_zeros", "split_as_reads"]


@node_rewriter([Split])
def split_as_reads(fgraph, node):
    """A split into known lengths -> reads of ranges.

    A split is the gradient of `concatenate`. JAX no longer knows the lengths when they are put
    into the vector that `Split` takes.
    """
    whole, *axis, lengths = node.inputs  # older PyTensor has the axis as an input
    axis = axis[0].data if axis else node.op.axis
    op = _op(lengths)
    if not (isinstance(op, KnownInTrace) and isinstance(op.op, MakeVector)):
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

    Such a write is the gradient of a slice. If the range is the whole axis and is read in reverse,
    XLA ends the process (jax 0.10: `hlo_instruction.cc`, "Invalid binary instruction").
    """
    whole, written = node.inputs[:2]
    entries = {axis: entry for axis, entry in enumerate(indices_of(node)) if entry != slice(None)}
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


def _is_zero(variable: Variable) -> bool:
    if not (isinstance(variable, Constant) or isinstance(_op(variable), Alloc)):
        return False
    return get_underlying_scalar_constant_value(variable, raise_not_constant=False) == 0


def _has_known_bounds(entry: slice) -> bool:
    bounds = (bound for bound in (entry.start, entry.stop) if isinstance(bound, Variable))
    return all(map(is_known, bounds))


def _op(variable: Variable) -> Op | None:
    return getattr(variable.owner, "op", None)
