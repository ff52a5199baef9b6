"""The emitter: one read of each table, arithmetic on rows, one write of each table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TypedDict

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.blocks import blocks
from symgrad.errors import DuplicateUpdateError, HyperparameterError
from symgrad.places import Place
from symgrad.subsets import read_of

__all__ = ["Options", "Updates", "emit"]


class Options(TypedDict, total=False):
    """What every rule takes besides its hyper-parameters.

    ``rule(cost_or_grads, params, ..., **options)``, where

    ``cost_or_grads``
        The scalar cost, or a list of gradients, one for each parameter and of its shape.
    ``params``
        A shared variable, a subset ``table[index]`` that the cost was built from, a
        :class:`~symgrad.subsets.Subset`, or a list of those. For a shared variable that the cost
        reads only by index, the rows that are read are updated, otherwise all of it.

    Attributes
    ----------
    transforms : sequence of callables
        Applied to the gradients in turn, see :mod:`symgrad.transforms`.
    constraint : callable or mapping
        Applied to the touched rows after the step, see :mod:`symgrad.constraints`; a mapping
        ``{param: constraint}`` for some of the parameters.
    mask : boolean variable, list, mapping, or "connected"
        Of the parameter's shape, as it was given in `params`: of the table's for a shared
        variable, of the rows' for a subset. Where False, value and slots stay. A list has one
        mask or None for each parameter, a mapping is ``{param: mask}``. With "connected" it is
        what :func:`symgrad.connected` says of the cost: entries that a call does not use, because
        of a masked output or a maximum that others won, keep value and slots.
    row_rates : mapping
        ``{param: vector}``, one factor of the learning rate for each row (along axis 0) of a
        table: pre-trained words may move slowly. Slots move as without it; rows that must not
        move at all, slots included, want a `mask`.
    unused : {"keep", "decay"}
        What rows do that this call does not read: nothing (default), or what the dense rule does
        with a gradient of zero, at the price of the whole table.
    counter : {"call", "row"}
        What bias corrections count: calls (default), or the visits of each row.
    lookups : {"auto", "require"}
        If the cost reads a table both by index and densely: make the update dense and log it
        (default), or raise.
    write : {"inc", "set"}
        Whether rows are incremented by the step (default) or set to the new value.

    Raises
    ------
    NotSharedError, IntegerTableError, DuplicateUpdateError
        For parameters that cannot be updated.
    SubsetRebuiltError, OtherPathError, DisconnectedError, DenseReadError
        For costs that do not depend on the parameters as they seem to.
    GradientShapeError
        For gradients that do not fit their parameters.
    HyperparameterError
        For hyper-parameters and options out of their range.
    """

    transforms: Sequence[Callable]
    constraint: Callable | Mapping
    mask: object
    row_rates: Mapping
    unused: str
    counter: str
    lookups: str
    write: str


_CHOICES = {
    "unused": ("keep", "decay"),
    "counter": ("call", "row"),
    "lookups": ("auto", "require"),
    "write": ("inc", "set"),
}
_DEFAULTS = {"transforms": (), "constraint": None, "mask": None, "row_rates": None} | {
    name: choices[0] for name, choices in _CHOICES.items()
}


@dataclass(frozen=True)
class Move:
    """How an update moves a block of a table: what a monitor looks at.

    Attributes
    ----------
    table : shared variable
    place : Place
        Where in the table the block lies.
    value, gradient, step : variable
        The block before the step, the gradient that the rule was given, and what is added.
    """

    table: SharedVariable
    place: Place
    value: Variable
    gradient: Variable
    step: Variable


class Updates(dict):
    """``{shared variable: new expression}``, in order, for ``updates=``.

    Attributes
    ----------
    slots : dict
        Name to shared variable: ``slots["m/embeddings"]`` is the slot ``m`` of the parameter
        named ``embeddings``, ``slots["t"]`` the count of calls.
    dense : frozenset of shared variables
        Tables read by index whose update is dense on purpose.
    moves : tuple of Move
        For each parameter, the block that moves, its gradient, and its step.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> w, b = sg.shared(np.ones(2), name="w"), sg.shared(0.0, name="b")
    >>> updates = sg.adam((w * b).sum(), w) | sg.sgd((w * b).sum(), b, learning_rate=0.1)
    >>> list(updates)
    [w, m/w, v/w, t, b]
    """

    def __init__(self, pairs=(), slots=(), dense=(), moves=()):
        super().__init__(pairs)
        self.slots = dict(slots)
        self.dense = frozenset(dense)
        self.moves = tuple(moves)

    def __or__(self, other):
        """Both updates in one; a variable or a slot's name in both is an error."""
        twice = [str(variable) for variable in self if variable in other]
        if twice:
            raise DuplicateUpdateError(
                f"both updates change {', '.join(twice)}: leave it out of one of them"
            )
        slots = dict(self.slots)
        for name, slot in getattr(other, "slots", {}).items():
            slots[free_name(name, slots)] = slot
        return Updates(
            {**self, **other},
            slots,
            self.dense | getattr(other, "dense", frozenset()),
            self.moves + getattr(other, "moves", ()),
        )

    __ior__ = __or__


