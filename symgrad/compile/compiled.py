"""A step compiled by a backend: checked, audited, and safe to call."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.executor import Function as PyTensorFunction

from symgrad.backends import BACKENDS, Repeat, mode_of
from symgrad.backends.tags import FUSION
from symgrad.compile.audit import Audit, audit
from symgrad.compile.check_indices import Checked, check_indices
from symgrad.compile.failures import Failures
from symgrad.compile.step import Settings, Step
from symgrad.errors import RetraceWarning, SharedArrayError
from symgrad.graph.index_reads import describe
from symgrad.ops.check_index import failed_check
from symgrad.pytensor_compat import stored

__all__ = ["CompiledStep", "compile_step"]

# After this many shapes of its inputs, each of which is compiled for, a function warns.
_MANY_SHAPES = 5


def compile_step(step: Step, settings: Settings) -> CompiledStep:
    """The stations between a step and a function: check indices, compile, audit.

    Parameters
    ----------
    step : Step
        With checked updates.
    settings : Settings

    Returns
    -------
    CompiledStep

    Raises
    ------
    AuditError
        With ``settings.audit == "raise"``.
    BackendError
        If the backend cannot express the graph.
    """
    checked = check_indices(step.outputs, step.updates, settings.backend, settings.nan)
    compiled = _compiled(step, checked, settings)
    costs = audit(compiled, checked.indexed, step.dense, order=list(step.updates))
    if settings.audit == "raise":
        costs.check()
    elif settings.audit == "warn" and costs.offences:
        warnings.warn(str(costs), stacklevel=3)
    return CompiledStep(step, settings, checked, compiled, costs)


def _compiled(step: Step, checked: Checked, settings: Settings) -> PyTensorFunction:
    mode = mode_of(settings.backend)
    if not settings.fuse:
        mode = mode.excluding(FUSION)
    backend = BACKENDS[settings.backend]
    with backend.compiling():
        compiled = pytensor.function(
            step.inputs,
            [*checked.outputs, *checked.report()],
            updates=list(checked.updates.items()),
            mode=mode,
            **settings.options,
        )
    backend.check(compiled.maker.fgraph)
    return compiled


class CompiledStep:
    """A compiled step; calls leave every shared variable as it was if they fail.

    Attributes
    ----------
    step : Step
    settings : Settings
    compiled : pytensor Function
    audit : Audit
    """

    def __init__(
        self,
        step: Step,
        settings: Settings,
        checked: Checked,
        compiled: PyTensorFunction,
        audit: Audit,
    ) -> None:
        self.step, self.settings = step, settings
        self.compiled, self.audit = compiled, audit
        self._backend = BACKENDS[settings.backend]
        self._failures = Failures(checked)
        self._findings = checked.findings
        self._shared = compiled.get_shared()
        self._arrays = _Arrays(self._shared, [s for s in self._shared if s in checked.updates])
        self._shapes: set[tuple | None] = set()
        self._arrays.check()

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list:
        """The values of the outputs, as NumPy arrays."""
        values = self._run(self.compiled, *args, **kwargs) or []
        if self._backend.static_shapes:
            self._count_shapes(args, kwargs)
        values = self._backend.to_numpy(values)
        if self._findings:
            self._failures.read_report(values.pop().tolist())
        return values

    def repeater(self) -> Repeat:
        """``repeat(arguments, times)``: call this step so often, without Python between the calls.

        It returns what was raised, if that is known: the calls before have changed the tables.
        """
        holding = [3 * k for k, finding in enumerate(self._findings) if finding.kind != "repeat"]
        repeat = self._backend.repeater(self.compiled, holding)
        return lambda args, times: self._run(repeat, args, times)

    def _run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call with values in their place; a failed check names the table and the index."""
        self._failures.check_lengths()
        with self._backend.calling(self._shared):
            if self._backend.in_place:
                self._arrays.check()
            try:
                return function(*args, **kwargs)
            except (IndexError, ValueError) as error:
                failed = failed_check(error)
                explained = failed and self._failures.explained(failed)
                if explained is None:
                    raise
                raise explained from None

    def _count_shapes(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Warn, once, when the backend has to compile for ever new shapes."""
        self._shapes.add(tuple(np.shape(value) for value in (*args, *kwargs.values())))
        if len(self._shapes) == _MANY_SHAPES:
            self._shapes.add(None)  # said once
            warnings.warn(
                f"JAX has compiled this function for {_MANY_SHAPES} shapes of its inputs, which "
                "takes far longer than a step. Give batches of one length: pad the index with "
                "rows whose cost is masked, or sort batches into a few lengths",
                RetraceWarning,
                stacklevel=4,
            )


class _Arrays:
    """The arrays of shared variables, of which no updated one may lie in the memory of another."""

    def __init__(self, shared: list, updated: list) -> None:
        self._shared, self._updated = shared, updated
        self._seen: list[Callable[[], Any]] = [_nothing for _ in shared]

    def check(self) -> None:
        """Raise a SharedArrayError if two share memory; fast where no array is a new one."""
        arrays = [stored(variable) for variable in self._shared]
        if all(map(_refers_to, self._seen, arrays)):
            return
        for updated in self._updated:
            for other in self._shared:
                if updated is not other and _overlap(stored(updated), stored(other)):
                    raise SharedArrayError(
                        f"{describe(updated)} and {describe(other)} live on one array, and "
                        f"{describe(updated)} is updated in place, so both would change. Make "
                        "them without borrow=True, which copies, or share one variable"
                    )
        # Weak, so that tables that JAX moves to its device leave the memory here.
        self._seen = [
            weakref.ref(array) if isinstance(array, np.ndarray) else _nothing for array in arrays
        ]


def _nothing() -> None:
    return None


def _refers_to(reference: Callable[[], Any], array: Any) -> bool:
    return reference() is array


def _overlap(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)
