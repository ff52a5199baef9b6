"""Many steps in one call: the step on one minibatch becomes a step on the next of a stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.replace import clone_replace
from pytensor.tensor.type import TensorType

from symgrad.backends import Repeat
from symgrad.compile.check_updates import check_updates
from symgrad.compile.step import Step
from symgrad.errors import ArgumentError

__all__ = ["Loop", "Stacked", "stacked"]


@dataclass(frozen=True)
class Stacked:
    """A step that takes its minibatch from stacks, and records its outputs in shared variables.

    Attributes
    ----------
    step : Step
        Its inputs are the stacks, with one dimension more than the inputs of the step that is
        repeated. It has no outputs; its updates are those of that step, of `done` and of the
        records.
    done : shared int64 scalar
        Steps that were taken: the next minibatch.
    records : list of shared vectors
        One for each output, with an entry for each step.
    """

    step: Step
    done: SharedVariable
    records: list[SharedVariable]


def stacked(step: Step) -> Stacked:
    """The :class:`Stacked` form of a step."""
    _check_stackable(step)
    done = pytensor.shared(np.array(0), name="done")
    stacks = [TensorType(x.type.dtype, shape=(None, *x.type.shape))(x.name) for x in step.inputs]
    minibatch = {}
    for x, stack in zip(step.inputs, stacks, strict=True):
        entry = stack[done]
        entry.name = x.name
        minibatch[x] = x.type.filter_variable(entry)
    new = clone_replace([*step.outputs, *step.updates.values()], minibatch)
    outputs, values = new[: len(step.outputs)], new[len(step.outputs) :]
    updates = dict(zip(step.updates, values, strict=True))
    records = []
    for output, value in zip(step.outputs, outputs, strict=True):
        record = pytensor.shared(np.zeros(1, output.type.dtype), name=output.name)
        updates[record] = pt.set_subtensor(record[done], value)
        records.append(record)
    updates[done] = done + 1
    return Stacked(Step(stacks, [], check_updates(updates), step.dense), done, records)


def _check_stackable(step: Step) -> None:
    for variable in [*step.inputs, *step.outputs]:
        if not isinstance(variable.type, TensorType):
            raise ArgumentError(f"run cannot stack {variable}, which is no tensor")
    for output in step.outputs:
        if output.type.ndim:
            raise ArgumentError(
                f"run keeps a number of each step, but the output {output} has "
                f"{output.type.ndim} dimensions: compile a function for it whose outputs are "
                "scalars, the cost say"
            )


class Loop:
    """Takes the steps of a stack of minibatches; made by :meth:`symgrad.Function.run`.

    Parameters
    ----------
    step : callable
        Takes one step on one minibatch.
    form : Stacked
    repeat : callable
        ``repeat(stacks, times)`` takes so many steps on the next minibatches.
    """

    def __init__(self, step: Callable[..., Any], form: Stacked, repeat: Repeat) -> None:
        self._step, self._form, self._repeat = step, form, repeat

    def run(
        self,
        stacks: Sequence[Any],
        every: int | None,
        callback: Callable[[int, list], Any] | None,
    ) -> list[np.ndarray]:
        """See :meth:`symgrad.Function.run`."""
        arrays = self._checked(stacks)
        n_steps = len(arrays[0])
        self._form.done.set_value(np.array(0))
        for record in self._form.records:
            record.set_value(np.zeros(n_steps, record.type.dtype), borrow=True)
        for start in range(0, n_steps, every or max(n_steps, 1)):
            stop = min(start + (every or n_steps), n_steps)
            self._take(arrays, stop - start, stop)
            if callback is not None:
                callback(stop, [record.get_value()[:stop] for record in self._form.records])
        return [record.get_value() for record in self._form.records]

    def _take(self, stacks: list[np.ndarray], n_steps: int, stop: int) -> None:
        """Take steps; the one that fails is taken again alone, to say what is wrong."""
        failure = self._repeat(stacks, n_steps)
        done = int(self._form.done.get_value())
        if done == stop:
            return
        try:
            self._step(*(stack[done] for stack in stacks))
        except Exception as error:
            error.add_note(f"This was step {done} of a run; the steps before it were taken.")
            raise
        raise failure or RuntimeError(f"step {done} of the run failed, but not when repeated")

    def _checked(self, stacks: Sequence[Any]) -> list[np.ndarray]:
        inputs = self._form.step.inputs
        if len(stacks) != len(inputs) or not inputs:
            raise ArgumentError(
                f"run was given {len(stacks)} stacks for {len(inputs)} inputs: give an array for "
                "each input, with the steps along its first dimension"
            )
        arrays = [
            variable.type.filter(np.asarray(stack), allow_downcast=None)
            for variable, stack in zip(inputs, stacks, strict=True)
        ]
        if len({len(array) for array in arrays}) > 1:
            raise ArgumentError(
                f"run was given stacks of {[len(array) for array in arrays]} minibatches: give "
                "all inputs the same number"
            )
        return arrays
