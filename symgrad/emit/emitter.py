"""The emitter: one read of each table, arithmetic on rows, one write of each table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.sharedvar import TensorSharedVariable

from symgrad.cost.blocks import Block, blocks
from symgrad.cost.place import Place
from symgrad.emit.closed_form import ClosedForm
from symgrad.emit.definition import Definition
from symgrad.emit.hyperparameter import Scalar
from symgrad.emit.lagging_rows import CatchUp, Tracked
from symgrad.emit.options import CheckedOptions, CostOrGradients, Params, checked
from symgrad.emit.transforms import transformed
from symgrad.emit.updates import Move, Updates, free_name
from symgrad.errors import HyperparameterError, OptionError
from symgrad.graph.replace import substitute
from symgrad.pytensor_compat import stored_shape

__all__ = ["emit"]


def emit(
    rule: Definition,
    cost_or_grads: CostOrGradients,
    params: Params,
    hyper: Mapping[str, Scalar],
    options: Mapping[str, Any],
) -> Updates:
    """Lift a rule over the blocks that a cost uses of its parameters.

    Parameters
    ----------
    rule : Definition
    cost_or_grads, params
        See :class:`Options`.
    hyper : dict
        The rule's hyper-parameters: numbers, scalar variables or shared ones.
    options : dict
        See :class:`Options`.

    Returns
    -------
    Updates
    """
    rule.check(hyper)
    settings = checked(rule, cost_or_grads, options)
    to_emit = blocks(
        cost_or_grads,
        params,
        require_lookups=settings.lookups == "require",
        unused=settings.unused,
        mask=settings.mask,
        distinct=_needs_distinct(rule, settings),
    )
    for transform in settings.transforms:
        to_emit = transformed(to_emit, transform)
    return _Emitter(rule, hyper, settings).emit(to_emit)


def _needs_distinct(rule: Definition, options: CheckedOptions) -> bool:
    """A linear rule may add up the steps of repeated rows, if nothing else looks at them."""
    plain = options.write == "inc" and options.unused == "keep" and options.constraint is None
    plain = plain and options.mask is None and not options.row_rates
    return not (rule.linear and plain and not options.transforms)


def _exact(value: Scalar) -> Variable:
    """A hyper-parameter in float64: PyTensor would round a number to floatX."""
    if isinstance(value, Variable):
        return pt.cast(value, "float64")
    return pt.constant(value, dtype="float64")


@dataclass(frozen=True)
class _Clock:
    """A clock of one call: its slots, the rates that it gives, and the slots' new values."""

    slots: dict[str, SharedVariable]
    rates: Mapping[str, Variable]
    updates: dict[SharedVariable, Variable]


@dataclass(frozen=True)
class _Slot:
    """A slot of a block: where its part lies, and that part before the step."""

    variable: SharedVariable
    place: Place
    old: Variable


