"""The emitter: one read of each table, arithmetic on rows, one write of each table."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.blocks import blocks
from symgrad.emit.closed_forms import closed_form
from symgrad.emit.lagging_rows import CatchUp, Tracked
from symgrad.emit.options import checked
from symgrad.emit.updates import Move, Updates, free_name
from symgrad.errors import HyperparameterError
from symgrad.graph.index_reads import read_of
from symgrad.graph.replace import substitute

__all__ = ["emit"]


def emit(rule, cost_or_grads, params, hyper, options):
    """Lift a rule over the blocks that a cost uses of its parameters.

    Parameters
    ----------
    rule : Rule
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
    options = checked(rule, cost_or_grads, options)
    found = blocks(
        cost_or_grads,
        params,
        require_lookups=options.lookups == "require",
        unused=options.unused,
        mask=options.mask,
        distinct=_needs_distinct(rule, options),
    )
    for transform in options.transforms:
        found = transform(found)
    return _Emitter(rule, hyper, options).emit(found)


def _needs_distinct(rule, options):
    """A linear rule may add up the steps of repeated rows, if nothing else looks at them."""
    plain = options.write == "inc" and options.unused == "keep" and options.constraint is None
    plain = plain and options.mask is None and not options.row_rates
    return not (rule.linear and plain and not options.transforms)


def _exact(value):
    """A hyper-parameter in float64: PyTensor would round a number to floatX."""
    if isinstance(value, Variable):
        return pt.cast(value, "float64")
    return pt.constant(value, dtype="float64")


def _of_param(mapping, table):
    """The entry of an option ``{param: ...}`` that belongs to a table, or None."""
    for param, one in (mapping or {}).items():
        read = read_of(param)
        if param is table or (read and read.table is table):
            return one
    return None


def _shape(table):
    return np.shape(table.container.storage[0])


