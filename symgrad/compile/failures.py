"""From the numbers of a failed check to an error that names the table and the index."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from symgrad.compile.check_indices import Check, Checked
from symgrad.errors import (
    GradientShapeError,
    IndexOutOfRangeError,
    NotFiniteError,
    RepeatedIndexWarning,
    SymgradError,
)
from symgrad.graph.index_reads import describe
from symgrad.ops.check_index import CheckFailed, LengthCheckFailed
from symgrad.pytensor_compat import stored_shape

__all__ = ["Failures"]


class Failures:
    """Explains what goes wrong in the calls of one function."""

    def __init__(self, checked: Checked) -> None:
        self._checks = checked.checks
        self._findings = checked.findings
        self._lockstep = sorted(checked.lockstep, key=str)
        self._warned: set[int] = set()

    def check_lengths(self) -> None:
        """Raise if a slot has lost the length of its table; its index is checked for the table."""
        for pair in self._lockstep:
            n_table, n_slot = (
                stored_shape(shared)[pair.axis] for shared in (pair.table, pair.slot)
            )
            if n_table != n_slot:
                raise IndexOutOfRangeError(
                    f"{describe(pair.slot)} has {n_slot} rows along axis {pair.axis}, but table "
                    f"{describe(pair.table)}, whose rows choose them, has {n_table}: set both to "
                    "values of one length. No shared variable was changed"
                )

    def explained(self, failed: CheckFailed) -> SymgradError | None:
        """The error for a check that raised, or None if it was not a check of this function."""
        if failed.number is None:
            return None
        if isinstance(failed, LengthCheckFailed):
            return self._misfit(failed.number, failed.given, failed.limit)
        return self._out_of_range(failed.number, failed.given, failed.limit)

    def read_report(self, report: Sequence[int]) -> None:
        """Raise or warn of what a function reported."""
        for entry, finding in enumerate(self._findings):
            bad, given, limit = report[3 * entry : 3 * entry + 3]
            if not bad:
                continue
            if finding.kind == "index":
                raise self._out_of_range(finding.number, given, limit)
            if finding.kind == "nan":
                raise self._not_finite(finding.number)
            if finding.number not in self._warned:
                self._warned.add(finding.number)
                self._warn_of_repeats(finding.number)

    def _out_of_range(self, number: int, given: int, length: int) -> IndexOutOfRangeError:
        check = self._check(number, length)
        table = describe(check.table) if check.table is not None else "an intermediate result"
        entries = f"entries along axis {check.axis}"
        what = {0: "rows", None: "entries"}.get(check.axis, entries)
        allowed = f"{-length} .. {length - 1}" if length else "nothing"
        return IndexOutOfRangeError(
            f"{check.index} holds {given}, but table {table} has {length} {what}: use {allowed}. "
            "No shared variable was changed"
        )

    def _check(self, number: int, length: int) -> Check:
        """Of the checks of one index, the one about a table of this length."""
        checks = self._checks[number]
        tables = [check for check in checks if check.table is not None]
        return next((check for check in tables if _length(check) == length), (tables or checks)[0])

    def _misfit(self, number: int, given: int, wanted: int) -> GradientShapeError:
        table = describe(self._checks[number][0].table)
        return GradientShapeError(
            f"an update writes {given} rows (or entries of a row) into {table} where its index "
            f"chooses {wanted}: what is written must have the shape of {table}[index]. No shared "
            "variable was changed"
        )

    def _not_finite(self, number: int) -> NotFiniteError:
        table = describe(self._checks[number][0].table)
        return NotFiniteError(
            f"the update of {table} holds NaN or infinity. No shared variable was "
            "changed. Look for a learning rate that is too large, or a log, root or "
            "quotient at zero; nan='skip' leaves such calls out"
        )

    def _warn_of_repeats(self, number: int) -> None:
        table = describe(self._checks[number][0].table)
        warnings.warn(
            f"set_subtensor met a repeated index in {table}: the last one written wins, and the "
            "other rows' steps are lost. Use inc_subtensor, a rule, or sum repeated rows first "
            "with sg.coalesce",
            RepeatedIndexWarning,
            stacklevel=5,
        )


def _length(check: Check) -> int | None:
    """The length that the table of a check has along its axis, if it is about one."""
    if check.table is None or check.axis is None:
        return None
    shape = stored_shape(check.table)
    return shape[check.axis] if check.axis < len(shape) else None