class _Emitter:
    """Writes the updates of one call of a rule."""

    def __init__(
        self, rule: Definition, hyper: Mapping[str, Scalar], options: CheckedOptions
    ) -> None:
        self.rule, self.hyper, self.options = rule, hyper, options
        self.exact = {name: _exact(value) for name, value in hyper.items()}
        self.updates = Updates()
        self.catch_up: CatchUp | None = None
        # With unused="exact": the free variable of each block's rows -> the rows up to date.
        self.caught_up_rows: dict[Variable, Variable] = {}

    def emit(self, to_emit: Sequence[Block]) -> Updates:
        """The updates of all blocks, of the clock, and of what is recorded of a call."""
        clock = self._call_clock()
        for number, block in enumerate(to_emit):
            self._emit_block(block, block.table.name or f"param{number}", clock)
        if self.catch_up:
            self.updates.update(self.catch_up.advance(clock.rates))
            self.updates.catch_ups = (self.catch_up,)
        self.updates.update(clock.updates)
        self.updates.dense = frozenset(block.table for block in to_emit if block.dense)
        return self._with_rows_caught_up(to_emit)

    def _with_rows_caught_up(self, to_emit: Sequence[Block]) -> Updates:
        """The updates with each read of a table made of rows that are up to date."""
        reads = {
            read: copy
            for block in to_emit
            if block.spread
            for read, copy in block.spread.reads.items()
        }
        copies = substitute(list(reads.values()), self.caught_up_rows)
        self.updates.caught_up = dict(zip(reads, copies, strict=True))
        return self.updates.with_replaced(self.updates.caught_up | self.caught_up_rows)

    def _emit_block(self, block: Block, name: str, call_clock: _Clock) -> None:
        clock = self._row_clock(block, name) or call_clock
        slots = self._slots(block, name)
        dtype = block.table.type.dtype
        step, new = self.rule.take_step(
            block.value,
            block.gradient,
            {slot: entry.old for slot, entry in slots.items()},
            {k: pt.cast(v, dtype) for k, v in {**self.exact, **clock.rates}.items()}
            | {"row_mean": block.place.row_mean},
            block.place.row_dims,
        )
        step = pt.cast(self._at_row_rates(block, step), dtype)
        self.updates[block.table], moved = self._new_table(block, step)
        for slot, entry in slots.items():
            kept = self._masked(block, new[slot], entry.old, slot in self.rule.row_slots)
            self.updates[entry.variable] = entry.place.write(entry.variable, pt.cast(kept, dtype))
        if clock is not call_clock:
            self.updates.update(clock.updates)
        self.updates.moves += (self._move(block, moved, slots, clock),)

    def _move(
        self, block: Block, moved: Variable, slots: Mapping[str, _Slot], clock: _Clock
    ) -> Move:
        variables = {slot: entry.variable for slot, entry in slots.items()}
        return Move(
            block.table,
            block.place,
            block.value,
            block.gradient,
            moved,
            self.rule,
            dict(self.hyper),
            variables,
            clock.slots,
        )

    # Slots.

    def _slots(self, block: Block, name: str) -> dict[str, _Slot]:
        """The slots of a block, brought up to date if its rows lag behind."""
        slots = {}
        for slot, initial in self.rule.slots.items():
            variable = self._slot(slot, name, block, initial)
            place = block.place.of_rows() if slot in self.rule.row_slots else block.place
            slots[slot] = _Slot(variable, place, place.read(variable))
        return self._catch_up(block, name, slots) if block.spread else slots

    def _slot(self, slot: str, name: str, block: Block, initial: float | str) -> SharedVariable:
        """A new shared variable for a slot: of the table's shape, or with one number per row."""
        table = block.table
        shape, static = stored_shape(table), table.type.shape
        if slot in self.rule.row_slots or slot in self.rule.clock:
            shape, static = block.place.row_shape(shape), block.place.row_shape(static)
        dtype = "float64" if slot in self.rule.clock else table.type.dtype
        value = np.zeros(shape, dtype)  # pages of zeros cost no memory until they are touched
        if start := self._initial(initial):
            value += start
        return self._shared(f"{slot}/{name}", value, static)

    def _initial(self, initial: float | str) -> float | np.ndarray:
        """The number from which a slot starts."""
        if not isinstance(initial, str):
            return initial
        value = self.hyper[initial]
        if isinstance(value, SharedVariable):
            return value.get_value()
        if isinstance(value, Variable):
            raise HyperparameterError(
                f"{self.rule.name}: {initial} is symbolic, but slots start from its value: give "
                "a number or a shared variable"
            )
        return value

    def _shared(
        self, name: str, value: np.ndarray, static: Sequence[int | None] | None = None
    ) -> TensorSharedVariable:
        name = free_name(name, self.updates.slots)
        slot = pytensor.shared(value, name=name, borrow=True, shape=static)
        self.updates.slots[name] = slot
        return slot

    # Clocks.

    def _call_clock(self) -> _Clock:
        """The clock whose scalars advance with every call; empty if the rule counts visits."""
        if not self.rule.clock or self.options.counter == "row":
            return _Clock({}, {}, {})
        slots = {
            name: self._shared(name, np.array(initial, np.result_type(initial, "int64")))
            for name, initial in self.rule.clock.items()
        }
        clock = {name: pt.cast(slot, "float64") for name, slot in slots.items()}
        rates, new = self.rule.advance(self.exact, clock)
        updates = {slot: pt.cast(new[name], slot.type.dtype) for name, slot in slots.items()}
        return _Clock(slots, rates, updates)

    def _row_clock(self, block: Block, name: str) -> _Clock | None:
        """The clock whose numbers, one per row, advance when a row is visited; or None."""
        if self.rule.clock and self.options.counter == "row":
            place = block.place.of_rows()
            slots = {k: self._slot(k, name, block, v) for k, v in self.rule.clock.items()}
            old = {k: place.read(slot) for k, slot in slots.items()}
            rates, new = self.rule.advance(self.exact, old)
            kept = {k: self._masked(block, new[k], old[k], per_row=True) for k in slots}
            updates = {slot: place.write(slot, kept[k]) for k, slot in slots.items()}
            return _Clock(slots, rates, updates)
        return None

    # Rows that lag behind.

    def _catch_up(self, block: Block, name: str, slots: dict[str, _Slot]) -> dict[str, _Slot]:
        """The slots of a block brought up to date; `_with_rows_caught_up` sees to its value."""
        # Of a row of which a call reads a part, each entry has come as far as it was read.
        table, place = block.table, block.place.with_whole_rows()
        form = self.rule.closed_form_for(self.options.l2_of(table))
        if form is None:
            self.caught_up_rows[block.value] = place.read(table)
            return slots
        if self.catch_up is None:
            self.catch_up = CatchUp(self.rule, form, self.hyper, self.exact, self._shared)
        tracked = self._tracked(block, name, slots, place, form)
        self.catch_up.tables.append(tracked)
        self.caught_up_rows[block.value], old = self.catch_up.read(tracked, place)
        this_call = pt.zeros_like(place.of_rows().read(tracked.last)) + self.catch_up.calls + 1
        self.updates[tracked.last] = place.of_rows().write(tracked.last, this_call)
        return {
            slot: _Slot(entry.variable, entry.place, old[slot]) for slot, entry in slots.items()
        }

    def _tracked(
        self,
        block: Block,
        name: str,
        slots: Mapping[str, _Slot],
        place: Place,
        form: ClosedForm,
    ) -> Tracked:
        """The table of a block, with a count for each row of the call it is up to date with."""
        table, rates = block.table, self._row_rates(block)
        if rates is not None and not form.scales:
            raise OptionError(
                f"{self.rule.name} takes no row_rates with unused='exact': its decay, which is in "
                "proportion to the learning rate, would be another in every row"
            )
        if self.rule.row_slots and place.axes != (0,):
            raise OptionError(
                f"{self.rule.name} keeps numbers per row, but the cost reads parts of the rows of "
                f"{table}, or other axes than the first: unused='exact' needs reads of whole rows, "
                "so use unused='keep' or 'decay'"
            )
        shape, static = place.row_shape(stored_shape(table)), place.row_shape(table.type.shape)
        last = self._shared(f"last/{name}", np.zeros(shape, "int64"), static)
        variables = {slot: entry.variable for slot, entry in slots.items()}
        return Tracked(table, variables, place, last, rates)

    # Steps.

    def _at_row_rates(self, block: Block, step: Variable) -> Variable:
        """The step times the factor of its row, if the table has such factors."""
        rates = self._row_rates(block)
        if rates is None:
            return step
        return step * pt.cast(block.place.of_rows().read(rates), step.type.dtype)

    def _row_rates(self, block: Block) -> Variable | None:
        """The factors of the rows of a table, of the shape of a slot with one number per row."""
        rates = self.options.row_rates_of(block.table)
        if rates is None:
            return None
        rates = pt.as_tensor(rates)
        if block.place.axes != (0,) or rates.type.ndim != 1:
            raise OptionError(
                f"{self.rule.name}: row_rates of {block.table} has {rates.type.ndim} dimensions, "
                f"and its rows lie along the axes {block.place.axes}: give a vector with one "
                "factor for each row, to a table that is read by rows of axis 0"
            )
        return rates.dimshuffle(0, *["x"] * (block.table.type.ndim - 1))

    def _new_table(self, block: Block, step: Variable) -> tuple[Variable, Variable]:
        """The table with the step taken (masked, constrained), and what that adds to the block."""
        constraint = self.options.constraint_of(block.table)
        if constraint is None and self.options.write == "inc" and block.spread is None:
            if block.mask is not None:
                step = pt.switch(block.mask, step, pt.zeros_like(step))
            return block.place.add(block.table, step), step
        new = block.value + step
        if constraint is not None:
            new = pt.cast(constraint(new, block.place.row_dims), step.type.dtype)
        new = self._masked(block, new, block.value)
        return block.place.write(block.table, new), new - block.value

    def _masked(
        self, block: Block, new: Variable, old: Variable, per_row: bool = False
    ) -> Variable:
        """`new` where the mask lets it, else `old`; a number per row if any entry does."""
        if block.mask is None:
            return new
        mask = block.mask
        if per_row and block.place.row_dims:
            mask = pt.any(mask, axis=block.place.row_dims, keepdims=True)
        return pt.switch(mask, new, old)
