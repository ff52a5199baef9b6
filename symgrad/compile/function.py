"""From a graph to a callable: checked, compiled by a backend, and audited."""

import warnings
from functools import partial

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace

from symgrad.backends import choose, mode_of
from symgrad.compile.audit import audit as audit_compiled
from symgrad.compile.callable import Function
from symgrad.compile.check_indices import guard
from symgrad.compile.check_updates import check_updates
from symgrad.compile.stacked import stacked
from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError

__all__ = ["function"]


def function(
    inputs,
    outputs=None,
    updates=(),
    *,
    backend=None,
    audit="raise",
    nan="ignore",
    fuse=True,
    givens=None,
    **options,
):
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
        For updates that cannot be meant.
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
    if audit not in ("raise", "warn", "off"):
        raise HyperparameterError(f"audit is {audit!r}: choose one of raise, warn, off")
    if nan not in ("ignore", "skip", "raise"):
        raise HyperparameterError(f"nan is {nan!r}: choose one of ignore, skip, raise")
    backend = choose(backend)
    outputs, unpack = _listed(outputs)
    asked = outputs
    if isinstance(updates, Updates):
        outputs = updates.current(outputs)
    dense, watch = getattr(updates, "dense", frozenset()), getattr(updates, "watch", None)
    updates = check_updates(updates)
    if givens:
        outputs, updates = _replaced(outputs, updates, givens)
    guarded = guard(outputs, updates, backend, nan)
    compiled = _compile(inputs, guarded, backend, fuse, options)
    found = audit_compiled(compiled, guarded.indexed, dense, order=list(updates))
    if audit == "raise":
        found.check()
    elif audit == "warn" and found.offences:
        warnings.warn(str(found), stacklevel=2)
    reporter = None
    if watch is not None:
        options = options | {"on_unused_input": "ignore"}
        measure = function(
            inputs,
            watch.vector,
            backend=backend,
            audit=audit,
            fuse=fuse,
            givens=givens,
            **options,
        )
        reporter = watch.reporter(measure, asked)
    again = partial(
        _loop,
        inputs,
        outputs,
        updates,
        dense,
        backend=backend,
        audit=audit,
        nan=nan,
        fuse=fuse,
        **options,
    )
    return Function(compiled, guarded, backend, found, unpack, reporter, again)


def _loop(inputs, outputs, updates, dense, **how):
    """The same step, compiled to take its minibatch from stacks."""
    form = stacked(inputs, outputs, updates)
    compiled = function(form.stacks, None, updates=Updates(form.updates, dense=dense), **how)
    return form, compiled.repeater()


def _listed(outputs):
    """Outputs as a list, and how to unpack what is computed."""
    if outputs is None:
        return [], lambda values: None
    if isinstance(outputs, Variable):
        return [outputs], lambda values: values[0]
    return list(outputs), lambda values: values


def _replaced(outputs, updates, givens):
    replacements = dict(givens)
    cloned = clone_replace([*outputs, *updates.values()], replacements)
    return cloned[: len(outputs)], dict(zip(updates, cloned[len(outputs) :], strict=True))


def _compile(inputs, guarded, backend, fuse, options):
    # One vector, not many scalars: every output costs JAX some microseconds.
    report = [pt.stack(guarded.report)] if guarded.report else []
    outputs = [*guarded.outputs, *report]
    mode = mode_of(backend) if fuse else mode_of(backend).excluding("symgrad_fuse")
    if backend != "jax":
        return pytensor.function(inputs, outputs, updates=guarded.updates, mode=mode, **options)
    from symgrad.backends.xla import linker as jax

    try:
        with jax.float64(), jax.quiet():
            compiled = pytensor.function(
                inputs, outputs, updates=guarded.updates, mode=mode, **options
            )
    except NotImplementedError as error:
        raise jax.inexpressible(error) from error
    jax.check_expressible(compiled.maker.fgraph)
    return compiled
