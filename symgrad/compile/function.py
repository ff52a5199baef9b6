"""From a graph to a callable: :func:`symgrad.function`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace

from symgrad.compile.callable import Function
from symgrad.compile.check_updates import UpdatesLike, check_updates
from symgrad.compile.compiled import compile_step
from symgrad.compile.step import AuditChoice, NanChoice, Settings, Step
from symgrad.emit.updates import Updates
from symgrad.emit.watch import Reporter, Watch

__all__ = ["function"]

Givens = Mapping[Variable, Variable] | Sequence[tuple[Variable, Variable]] | None


def function(
    inputs: Sequence[Variable],
    outputs: Variable | Sequence[Variable] | None = None,
    updates: UpdatesLike = (),
    *,
    backend: str | None = None,
    audit: AuditChoice = "raise",
    nan: NanChoice = "ignore",
    fuse: bool = True,
    givens: Givens = None,
    **options: Any,
) -> Function:
    """Compile a graph, with all that updates of rows need to be safe and fast.

    Parameters
    ----------
    inputs : list of variables
    outputs : variable, list of variables, or None
    updates : Updates, mapping or list of ``(shared variable, new expression)``
    backend : {"c", "numba", "jax"}, optional
        Default: C if there is a C++ compiler, else Numba.
    audit : {"raise", "warn", "off"}
        What to do if a call would copy or sweep a whole table that the graph reads by index.
    nan : {"ignore", "skip", "raise"}
        What to do with a call whose updates hold NaN or infinity: write them (default), change
        nothing, or change nothing and raise a NotFiniteError.
    fuse : bool
        Let one pass over the rows read, compute and write, where that is possible (C and Numba;
        XLA fuses by itself). Results agree to rounding. ``f.audit.fused`` tells what was fused.
    givens : mapping or list of pairs, optional
        Replacements in the graph, as in :func:`pytensor.function`.
    **options
        Passed to :func:`pytensor.function`: ``name``, ``on_unused_input``,
        ``allow_input_downcast``, ``profile``...

    Returns
    -------
    Function
        A callable that takes and returns NumPy arrays. A call that fails leaves every shared
        variable as it was.

    Raises
    ------
    NotSharedError, DtypeMismatchError, MissingWriteError, DuplicateUpdateError, SharedArrayError
        For updates that cannot be right.
    AuditError
        With ``audit="raise"``, naming the table and the node to blame.
    BackendError
        If the backend is not there, or cannot express the graph.

    Notes
    -----
    Indices are checked on every backend, before anything is written: C and Numba would raise from
    the middle of a call, or write foreign memory, and JAX would clamp and drop in silence.
    PyTensor rewrites that change the meaning of a `set` with repeated indices are left out. On
    JAX, updated shared variables are donated, and a call that fails returns them unchanged.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> subset = W[index]
    >>> cost = (subset**2).sum()
    >>> step = sg.inc_subtensor(subset, -0.25 * sg.grad(cost, subset))
    >>> f = sg.function([index], cost, updates=[(W, step)])
    >>> float(f([1, 1, 3])), W.get_value().ravel().tolist()
    (3.0, [1.0, 0.0, 1.0, 0.5])
    >>> print(f.audit)
    W: rows touched
    """
    settings = Settings.checked(backend, audit, nan, fuse, options)
    listed, unpack = _listed(outputs)
    step = _checked_step(inputs, listed, updates, givens)
    compiled = compile_step(step, settings)
    watch = updates.watch if isinstance(updates, Updates) else None
    reporter = _reporter(watch, inputs, listed, givens, settings) if watch is not None else None
    return Function(compiled, unpack, reporter)


def _checked_step(
    inputs: Sequence[Variable], outputs: list[Variable], updates: UpdatesLike, givens: Givens
) -> Step:
    """The step that a user asked for, with checked updates."""
    dense: frozenset = frozenset()
    if isinstance(updates, Updates):
        outputs, dense = updates.current(outputs), updates.dense
    checked = check_updates(updates)
    if givens:
        cloned = clone_replace([*outputs, *checked.values()], dict(givens))
        outputs, new = cloned[: len(outputs)], cloned[len(outputs) :]
        checked = dict(zip(checked, new, strict=True))
    return Step(list(inputs), outputs, checked, dense)


def _reporter(
    watch: Watch,
    inputs: Sequence[Variable],
    outputs: list[Variable],
    givens: Givens,
    settings: Settings,
) -> Reporter:
    """What reports the calls: the scalars are computed by a function of their own."""
    measured = _checked_step(inputs, [watch.vector], None, givens)
    options = settings.options | {"on_unused_input": "ignore"}
    compiled = compile_step(measured, replace(settings, nan="ignore", options=options))
    return watch.reporter(Function(compiled, _first), outputs)


def _listed(
    outputs: Variable | Sequence[Variable] | None,
) -> tuple[list[Variable], Callable[[list], Any]]:
    """Outputs as a list, and how to unpack what is computed."""
    if outputs is None:
        return [], _nothing
    if isinstance(outputs, Variable):
        return [outputs], _first
    return list(outputs), list


def _nothing(values: list) -> None:
    return None


def _first(values: list) -> Any:
    return values[0]
