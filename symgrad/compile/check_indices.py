"""From the user's graph to one in which every index is checked before anything is written.

C and Numba raise from inside the function, by the Ops of :mod:`symgrad.ops.check_index`. JAX cannot
raise: there the function also returns a report, and holds its writes back when the report is bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import toposort
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.variable import TensorVariable

from symgrad.backends import BACKENDS
from symgrad.compile.hold_back import hold_back, not_finite
from symgrad.compile.step import NanChoice
from symgrad.graph.coordinates import flat, one_entry_per_axis, row_numbers
from symgrad.graph.distinct import is_distinct
from symgrad.graph.index_reads import indices_of, is_flattened, is_index_read, is_index_write
from symgrad.graph.index_writes import has_shape_of, ignores_duplicates, table_of
from symgrad.graph.provenance import coalesced, dimension_of, table_of_length
from symgrad.graph.static_slices import constant_length
from symgrad.ops.check_index import CheckIndex, check_shape
from symgrad.ops.coalesce import Coalesce
from symgrad.pytensor_compat import stored_shape

__all__ = ["Check", "Checked", "Finding", "Lockstep", "check_indices"]


@dataclass(frozen=True)
class Check:
    """What a check was about, for the message: a table, an index, and an axis (None: all)."""

    table: SharedVariable | None
    index: str
    axis: int | None


@dataclass(frozen=True)
class Finding:
    """What a function reports, where it does not raise: three integers, computed in the call.

    Attributes
    ----------
    kind : {"index", "repeat", "nan"}
    number : int
        Of the check.
    bad : variable
        Whether something is wrong.
    given, limit : variable
        The offending index, and the length of its axis.
    """

    kind: Literal["index", "repeat", "nan"]
    number: int
    bad: Variable
    given: Variable
    limit: Variable

    @property
    def variables(self) -> tuple[Variable, Variable, Variable]:
        """The three integers, as they stand in a report."""
        return self.bad, self.given, self.limit


@dataclass(frozen=True)
class Lockstep:
    """A slot whose rows are chosen by the checked index of its table: both have one length."""

    table: SharedVariable
    slot: SharedVariable
    axis: int


@dataclass
class Checked:
    """A graph with checked indices, and what is needed to explain a failure.

    Attributes
    ----------
    outputs, updates : list, dict
        The user's, with checked indices.
    checks : list of list of Check
        By number: every use of one index.
    findings : list of Finding
        What the function reports.
    indexed : set of shared variables
        Those read or written by index.
    lockstep : set of Lockstep
        Slots that must keep the length of their table.
    """

    outputs: list[Variable]
    updates: dict[SharedVariable, Variable]
    checks: list[list[Check]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    indexed: set[SharedVariable] = field(default_factory=set)
    lockstep: set[Lockstep] = field(default_factory=set)

    def report(self) -> list[Variable]:
        """All findings as one vector, three entries each; no variable if there are none.

        One vector, not many scalars: every output costs JAX some microseconds.
        """
        entries = [x for finding in self.findings for x in finding.variables]
        return [pt.stack(entries)] if entries else []


def check_indices(
    outputs: Sequence[Variable],
    updates: dict[SharedVariable, Variable],
    backend: str,
    nan: NanChoice = "ignore",
) -> Checked:
    """Check every index of a graph, and, if asked to, every value that is written.

    Parameters
    ----------
    outputs : list of variables
    updates : dict
        ``{shared variable: new expression}``.
    backend : str
    nan : {"ignore", "skip", "raise"}
        What to do with a call that would write NaN or infinity.
    """
    return _Checker(backend).run(outputs, updates, nan)


class _Checker:
    """Rebuilds a graph, node by node."""

    def __init__(self, backend: str) -> None:
        self.backend = BACKENDS[backend]
        self.checked = Checked([], {})
        self.new: dict[Variable, Variable] = {}
        self.numbers: dict[Variable, int] = {}  # index variable -> number of its checks
        self.reported: set[tuple] = set()  # (index variable, table, axis)

    def run(
        self,
        outputs: Sequence[Variable],
        updates: dict[SharedVariable, Variable],
        nan: NanChoice,
    ) -> Checked:
        checked = self.checked
        for node in toposort([*outputs, *updates.values()]):
            self._rebuild(node)
        checked.outputs = [self._now(output) for output in outputs]
        checked.updates = {shared: self._now(new) for shared, new in updates.items()}
        checked.indexed.update(
            shared
            for shared, new in checked.updates.items()
            if new.owner is not None and is_index_write(new.owner)
        )
        bad: list[Any] = [finding.bad for finding in checked.findings if finding.kind == "index"]
        if nan != "ignore":
            bad += self._not_finite(nan == "raise")
        if bad:
            fine = pt.eq(sum(bad), 0)
            checked.outputs, checked.updates = hold_back(checked.outputs, checked.updates, fine)
        return checked

    def _not_finite(self, reported: bool) -> list[Any]:
        """For each update of floats, whether it would write NaN or infinity."""
        bad = not_finite(self.checked.updates)
        if reported:
            for shared, is_bad in bad.items():
                number = self._number(self.checked.updates[shared], Check(shared, "", None))
                self._report("nan", number, is_bad, 0, 0)
        return list(bad.values())

    def _now(self, variable: Variable) -> Any:
        return self.new.get(variable, variable)

    def _rebuild(self, node: Apply) -> None:
        inputs = [self._now(variable) for variable in node.inputs]
        if is_index_read(node) and self._is_checked(node):
            rebuilt = [self._read(node, inputs)]
        elif is_index_write(node):
            rebuilt = [self._write(node, inputs)]
        elif isinstance(node.op, Coalesce):
            rebuilt = self._coalesce(node, inputs)
        elif isinstance(node.op, CheckIndex):
            rebuilt = [self._numbered(node, inputs)]
        elif all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
            return
        else:
            rebuilt = node.clone_with_new_inputs(inputs, strict=False).outputs
        for old, new in zip(node.outputs, rebuilt, strict=True):
            new.name = old.name
            self.new[old] = old.type.filter_variable(new)

    def _is_checked(self, node: Apply) -> bool:
        """Reads of integers with constant positions are shapes: ``x.shape[0]``."""
        source = node.inputs[0]
        floats = source.type.dtype.startswith(("float", "complex"))
        advanced = "Advanced" in type(node.op).__name__
        slices = [entry for entry in indices_of(node) if isinstance(entry, slice)]
        ranges = map(constant_length, slices)
        return floats or table_of(source) is not None or advanced or any(ranges)

    def _read(self, node: Apply, inputs: list[TensorVariable]) -> Variable:
        return inputs[0][self._indices(node, inputs)]

    def _write(self, node: Apply, inputs: list[TensorVariable]) -> Variable:
        op, (target, rows) = node.op, inputs[:2]
        indices = self._indices(node, inputs)
        chosen = target[indices]
        table = table_of(node.inputs[0])
        if table is not None and not has_shape_of(node.inputs[1], indices_of(node)):
            number = self._number(node.outputs[0], Check(table, "the rows written", 0))
            rows = check_shape(rows, number, _shape(chosen))
        distinct = is_distinct(one_entry_per_axis(indices, target.type.ndim))
        if op.set_instead_of_inc:
            if table is not None and not distinct:
                self._report_repeats(indices, target, Check(table, "the index", 0))
            return pt.set_subtensor(chosen, rows)
        ignore = ignores_duplicates(node)
        in_c = self.backend.raises and not (ignore or distinct)
        if in_c and _chooses_rows(indices, rows, target):
            n_dims = indices[0].type.ndim
            chosen, rows = target[flat(indices[0], n_dims)], flat(rows, n_dims)
        return pt.inc_subtensor(chosen, rows, ignore_duplicates=ignore)

    def _coalesce(self, node: Apply, inputs: list[TensorVariable]) -> list[Variable]:
        index, gradient, length = inputs
        check = Check(table_of_length(node.inputs[2]), _name(node.inputs[0]), 0)
        return node.op(self._check(node.inputs[0], index, length, check), gradient, length)

    def _numbered(self, node: Apply, inputs: list[TensorVariable]) -> Variable:
        """A check of the user's graph, with a number and the table that its length is of."""
        table, axis = dimension_of(node.inputs[1])
        check = Check(table, _name(node.inputs[0]), axis)
        return self._check(node.inputs[0], inputs[0], inputs[1], check)

    def _indices(self, node: Apply, inputs: list[TensorVariable]) -> tuple:
        """The indices of a read or write, checked."""
        target, table = inputs[0], table_of(node.inputs[0])
        rebuilt = node.op.make_node(*inputs)
        if table is not None:
            self.checked.indexed.add(table)
        indices: list = []
        axis = 0
        entries = indices_of(rebuilt)
        # Beside another index a vector would choose entries, where the slice chooses a block.
        static = self.backend.static_shapes and _is_one_range(entries)
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
                indices.append(self._check(old, entry, length, check))
            axis += 1
        return tuple(indices)

    def _needs_check(self, index: Variable, table: SharedVariable | None, axis: int) -> bool:
        """Coalesced rows are in the range of their table, and of slots of the same length.

        On JAX they could not be checked: the empty slots of `coalesce` point behind the table.
        """
        origin = coalesced(index)
        if origin is None:
            return True
        owner = origin.table
        if table is None or owner is None:
            return self.backend.raises
        if table is owner:
            return False
        lengths = {stored_shape(shared)[axis] for shared in (owner, table)}
        if self.backend.raises and len(lengths) > 1:
            return True
        self.checked.lockstep.add(Lockstep(owner, table, axis))
        return False

    def _number(self, key: Variable, check: Check) -> int:
        """The number of the checks of an index, of which this is one more."""
        if key not in self.numbers:
            self.numbers[key] = len(self.checked.checks)
            self.checked.checks.append([])
        number = self.numbers[key]
        self.checked.checks[number].append(check)
        return number

    def _check(
        self, key: Variable, index: TensorVariable, length: TensorVariable, check: Check
    ) -> Any:
        """`index`, checked to lie within `length`."""
        number, index = self._number(key, check), pt.cast(index, "int64")
        if not self.backend.raises and (key, check.table, check.axis) not in self.reported:
            self.reported.add((key, check.table, check.axis))
            outside = pt.lt(index, -length) | pt.ge(index, length)
            # The zero in front keeps the maximum of an empty index defined.
            values = pt.concatenate([[0], pt.switch(outside, index, 0).flatten()])
            offender = pt.switch(pt.gt(pt.max(values), 0), pt.max(values), pt.min(values))
            self._report("index", number, pt.any(outside), offender, length)
        return CheckIndex()(index, length, number)

    def _report(
        self,
        kind: Literal["index", "repeat", "nan"],
        number: int,
        bad: Variable,
        given: Variable | int,
        limit: Variable | int,
    ) -> None:
        variables = (pt.cast(entry, "int64") for entry in (bad, given, limit))
        self.checked.findings.append(Finding(kind, number, *variables))

    def _report_repeats(self, indices: tuple, target: TensorVariable, check: Check) -> None:
        """Report whether a `set` meets an index twice; the later one wins then."""
        ordered = pt.sort(row_numbers(indices, target.shape).flatten())
        repeated = pt.any(pt.eq(ordered[1:], ordered[:-1]))
        self._report("repeat", self._number(target, check), repeated, 0, 0)

    def _mask(self, mask: Any, target: TensorVariable, axis: int) -> Sequence[TensorVariable]:
        """A boolean mask as integers: those are checked, and C reads them faster."""
        if isinstance(mask, Constant):
            return [pt.constant(positions) for positions in np.nonzero(mask.data)]
        if self.backend.raises:
            fits = [pt.eq(mask.shape[k], target.shape[axis + k]) for k in range(mask.type.ndim)]
            message = f"a boolean mask does not have the length of axis {axis} of what it indexes"
            mask = CheckAndRaise(IndexError, message)(mask, *fits)
        return mask.nonzero()

    def _static(
        self, entry: slice, length: TensorVariable, table: SharedVariable | None
    ) -> slice | TensorVariable:
        """``start : start + n`` with a constant n as an index vector, which has a static length."""
        start, n = entry.start, constant_length(entry)
        if n is None:
            return entry
        # A slice may stick out, an index may not; a negative start would wrap around.
        index = pt.switch(pt.lt(start, 0), length, start + pt.arange(n))
        return self._check(entry.stop, index, length, Check(table, "a slice", 0))


def _chooses_rows(indices: tuple, rows: TensorVariable, target: TensorVariable) -> bool:
    """Does the index choose whole rows, and is there one row of floats for each?"""
    (index, *rest) = indices
    return (
        not rest
        and not isinstance(index, slice)
        and rows.type.ndim == index.type.ndim + target.type.ndim - 1
        and 1 not in rows.type.shape[: index.type.ndim]
        and target.type.dtype in ("float32", "float64")
    )


def _shape(variable: TensorVariable) -> list:
    """A shape, as numbers where they are static."""
    return [
        variable.shape[axis] if size is None else size
        for axis, size in enumerate(variable.type.shape)
    ]


def _is_one_range(entries: Sequence) -> bool:
    """Are the indices one slice with bounds, beside whole axes?"""
    return all(isinstance(entry, slice) for entry in entries) and (
        sum(entry != slice(None) for entry in entries) == 1
    )


def _name(index: Variable) -> str:
    return index.name or "the index"