class _Emitter:
    """Writes the updates of one call of a rule."""

    def __init__(self, rule, hyper, options):
        self.rule, self.options = rule, options
        self.hyper = hyper
        self.updates = Updates()
        self.catch_up = None
        self.settled = {}
        self.exact = SimpleNamespace(**{name: _exact(value) for name, value in hyper.items()})

    def emit(self, found):
        per_call = self.rule.clock and self.options.counter == "call"
        rates, clock = self._call_clock() if per_call else ({}, ())
        for number, block in enumerate(found):
            self._emit_block(block, block.table.name or f"param{number}", rates)
        if self.catch_up:
            self.updates.update(self.catch_up.advance(rates))
            self.updates.catch_ups = (self.catch_up,)
        self.updates.update(clock)
        self.updates.dense = frozenset(block.table for block in found if block.dense)
        return self._settled([block.spread for block in found if block.spread])

    def _settled(self, spreads):
        """The updates with each read of a table made of rows that are up to date."""
        reads = {read: copy for spread in spreads for read, copy in spread.reads.items()}
        copies = substitute(list(reads.values()), self.settled)
        self.updates.caught_up = dict(zip(reads, copies, strict=True))
        return self.updates.with_replaced(self.updates.caught_up | self.settled)

    def _emit_block(self, block, name, rates):
        place, dtype = block.place, block.table.type.dtype
        clock = ()
        if self.rule.clock and self.options.counter == "row":
            rates, clock = self._row_clock(block, name)
        hyper = {k: pt.cast(v, dtype) for k, v in (vars(self.exact) | rates).items()}
        slots = {
            slot: self._slot(slot, name, block, initial)
            for slot, initial in self.rule.slots.items()
        }
        places = {slot: place.of_rows() if slot in self.rule.row_slots else place for slot in slots}
        old = {slot: places[slot].read(variable) for slot, variable in slots.items()}
        if block.spread:
            old = self._catch_up(block, name, slots, old)
        step, new = self.rule.law(
            block.value,
            block.gradient,
            SimpleNamespace(**old),
            SimpleNamespace(**hyper, row_mean=place.row_mean),
        )
        step = pt.cast(self._at_row_rates(block, step), dtype)
        self.updates[block.table], moved = self._new_table(block, step)
        self.updates.moves += (Move(block.table, place, block.value, block.gradient, moved),)
        for slot, variable in slots.items():
            kept = self._masked(block, new[slot], old[slot], per_row=slot in self.rule.row_slots)
            self.updates[variable] = places[slot].write(variable, pt.cast(kept, dtype))
        self.updates.update(clock)

    def _catch_up(self, block, name, slots, old):
        """The slots of a block brought up to date; `_settled` sees to its value."""
        # Of a row of which a call reads a part, each entry has come as far as it was read.
        table, place = block.table, block.place.with_whole_rows()
        form = closed_form(self.rule, self._l2(table))
        if form is None:
            self.settled[block.value] = place.read(table)
            return old
        if self.catch_up is None:
            self.catch_up = CatchUp(self.rule, form, self.hyper, self.exact, self._shared)
        rates = self._row_rates(block)
        if rates is not None and "log_kept" in form.columns:
            raise HyperparameterError(
                f"{self.rule.name} takes no row_rates with unused='exact': its decay, which is in "
                "proportion to the learning rate, would be another in every row"
            )
        shape, static = place.row_shape(_shape(table)), place.row_shape(table.type.shape)
        last = self._shared(f"last/{name}", np.zeros(shape, "int64"), static)
        tracked = Tracked(table, slots, place, last, rates)
        self.catch_up.tables.append(tracked)
        self.settled[block.value], slots = self.catch_up.read(tracked, place)
        this_call = pt.zeros_like(place.of_rows().read(last)) + self.catch_up.calls + 1
        self.updates[last] = place.of_rows().write(last, this_call)
        return slots

    def _l2(self, table):
        """The weight decay that the transforms put into the gradient of a table, or None."""
        decays = (one.l2_of(table) for one in self.options.transforms if hasattr(one, "l2_of"))
        return next(decays, None)

    def _at_row_rates(self, block, step):
        """The step times the factor of its row, if the table has such factors."""
        rates = self._row_rates(block)
        if rates is None:
            return step
        return step * pt.cast(block.place.of_rows().read(rates), step.type.dtype)

    def _row_rates(self, block):
        """The factors of the rows of a table, of the shape of a slot with one number per row."""
        rates = _of_param(self.options.row_rates, block.table)
        if rates is None:
            return None
        rates = pt.as_tensor(rates)
        if block.place.axes != (0,) or rates.type.ndim != 1:
            raise HyperparameterError(
                f"{self.rule.name}: row_rates of {block.table} has {rates.type.ndim} dimensions, "
                f"and its rows lie along the axes {block.place.axes}: give a vector with one "
                "factor for each row, to a table that is read by rows of axis 0"
            )
        return rates.dimshuffle(0, *["x"] * (block.table.type.ndim - 1))

    def _new_table(self, block, step):
        """The table with the step taken (masked, constrained), and what that adds to the block."""
        constraint = self.options.constraint
        if isinstance(constraint, Mapping):
            constraint = _of_param(constraint, block.table)
        if constraint is None and self.options.write == "inc" and block.spread is None:
            if block.mask is not None:
                step = pt.switch(block.mask, step, pt.zeros_like(step))
            return block.place.add(block.table, step), step
        new = block.value + step
        if constraint is not None:
            new = pt.cast(constraint(new, block.place.row_dims), step.type.dtype)
        new = self._masked(block, new, block.value)
        return block.place.write(block.table, new), new - block.value

    def _masked(self, block, new, old, per_row=False):
        """`new` where the mask lets it, else `old`; a number per row if any entry does."""
        if block.mask is None:
            return new
        mask = block.mask
        if per_row and block.place.row_dims:
            mask = pt.any(mask, axis=block.place.row_dims, keepdims=True)
        return pt.switch(mask, new, old)

    def _slot(self, slot, name, block, initial):
        """A new shared variable for a slot: of the table's shape, or with one number per row."""
        table = block.table
        shape, static = _shape(table), table.type.shape
        if slot in self.rule.row_slots or slot in self.rule.clock:
            shape, static = block.place.row_shape(shape), block.place.row_shape(static)
        dtype = "float64" if slot in self.rule.clock else table.type.dtype
        value = np.zeros(shape, dtype)  # pages of zeros cost no memory until they are touched
        if start := self._initial(initial):
            value += start
        return self._shared(f"{slot}/{name}", value, static)

    def _initial(self, initial):
        if not isinstance(initial, str):
            return initial
        value = self.hyper[initial]
        if isinstance(value, SharedVariable):
            return value.get_value()
        if isinstance(value, pt.TensorVariable):
            raise HyperparameterError(
                f"{self.rule.name}: {initial} is symbolic, but slots start from its value: give "
                "a number or a shared variable"
            )
        return value

    def _shared(self, name, value, static=None):
        name = free_name(name, self.updates.slots)
        slot = pytensor.shared(value, name=name, borrow=True, shape=static)
        self.updates.slots[name] = slot
        return slot

    def _call_clock(self):
        """Rates, and the new values of scalars that advance with every call."""
        clock = {
            name: self._shared(name, np.array(initial, "int64" if name == "t" else "float64"))
            for name, initial in self.rule.clock.items()
        }
        exact = {name: pt.cast(slot, "float64") for name, slot in clock.items()}
        rates, new = self.rule.tick(self.exact, SimpleNamespace(**exact))
        return rates, [(clock[name], pt.cast(new[name], clock[name].type.dtype)) for name in clock]

    def _row_clock(self, block, name):
        """Rates of each row, and the updates of clocks that advance when the row is visited."""
        place = block.place.of_rows()
        clock = {k: self._slot(k, name, block, v) for k, v in self.rule.clock.items()}
        old = {k: place.read(slot) for k, slot in clock.items()}
        rates, new = self.rule.tick(self.exact, SimpleNamespace(**old))
        kept = {k: self._masked(block, new[k], old[k], per_row=True) for k in clock}
        return rates, [(slot, place.write(slot, kept[k])) for k, slot in clock.items()]
