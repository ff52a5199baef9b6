"""From the user's graph to one in which every index is checked before anything is written.

C and Numba raise from inside the function, by the Ops of :mod:`symgrad.ops.check_index`. JAX cannot
raise: there the function also returns a report, and holds its writes back when the report is bad.
"""

from dataclasses import dataclass, field

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import ancestors, toposort
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import TensorType, float_dtypes

from symgrad.graph.coordinates import flat, layout, same_indices
from symgrad.graph.distinct import coalesced_by, is_distinct
from symgrad.graph.index_reads import indices_of, is_flattened, is_index_read, is_index_write
from symgrad.graph.replace import substitute
from symgrad.graph.static_slices import constant_length
from symgrad.ops.check_index import CheckIndex, check_shape
from symgrad.ops.coalesce import Coalesce

__all__ = ["Guarded", "guard"]


@dataclass(frozen=True)
class Check:
    """What a check was about, for the message: a table, an index, and an axis (None: all)."""

    table: SharedVariable | None
    index: str
    axis: int | None


@dataclass
class Guarded:
    """The guarded graph and what is needed to explain a failure.

    Attributes
    ----------
    outputs, updates : list, dict
        The user's, with checked indices.
    checks : list of list of Check
        By number: every use of one index.
    report : list of variables
        Integers, three for each entry of `reported`: whether something is wrong, the offending
        index, and the length of its axis.
    reported : list of tuple
        ``(kind, number)`` for each entry of `report`; kind is "index", "repeat" or "nan".
    indexed : set of shared variables
        Those read or written by index.
    alike : set of tuple
        ``(table, slot, axis)``: the rows of `slot` are chosen by the checked index of `table`,
        so both must have one length along the axis.
    """

    outputs: list
    updates: dict
    checks: list = field(default_factory=list)
    report: list = field(default_factory=list)
    reported: list = field(default_factory=list)
    indexed: set = field(default_factory=set)
    alike: set = field(default_factory=set)


def guard(outputs, updates, backend, nan="ignore"):
    """Check every index of a graph, and, if asked to, every value that is written.

    Parameters
    ----------
    outputs : list of variables
    updates : dict
        ``{shared variable: new expression}``.
    backend : str
    nan : {"ignore", "skip", "raise"}
        What to do with a call that would write NaN or infinity.

    Returns
    -------
    Guarded
    """
    return _Guard(backend).run(outputs, updates, nan)


