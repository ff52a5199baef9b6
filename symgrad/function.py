"""The compiled callable: a backend, checked indices, an audit, and NumPy at the edges."""

import warnings
import weakref
from collections.abc import Mapping

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.tensor.elemwise import DimShuffle, Elemwise

from symgrad.audit import audit as audit_compiled
from symgrad.backends import choose, mode_of
from symgrad.errors import (
    DtypeMismatchError,
    DuplicateUpdateError,
    GradientShapeError,
    HyperparameterError,
    IndexOutOfRangeError,
    MissingWriteError,
    NotFiniteError,
    NotSharedError,
    RepeatedIndexWarning,
    RetraceWarning,
    SharedArrayError,
)
from symgrad.guards import guard
from symgrad.ops.checks import failed_check
from symgrad.subsets import describe, is_index_read, is_index_write
from symgrad.updates import Updates

__all__ = ["Function", "function"]

# So many shapes of the inputs, each of which JAX compiled for, are worth a word.
_MANY_SHAPES = 5


def function(
    inputs,
    outputs=None,
    updates=(),
    *,
    backend=None,
    audit="raise",
    nan="ignore",
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
    compiled = _compile(inputs, guarded, backend, options)
    found = audit_compiled(compiled, guarded.indexed, dense, order=list(updates))
    if audit == "raise":
        found.check()
    elif audit == "warn" and found.offences:
        warnings.warn(str(found), stacklevel=2)
    reporter = None
    if watch is not None:
        options = options | {"on_unused_input": "ignore"}
        measure = function(
            inputs, watch.vector, backend=backend, audit=audit, givens=givens, **options
        )
        reporter = watch.reporter(measure, asked)
    return Function(compiled, guarded, backend, found, unpack, reporter)


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


def _compile(inputs, guarded, backend, options):
    # One vector, not many scalars: every output costs JAX some microseconds.
    report = [pt.stack(guarded.report)] if guarded.report else []
    outputs = [*guarded.outputs, *report]
    mode = mode_of(backend)
    if backend != "jax":
        return pytensor.function(inputs, outputs, updates=guarded.updates, mode=mode, **options)
    from symgrad.backends import jax

    try:
        with jax.float64(), jax.quiet():
            compiled = pytensor.function(
                inputs, outputs, updates=guarded.updates, mode=mode, **options
            )
    except NotImplementedError as error:
        raise jax.inexpressible(error) from error
    jax.check_expressible(compiled.maker.fgraph)
    return compiled


class Function:
    """A compiled graph, made by :func:`function`; call it with the values of the inputs.

    Attributes
    ----------
    audit : Audit
        What one call costs each table; ``print(f.audit)`` gives one line a table.
    backend : str
    compiled : pytensor Function
        What is underneath: ``f.compiled.dprint()`` prints the compiled graph.
    """

    def __init__(self, compiled, guarded, backend, audit, unpack, reporter=None):
        self.compiled = compiled
        self.backend = backend
        self.audit = audit
        self._unpack = unpack
        self._reporter = reporter
        self._checks = guarded.checks
        self._reported = guarded.reported
        self._alike = sorted(guarded.alike, key=str)
        self._shared = compiled.get_shared()
        self._updated = [shared for shared in self._shared if shared in guarded.updates]
        self._arrays = [lambda: None for _ in self._shared]
        self._shapes = set()
        self._warned = set()
        self.check_arrays()

    def __call__(self, *args, **kwargs):
        measured = self._reporter.measure(args, kwargs) if self._reporter else None
        values = self._run_jax(args, kwargs) if self.backend == "jax" else self._run(args, kwargs)
        if self._reported:
            self._read_report(values.pop().tolist())
        if measured is not None:
            self._reporter.report(measured, values)
        return self._unpack(values)

    def _run(self, args, kwargs):
        if any(type(s.container.storage[0]) is not np.ndarray for s in self._shared):
            self._bring_home()
        self.check_arrays()
        return self._call(args, kwargs)

    def _check_lengths(self):
        """Raise if a slot has lost the length of its table; its index is checked for the table."""
        for table, slot, axis in self._alike:
            lengths = [np.shape(one.container.storage[0])[axis] for one in (table, slot)]
            if lengths[0] != lengths[1]:
                raise IndexOutOfRangeError(
                    f"{describe(slot)} has {lengths[1]} rows along axis {axis}, but table "
                    f"{describe(table)}, whose rows choose them, has {lengths[0]}: set both to "
                    "values of one length. No shared variable was changed"
                )

    def _run_jax(self, args, kwargs):
        from symgrad.backends import jax

        with jax.float64():
            for shared in self._shared:
                jax.to_device(shared)
            values = self._call(args, kwargs) or []
        self._count_shapes(args, kwargs)
        return [np.asarray(value) for value in values]

    def _bring_home(self):
        """A JAX function may have left its arrays in shared variables; C code crashes on them."""
        from symgrad.backends import jax

        for shared in self._shared:
            jax.to_host(shared)

    def check_arrays(self):
        """Raise if an updated shared variable lives in the memory of another."""
        arrays = [shared.container.storage[0] for shared in self._shared]
        if all(map(_refers_to, self._arrays, arrays)):
            return
        for updated in self._updated:
            for other in self._shared:
                one, two = updated.container.storage[0], other.container.storage[0]
                if updated is not other and _overlap(one, two):
                    raise SharedArrayError(
                        f"{describe(updated)} and {describe(other)} live on one array, and "
                        f"{describe(updated)} is updated in place, so both would change. Make "
                        "them without borrow=True, which copies, or share one variable"
                    )
        # Weak, so that tables that JAX moves to its device leave the memory here.
        self._arrays = [
            weakref.ref(one) if isinstance(one, np.ndarray) else lambda: None for one in arrays
        ]

    def _call(self, args, kwargs):
        """Call what is compiled; a failed check names the table and the index."""
        self._check_lengths()
        try:
            return self.compiled(*args, **kwargs)
        except (IndexError, ValueError) as error:
            failed = failed_check(error)
            if failed is None:
                raise
            kind, number, given, limit = failed
            explain = self._out_of_range if kind == "index" else self._misfit
            raise explain(number, given, limit) from None

    def _out_of_range(self, number, given, length):
        check = self._check(number, length)
        table = describe(check.table) if check.table is not None else "an intermediate result"
        what = {0: "rows", None: "entries"}.get(check.axis, f"entries along axis {check.axis}")
        allowed = f"{-length} .. {length - 1}" if length else "nothing"
        return IndexOutOfRangeError(
            f"{check.index} holds {given}, but table {table} has {length} {what}: use {allowed}. "
            "No shared variable was changed"
        )

    def _check(self, number, length):
        """Of the checks of one index, the one about a table of this length."""
        checks = self._checks[number]
        tables = [check for check in checks if check.table is not None]
        for check in tables:
            shape = np.shape(check.table.container.storage[0])
            if check.axis is not None and shape[check.axis :][:1] == (length,):
                return check
        return (tables or checks)[0]

    def _misfit(self, number, given, wanted):
        table = describe(self._checks[number][0].table)
        return GradientShapeError(
            f"an update writes {given} rows (or entries of a row) into {table} where its index "
            f"chooses {wanted}: what is written must have the shape of {table}[index]. No shared "
            "variable was changed"
        )

    def _read_report(self, report):
        for entry, (kind, number) in enumerate(self._reported):
            bad, given, length = report[3 * entry : 3 * entry + 3]
            if bad and kind == "index":
                raise self._out_of_range(number, given, length)
            if bad and kind == "nan":
                name = describe(self._checks[number][0].table)
                raise NotFiniteError(
                    f"the update of {name} holds NaN or infinity. No shared variable was "
                    "changed. Look for a learning rate that is too large, or a log, root or "
                    "quotient at zero; nan='skip' leaves such calls out"
                )
            if bad and kind == "repeat" and number not in self._warned:
                self._warned.add(number)
                check = self._checks[number][0]
                warnings.warn(
                    f"set_subtensor met a repeated index in {describe(check.table)}: the last "
                    "one written wins, and the other rows' steps are lost. Use inc_subtensor, a "
                    "rule, or sum repeated rows first with sg.coalesce",
                    RepeatedIndexWarning,
                    stacklevel=3,
                )

    def _count_shapes(self, args, kwargs):
        """Warn, once, when JAX has to compile for ever new shapes."""
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


def _refers_to(reference, array):
    return reference() is array


def _overlap(a, b):
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def check_updates(updates):
    """The updates as a dict, checked for what cannot be meant; see :func:`function`."""
    pairs = list(updates.items()) if isinstance(updates, Mapping) else list(updates or ())
    checked = {}
    for shared, new in pairs:
        if not isinstance(shared, SharedVariable):
            hint = ""
            if isinstance(shared, Variable) and shared.owner and is_index_read(shared.owner):
                table = describe(shared.owner.inputs[0])
                hint = f": write ({table}, inc_subtensor({table}[index], step))"
            raise NotSharedError(
                f"an update is given for {shared}, which is not a shared variable{hint}"
            )
        if shared in checked:
            raise DuplicateUpdateError(
                f"{describe(shared)} is given two updates: chain them into one expression, e.g. "
                "inc_subtensor of inc_subtensor, or let one rule update all its subsets"
            )
        checked[shared] = _checked_update(shared, new)
    return checked


def _checked_update(shared, new):
    if not isinstance(new, Variable):
        return shared.type.filter_variable(pt.as_tensor(new, dtype=shared.dtype))
    name = describe(shared)
    read = _forgotten_write(shared, new)
    if read is not None:
        raise MissingWriteError(
            f"the update of {name} has the shape of the subset {describe(read)}, so the table "
            f"would shrink to it. Write the rows back: ({name}, set_subtensor({name}[index], "
            f"rows)) or ({name}, inc_subtensor({name}[index], step))"
        )
    try:
        return shared.type.filter_variable(new)
    except TypeError:
        pass
    raise DtypeMismatchError(
        f"the update of {name} is {new.type}, but {name} is {shared.type}: cast it, e.g. "
        f"new.astype('{getattr(shared.type, 'dtype', '')}'), or make the table of that dtype"
    )


def _forgotten_write(shared, new):
    """The subset whose shape an update has in place of its table's, if it is so."""
    stack, seen, subset = [new], set(), None
    while stack:
        variable = stack.pop()
        if variable is shared:
            return None
        node = variable.owner
        if node is None or variable in seen:
            continue
        seen.add(variable)
        if is_index_write(node):
            stack.append(node.inputs[0])
        elif is_index_read(node) and node.inputs[0] is shared:
            if variable.type.ndim == shared.type.ndim:
                subset = variable
        elif isinstance(node.op, (Elemwise, DimShuffle)):
            stack.extend(node.inputs)
    return subset
