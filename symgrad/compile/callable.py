"""The compiled callable: NumPy at the edges, monitored calls, and many steps in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytensor.compile.executor import Function as PyTensorFunction

from symgrad.compile.audit import Audit
from symgrad.compile.compiled import CompiledStep, compile_step
from symgrad.compile.stacked import Loop, stacked
from symgrad.emit.watch import Reporter
from symgrad.errors import ArgumentError

__all__ = ["Function"]


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

    def __init__(
        self,
        step: CompiledStep,
        unpack: Callable[[list], Any],
        reporter: Reporter | None = None,
    ) -> None:
        self._step, self._unpack, self._reporter = step, unpack, reporter
        self._loop: Loop | None = None

    @property
    def audit(self) -> Audit:
        return self._step.audit

    @property
    def backend(self) -> str:
        return self._step.settings.backend

    @property
    def compiled(self) -> PyTensorFunction:
        return self._step.compiled

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._reporter is None:
            return self._unpack(self._step.call(args, kwargs))
        measured = self._reporter.measure(args, kwargs)
        values = self._step.call(args, kwargs)
        if measured is not None:
            self._reporter.report(measured, values)
        return self._unpack(values)

    def run(
        self,
        *stacks: Any,
        every: int | None = None,
        callback: Callable[[int, list], Any] | None = None,
    ) -> Any:
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
            The outputs of all steps, each of shape ``(k,)``, packed as those of a call.

        Raises
        ------
        HyperparameterError
            If an output is no scalar, if the stacks do not fit the inputs, or if the function is
            monitored: a monitor looks at it between calls.
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
        if self._reporter is not None:
            raise ArgumentError(
                "a monitored function is looked at between its calls, and run makes only one: "
                "give run a callback, or compile a function without the monitor"
            )
        if every is not None and every < 1:
            raise ArgumentError(f"run: every is {every}: it must be at least 1")
        if self._loop is None:
            self._loop = self._compiled_loop()
        return self._unpack(self._loop.run(stacks, every, callback))

    def _compiled_loop(self) -> Loop:
        form = stacked(self._step.step)
        repeated = compile_step(form.step, self._step.settings)
        return Loop(self, form, repeated.repeater())