class _Guard:
    def __init__(self, backend):
        self.raises = backend != "jax"
        self.guarded = Guarded([], {})
        self.new = {}  # old variable -> new variable
        self.numbers = {}  # index variable -> number of its checks
        self.seen = set()  # (index variable, length) already in the report

    def run(self, outputs, updates, nan):
        guarded = self.guarded
        for node in toposort([*outputs, *updates.values()]):
            self._rebuild(node)
        guarded.outputs = [self._now(output) for output in outputs]
        guarded.updates = {shared: self._now(new) for shared, new in updates.items()}
        guarded.indexed.update(
            s for s, new in guarded.updates.items() if new.owner and is_index_write(new.owner)
        )
        bad = [entry[0] for (kind, _), entry in self._entries() if kind == "index"]
        if nan != "ignore":
            bad += self._not_finite(nan == "raise")
        if bad:
            self._hold_back(pt.eq(sum(bad), 0))
        return guarded

    def _not_finite(self, reported):
        """For each update, whether it would write NaN or infinity."""
        found = []
        for shared, new in self.guarded.updates.items():
            values = [one for one in written(new, shared) if one.type.dtype in float_dtypes]
            bad = [pt.any(pt.isnan(one) | pt.isinf(one)) for one in values]
            if bad:
                found.append(pt.cast(pt.any(pt.stack(bad)), "int64"))
                if reported:
                    number = self._number(new, Check(shared, "", None))
                    self._report("nan", number, found[-1], 0, 0)
        return found

    def _hold_back(self, fine):
        """Let updates, and outputs that look at them, have the old values unless all is fine."""
        guarded = self.guarded
        held = {s: hold_back(new, s, fine) for s, new in guarded.updates.items()}
        seen = set(ancestors(guarded.outputs))
        replaced = {new: held[s] for s, new in guarded.updates.items() if new in seen}
        if replaced:
            guarded.outputs = substitute(guarded.outputs, replaced)
        guarded.updates = held

    def _entries(self):
        report = iter(self.guarded.report)
        return zip(self.guarded.reported, zip(report, report, report, strict=True), strict=True)

    def _now(self, variable):
        return self.new.get(variable, variable)

    def _rebuild(self, node):
        inputs = [self._now(one) for one in node.inputs]
        if is_index_read(node) and self._is_guarded(node):
            rebuilt = [self._read(node, inputs)]
        elif is_index_write(node):
            rebuilt = [self._write(node, inputs)]
        elif isinstance(node.op, Coalesce):
            rebuilt = self._coalesce(node, inputs)
        elif isinstance(node.op, CheckIndex):
            rebuilt = [self._recheck(node, inputs)]
        elif all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            return
        else:
            rebuilt = node.clone_with_new_inputs(inputs, strict=False).outputs
        for old, new in zip(node.outputs, rebuilt, strict=True):
            new.name = old.name
            self.new[old] = old.type.filter_variable(new)

    def _is_guarded(self, node):
        """Reads of integers with constant positions are shapes: ``x.shape[0]``."""
        source = node.inputs[0]
        floats = source.type.dtype.startswith(("float", "complex"))
        advanced = "Advanced" in type(node.op).__name__
        ranges = [constant_length(one) for one in indices_of(node) if isinstance(one, slice)]
        return floats or root(source) is not None or advanced or any(ranges)

    def _read(self, node, inputs):
        return inputs[0][self._indices(node, inputs)]

    def _write(self, node, inputs):
        op, (target, rows) = node.op, inputs[:2]
        indices = self._indices(node, inputs)
        chosen = target[indices]
        table = root(node.inputs[0])
        if table is not None and not _fits(node.inputs[1], indices_of(node)):
            number = self._number(node, Check(table, "the rows written", 0))
            rows = check_shape(rows, number, _shape(chosen))
        distinct = is_distinct(_full(indices, target))
        if op.set_instead_of_inc:
            if table is not None and not distinct:
                self._report_repeats(indices, target, Check(table, "the index", 0))
            return pt.set_subtensor(chosen, rows)
        ignore = getattr(op, "ignore_duplicates", False)
        if self.raises and not (ignore or distinct) and _chooses_rows(indices, rows, target):
            n = indices[0].type.ndim
            chosen, rows = target[flat(indices[0], n)], flat(rows, n)
        return pt.inc_subtensor(chosen, rows, ignore_duplicates=ignore)

    def _coalesce(self, node, inputs):
        index, gradient, length = inputs
        check = Check(_table_of(node.inputs[2]), _name(node.inputs[0]), 0)
        return node.op(self._checked(node.inputs[0], index, length, check), gradient, length)

    def _recheck(self, node, inputs):
        """A check that a rule put in does not know its table; find it in its length."""
        table, axis = _dimension(node.inputs[1])
        check = Check(table, _name(node.inputs[0]), axis)
        return self._checked(node.inputs[0], *inputs[:2], check)

    def _indices(self, node, inputs):
        """The indices of a read or write, checked."""
        target, table = inputs[0], root(node.inputs[0])
        rebuilt = node.op.make_node(*inputs)
        if table is not None:
            self.guarded.indexed.add(table)
        indices, axis = [], 0
        entries = indices_of(rebuilt)
        # Beside another index a vector would choose entries, where the slice chooses a block.
        static = not self.raises and _reads_one_range(entries)
        for old, entry in zip(indices_of(node), entries, strict=True):
            length = target.shape[axis]
            if isinstance(entry, slice):
                indices.append(self._static(entry, length, table) if static else entry)
            elif entry.type.dtype == "bool":
                indices.extend(self._mask(entry, target, axis))
                axis += entry.type.ndim - 1
            elif not self._needs_check(old, table, axis):
                indices.append(entry)
            else:
                check = Check(table, _name(old), axis)
                if table is None and is_flattened(node.inputs[0]):
                    check = Check(node.inputs[0].owner.inputs[0], _name(old), None)
                indices.append(self._checked(old, entry, length, check))
            axis += 1
        return tuple(indices)

    def _needs_check(self, index, table, axis):
        """Coalesced rows are in the range of their table, and of slots of the same length.

        On JAX they could not be checked: the empty slots of `coalesce` point behind the table.
        """
        node = coalesced_by(index)
        if node is None:
            return True
        owner = _table_of(node.inputs[2])
        if table is None or owner is None:
            return self.raises
        if table is owner:
            return False
        lengths = {np.shape(one.container.storage[0])[axis] for one in (owner, table)}
        if self.raises and len(lengths) > 1:
            return True
        self.guarded.alike.add((owner, table, axis))
        return False

    def _number(self, key, check):
        if key not in self.numbers:
            self.numbers[key] = len(self.guarded.checks)
            self.guarded.checks.append([])
        number = self.numbers[key]
        self.guarded.checks[number].append(check)
        return number

    def _checked(self, key, index, length, check):
        """`index`, checked to lie within `length`."""
        number, index = self._number(key, check), pt.cast(index, "int64")
        if not self.raises and (key, check.table, check.axis) not in self.seen:
            self.seen.add((key, check.table, check.axis))
            outside = pt.lt(index, -length) | pt.ge(index, length)
            # The zero in front keeps the maximum of an empty index defined.
            values = pt.concatenate([[0], pt.switch(outside, index, 0).flatten()])
            offender = pt.switch(pt.gt(pt.max(values), 0), pt.max(values), pt.min(values))
            self._report("index", number, pt.any(outside), offender, length)
        return CheckIndex()(index, length, number)

    def _report(self, kind, number, bad, *details):
        self.guarded.reported.append((kind, number))
        self.guarded.report.extend(pt.cast(one, "int64") for one in (bad, *details))

    def _report_repeats(self, indices, target, check):
        """Report whether a `set` meets an index twice; the later one wins then."""
        numbers = [one * weight for one, weight in _weighted(indices, target)]
        ordered = pt.sort(sum(numbers[1:], numbers[0]).flatten())
        repeated = pt.any(pt.eq(ordered[1:], ordered[:-1]))
        self._report("repeat", self._number(target, check), repeated, 0, 0)

    def _mask(self, mask, target, axis):
        """A boolean mask as integers: those are checked, and C reads them faster."""
        if isinstance(mask, Constant):
            return [pt.constant(one) for one in np.nonzero(mask.data)]
        if self.raises:
            fits = [pt.eq(mask.shape[k], target.shape[axis + k]) for k in range(mask.type.ndim)]
            message = f"a boolean mask has not the length of axis {axis} of what it indexes"
            mask = CheckAndRaise(IndexError, message)(mask, *fits)
        return mask.nonzero()

    def _static(self, entry, length, table):
        """``start : start + n`` with a constant n as an index vector: JAX wants static lengths."""
        start, n = entry.start, constant_length(entry)
        if n is None:
            return entry
        # A slice may stick out, an index may not; a negative start would wrap around.
        index = pt.switch(pt.lt(start, 0), length, start + pt.arange(n))
        return self._checked(entry.stop, index, length, Check(table, "a slice", 0))


