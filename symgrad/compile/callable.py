"""The compiled callable: NumPy at the edges, and errors that say what went wrong in a call."""

import warnings
import weakref

import numpy as np

from symgrad.backends import looped
from symgrad.compile.stacked import Loop
from symgrad.errors import (
    GradientShapeError,
    HyperparameterError,
    IndexOutOfRangeError,
    NotFiniteError,
    RepeatedIndexWarning,
    RetraceWarning,
    SharedArrayError,
)
from symgrad.graph.index_reads import describe
from symgrad.ops.check_index import failed_check

__all__ = ["Function"]

# So many shapes of the inputs, each of which JAX compiled for, are worth a word.
_MANY_SHAPES = 5


class Function:
    """A compiled graph, made by :func:`symgrad.function`; call it with the values of the inputs.

    Attributes
    ----------
    audit : Audit
        What one call costs each table; ``print(f.audit)`` gives one line a table.
    backend : str
    compiled : pytensor Function
        What is underneath: ``f.compiled.dprint()`` prints the compiled graph.
    """

    def __init__(self, compiled, guarded, backend, audit, unpack, reporter, compile_loop):
        self.compiled = compiled
        self.backend = backend
        self.audit = audit
        self._unpack = unpack
        self._reporter = reporter
        self._compile_loop = compile_loop
        self._loop = None
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

    def run(self, *stacks, every=None, callback=None):
        """Take a step for each minibatch of a stack, without Python between the steps.

        Parameters
        ----------
        *stacks : arrays
            One for each input of the function, in their order, each with one dimension more than
            the input: the k minibatches.
        every : int, optional
            Call `callback` after so many steps, and after the last [steps]. Default: all.
        callback : callable, optional
            ``callback(steps, outputs)``: how many were taken, and the outputs of these.

        Returns
        -------
        array, or list of arrays
            The outputs of all steps, of shape ``(k,)``, as the function returns one.

        Raises
        ------
        HyperparameterError
            If an output is no scalar, if the stacks do not fit the inputs, or if the function is
            monitored, which looks at it between calls.
        SymgradError
            What the step raises. The steps before it were taken; the note says how many.

        Notes
        -----
        PyTensor's virtual machine repeats the step in C, a jitted loop does so around the step
        with Numba, and ``lax.while_loop`` with JAX, with the tables in place. The first run
        compiles that form of the step.

        Examples
        --------
        >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
        >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
        >>> cost = (W[index] ** 2).sum()
        >>> f = sg.function([index], cost, updates=sg.sgd(cost, W, learning_rate=0.25))
        >>> f.run(np.array([[0, 1], [1, 2], [1, 1]])).tolist()
        [2.0, 1.25, 0.125]
        """
        if self._reporter:
            raise HyperparameterError(
                "a monitored function is looked at between its calls, and run makes only one: "
                "give run a callback, or compile a function without the monitor"
            )
        if every is not None and every < 1:
            raise HyperparameterError(f"run: every is {every}: it must be at least 1")
        if self._loop is None:
            self._loop = Loop(self, *self._compile_loop())
        return self._unpack(self._loop.run(stacks, every, callback))

    def repeater(self):
        """A function ``(arguments, times)`` that calls this one so often, without Python.

        It returns what was raised, if that is known: the calls before have changed the tables.
        """
        checks = [3 * at for at, (kind, _) in enumerate(self._reported) if kind != "repeat"]
        loop = looped(self.backend)(self.compiled, checks)

        def repeat(args, times):
            self._check_lengths()
            if self.backend != "jax":
                self._ready()
                return loop(args, times)
            from symgrad.backends.xla import linker as jax

            with jax.float64():
                for shared in self._shared:
                    jax.to_device(shared)
                return loop(args, times)

        return repeat

    def _ready(self):
        """See to it that the shared variables hold arrays that C code may change in place."""
        if any(type(s.container.storage[0]) is not np.ndarray for s in self._shared):
            self._bring_home()
        self.check_arrays()

    def _run(self, args, kwargs):
        self._ready()
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
        from symgrad.backends.xla import linker as jax

        with jax.float64():
            for shared in self._shared:
                jax.to_device(shared)
            values = self._call(args, kwargs) or []
        self._count_shapes(args, kwargs)
        return [np.asarray(value) for value in values]

    def _bring_home(self):
        """A JAX function may have left its arrays in shared variables; C code crashes on them."""
        from symgrad.backends.xla import linker as jax

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
