"""Reads and writes at indices, and loops, as text, in Theano's words."""

from typing import Any

from pytensor.graph.basic import Apply
from pytensor.scan.op import Scan
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
)

__all__ = ["INDEX_OPS", "index_op_as_text"]

#: The Ops that Theano wrote with their indices or states.
INDEX_OPS = (Subtensor, IncSubtensor, AdvancedSubtensor, AdvancedIncSubtensor, Scan)


def index_op_as_text(op: Any, node: Apply | None = None) -> str:
    """One of `INDEX_OPS` as text: ``Subtensor{int64::}``.

    Without the node, indices are taken to be of dtype int64.
    """
    if isinstance(op, Scan):
        return _scan_as_text(op)
    if isinstance(op, Subtensor):
        return f"Subtensor{{{_indices(op, node, 1)}}}"
    if isinstance(op, IncSubtensor):
        memory, verb = _memory_and_verb(op, "", "Inplace")
        return f"{memory}IncSubtensor{{{verb.capitalize()};{_indices(op, node, 2)}}}"
    if isinstance(op, AdvancedSubtensor):
        return f"AdvancedSubtensor{'1' if _indexes_rows(op, node, 1) else ''}"
    if not _indexes_rows(op, node, 2):
        return (
            f"AdvancedIncSubtensor{{inplace={op.inplace},  "
            f"set_instead_of_inc={op.set_instead_of_inc}}}"
        )
    return f"AdvancedIncSubtensor1{{{','.join(_memory_and_verb(op, 'no_inplace', 'inplace'))}}}"


def _memory_and_verb(op, not_inplace, inplace):
    return inplace if op.inplace else not_inplace, "set" if op.set_instead_of_inc else "inc"


def _indexes_rows(op, node, first):
    """Whether the only index is a vector of rows; `first` is the position of the first index."""
    vector = node is None or [index.type.ndim for index in node.inputs[first:]] == [1]
    return vector and op.idx_list == (0,)


def _indices(op, node, first):
    dtypes = [] if node is None else [index.type.dtype for index in node.inputs[first:]]

    def text(entry):
        if isinstance(entry, slice):
            return ":".join(map(text, (entry.start, entry.stop, entry.step)))
        if entry is None:
            return ""
        return dtypes[entry] if dtypes else "int64"

    return ", ".join(map(text, op.idx_list))


def _scan_as_text(op):
    loop = "do_while" if op.info.as_while else "for"
    inplace = sorted(op.destroy_map)
    name = op.name or "None"
    if not inplace:
        return f"{loop}{{cpu,{name}}}"
    if len(inplace) == op.info.n_mit_mot + op.info.n_mit_sot + op.info.n_sit_sot:
        return f"{loop}all_inplace,cpu,{name}}}"
    return f"{loop}{{inplace{{{''.join(f'{output},' for output in inplace)}}},cpu,{name}}}"
