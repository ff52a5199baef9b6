"""Reads and writes at indices, and loops, as text, in the words that Theano had for them."""

from pytensor.scan.op import Scan
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
)

__all__ = ["WORDED", "worded"]

WORDED = (Subtensor, IncSubtensor, AdvancedSubtensor, AdvancedIncSubtensor, Scan)


def worded(op, node=None):
    """``Subtensor{int64::}``: of an Op alone it is taken that indices are of int64."""
    if isinstance(op, Scan):
        return _loop(op)
    if isinstance(op, Subtensor):
        return f"Subtensor{{{_indices(op, node, 1)}}}"
    if isinstance(op, IncSubtensor):
        place, verb = _place_and_verb(op, "", "Inplace")
        return f"{place}IncSubtensor{{{verb.capitalize()};{_indices(op, node, 2)}}}"
    if isinstance(op, AdvancedSubtensor):
        return f"AdvancedSubtensor{_rows(op, node, 1)}"
    if not _rows(op, node, 2):
        return (
            f"AdvancedIncSubtensor{{inplace={op.inplace},  "
            f"set_instead_of_inc={op.set_instead_of_inc}}}"
        )
    return f"AdvancedIncSubtensor1{{{','.join(_place_and_verb(op, 'no_inplace', 'inplace'))}}}"


def _place_and_verb(op, elsewhere, here):
    return here if op.inplace else elsewhere, "set" if op.set_instead_of_inc else "inc"


def _rows(op, node, first):
    """What Theano's Op for a vector of rows had behind its name."""
    vector = node is None or [one.type.ndim for one in node.inputs[first:]] == [1]
    return "1" if vector and op.idx_list == (0,) else ""


def _indices(op, node, first):
    dtypes = [] if node is None else [one.type.dtype for one in node.inputs[first:]]

    def text(index):
        if isinstance(index, slice):
            return ":".join(map(text, (index.start, index.stop, index.step)))
        if index is None:
            return ""
        return dtypes[index] if dtypes else "int64"

    return ", ".join(map(text, op.idx_list))


def _loop(op):
    kind = "do_while" if op.info.as_while else "for"
    places = sorted(op.destroy_map)
    name = op.name or "None"
    if not places:
        return f"{kind}{{cpu,{name}}}"
    if len(places) == op.info.n_mit_mot + op.info.n_mit_sot + op.info.n_sit_sot:
        return f"{kind}all_inplace,cpu,{name}}}"
    return f"{kind}{{inplace{{{''.join(f'{one},' for one in places)}}},cpu,{name}}}"
