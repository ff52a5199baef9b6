"""Many steps in one call: the step on one minibatch becomes a step on the next of a stack."""

from dataclasses import dataclass

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.tensor.type import TensorType

from symgrad.errors import HyperparameterError

__all__ = ["Loop", "Stacked", "stacked"]


@dataclass(frozen=True)
class Stacked:
    """A step that takes its minibatch from stacks, and says in shared variables what it found.

    Attributes
    ----------
    stacks : list of variables
        One for each input, with one dimension more: the steps.
    done : shared int64 scalar
        Steps that were taken: the next minibatch.
    records : list of shared vectors
        One for each output, with an entry for each step.
    updates : dict
        Those of the step, and those of `done` and the records.
    """

    stacks: list[Variable]
    done: SharedVariable
    records: list[SharedVariable]
    updates: dict


def stacked(inputs, outputs, updates):
    """The :class:`Stacked` form of a step."""
    for variable in [*inputs, *outputs]:
        if not isinstance(variable.type, TensorType):
            raise HyperparameterError(f"run cannot stack {variable}, which is no tensor")
    for output in outputs:
        if output.type.ndim:
            raise HyperparameterError(
                f"run keeps a number of each step, but the output {output} has "
                f"{output.type.ndim} dimensions: compile a function for it whose outputs are "
                "scalars, the cost say"
            )
    done = pytensor.shared(np.array(0), name="done")
    stacks = [TensorType(x.type.dtype, shape=(None, *x.type.shape))(x.name) for x in inputs]
    batch = [stack[done] for stack in stacks]
    for x, one in zip(inputs, batch, strict=True):
        one.name = x.name
    replaced = {x: x.type.filter_variable(one) for x, one in zip(inputs, batch, strict=True)}
    new = clone_replace([*outputs, *updates.values()], replaced)
    records = [pytensor.shared(np.zeros(1, one.type.dtype), name=one.name) for one in outputs]
    of_step = dict(zip(updates, new[len(outputs) :], strict=True))
    for record, value in zip(records, new, strict=False):
        of_step[record] = pt.set_subtensor(record[done], value)
    return Stacked(stacks, done, records, of_step | {done: done + 1})


class Loop:
    """Takes the steps of a stack of minibatches; made by :meth:`symgrad.Function.run`."""

    def __init__(self, step, form, repeat):
        self._step, self._form, self._repeat = step, form, repeat

    def run(self, stacks, every, callback):
        """See :meth:`symgrad.Function.run`."""
        stacks = self._checked(stacks)
        n_steps = len(stacks[0])
        self._form.done.set_value(np.array(0))
        for record in self._form.records:
            record.set_value(np.zeros(n_steps, record.type.dtype), borrow=True)
        for start in range(0, n_steps, every or max(n_steps, 1)):
            stop = min(start + (every or n_steps), n_steps)
            self._take(stacks, stop - start, stop)
            if callback is not None:
                callback(stop, [one.get_value()[:stop] for one in self._form.records])
        return [record.get_value() for record in self._form.records]

    def _take(self, stacks, n_steps, stop):
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

    def _checked(self, stacks):
        wanted = self._form.stacks
        if len(stacks) != len(wanted) or not wanted:
            raise HyperparameterError(
                f"run was given {len(stacks)} stacks for {len(wanted)} inputs: give an array for "
                "each input, with the steps along its first dimension"
            )
        arrays = [
            one.type.filter(np.asarray(a), allow_downcast=None)
            for one, a in zip(wanted, stacks, strict=True)
        ]
        if len({len(array) for array in arrays}) > 1:
            raise HyperparameterError(
                f"run was given stacks of {[len(array) for array in arrays]} minibatches: give "
                "all inputs the same number"
            )
        return arrays