def free_name(name, taken):
    """`name`, with a number behind it if it is taken."""
    free, k = name, 2
    while free in taken:
        free, k = f"{name}.{k}", k + 1
    return free


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
    options = _checked(rule, options)
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


def _checked(rule, options):
    """Options with their defaults, as a namespace."""
    unknown = set(options) - set(_DEFAULTS)
    if unknown:
        raise HyperparameterError(
            f"{rule.name} got {', '.join(sorted(unknown))}, which it does not know: the options "
            f"are {', '.join(_DEFAULTS)}"
        )
    merged = _DEFAULTS | options
    for name, choices in _CHOICES.items():
        if merged[name] not in choices:
            raise HyperparameterError(
                f"{rule.name}: {name} is {merged[name]!r}: choose one of {choices}"
            )
    if merged["row_rates"] and not rule.scales:
        raise HyperparameterError(
            f"{rule.name} takes no row_rates: its step is not in proportion to the learning rate"
        )
    for transform in merged["transforms"]:
        if not callable(transform):
            raise HyperparameterError(
                f"{rule.name}: transforms holds {transform!r}, which is not callable: give "
                "transforms=[sg.clip_norms(5.0)], say"
            )
    return SimpleNamespace(**merged)


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


class _Emitter:
    """Writes the updates of one call of a rule."""

    def __init__(self, rule, hyper, options):
        self.rule, self.options = rule, options
        self.hyper = hyper
        self.updates = Updates()
        self.exact = SimpleNamespace(**{name: _exact(value) for name, value in hyper.items()})

    def emit(self, found):
        per_call = self.rule.clock and self.options.counter == "call"
        rates, clock = self._call_clock() if per_call else ({}, ())
        for number, block in enumerate(found):
            self._emit_block(block, block.table.name or f"param{number}", rates)
        self.updates.update(clock)
        self.updates.dense = frozenset(block.table for block in found if block.dense)
        return self.updates

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

    def _at_row_rates(self, block, step):
        """The step times the factor of its row, if the table has such factors."""
        rates = _of_param(self.options.row_rates, block.table)
        if rates is None:
            return step
        rates = pt.as_tensor(rates)
        if block.place.axes != (0,) or rates.type.ndim != 1:
            raise HyperparameterError(
                f"{self.rule.name}: row_rates of {block.table} has {rates.type.ndim} dimensions, "
                f"and its rows lie along the axes {block.place.axes}: give a vector with one "
                "factor for each row, to a table that is read by rows of axis 0"
            )
        rates = rates.dimshuffle(0, *["x"] * (block.table.type.ndim - 1))
        return step * pt.cast(block.place.of_rows().read(rates), step.type.dtype)

    def _new_table(self, block, step):
        """The table with the step taken (masked, constrained), and what that adds to the block."""
        constraint = self.options.constraint
        if isinstance(constraint, Mapping):
            constraint = _of_param(constraint, block.table)
        if constraint is None and self.options.write == "inc":
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
        shape, static = np.shape(table.container.storage[0]), table.type.shape
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

    def _shared(self, name, value, static=()):
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