def hold_back(new, table, fine):
    """`new`, or `table` as it was unless `fine`; rows only, where `new` writes rows."""
    node = new.owner
    if new is table or not isinstance(new.type, TensorType):
        return new
    if node is None or not is_index_write(node) or root(new) is not table:
        return pt.switch(fine, new, table)
    target, rows = hold_back(node.inputs[0], table, fine), node.inputs[1]
    chosen = target[indices_of(node)]
    if node.op.set_instead_of_inc:
        return pt.set_subtensor(chosen, pt.switch(fine, rows, chosen))
    ignore = getattr(node.op, "ignore_duplicates", False)
    nothing = np.zeros((), rows.type.dtype)
    return pt.inc_subtensor(chosen, pt.switch(fine, rows, nothing), ignore_duplicates=ignore)


def written(new, table):
    """The values that an update puts into its table: rows, or all of it."""
    if root(new) is not table:
        return [new] if isinstance(new.type, TensorType) else []
    rows = []
    while new is not table:
        rows.append(_without_padding(new.owner))
        new = new.owner.inputs[0]
    return rows


def _without_padding(node):
    """The rows that a node writes, zero in the slots that `coalesce` leaves empty on JAX."""
    rows, indices = node.inputs[1], _full(indices_of(node), node.inputs[0])
    made = [coalesced_by(one) for one in indices if not isinstance(one, slice)]
    if not any(made):
        return rows
    distinct, _, _ = made[0].outputs
    _, row_dims = layout(indices)
    used = pt.lt(distinct, made[0].inputs[2]).dimshuffle(
        *("x" if dim in row_dims else 0 for dim in range(rows.type.ndim))
    )
    return pt.switch(used, rows, np.zeros((), rows.type.dtype))


def root(variable):
    """The shared variable whose rows a chain of indexed writes changes, or None."""
    while variable.owner is not None and is_index_write(variable.owner):
        variable = variable.owner.inputs[0]
    return variable if isinstance(variable, SharedVariable) else None


def _chooses_rows(indices, rows, target):
    """Does the index choose whole rows, and is there one row of floats for each?"""
    (index, *rest) = indices
    return (
        not rest
        and not isinstance(index, slice)
        and rows.type.ndim == index.type.ndim + target.type.ndim - 1
        and 1 not in rows.type.shape[: index.type.ndim]
        and target.type.dtype in ("float32", "float64")
    )


def _fits(rows, indices):
    """Do the rows have the shape that the indices choose, because they are made of such rows?"""
    node = rows.owner
    if node is None:
        return False
    if is_index_read(node) and isinstance(node.inputs[0], SharedVariable):
        return same_indices(indices_of(node), indices)
    return isinstance(node.op, Elemwise) and any(
        _fits(one, indices) for one in node.inputs if one.type.ndim == rows.type.ndim
    )


def _shape(variable):
    """A shape, as numbers where they are static."""
    return [
        variable.shape[axis] if size is None else size
        for axis, size in enumerate(variable.type.shape)
    ]


def _reads_one_range(entries):
    """Whether the indices are one slice with bounds, beside whole axes."""
    return all(isinstance(one, slice) for one in entries) and (
        sum(one != slice(None) for one in entries) == 1
    )


def _full(indices, target):
    return (*indices, *[slice(None)] * (target.type.ndim - len(indices)))


def _weighted(indices, target):
    """``(index, weight)`` such that sums of index times weight number the rows."""
    weight, found = 1, []
    for axis, one in reversed(list(enumerate(indices))):
        if not isinstance(one, slice):
            found.append((one, weight))
            weight = weight * target.shape[axis]
    return found


def _table_of(length):
    """The shared variable that a length is a dimension of, or a product of dimensions, or None."""
    return next((v for v in ancestors([length]) if isinstance(v, SharedVariable)), None)


def _name(index):
    return index.name or "the index"


def _dimension(length):
    """``(table, axis)`` of ``table.shape[axis]``."""
    node = length.owner
    while node is not None and not is_index_read(node):
        node = node.inputs[0].owner  # a cast
    if node is None or node.inputs[0].owner is None:
        return None, None
    table = node.inputs[0].owner.inputs[0]
    (axis,) = indices_of(node)
    return (table if isinstance(table, SharedVariable) else None), int(axis.data)
