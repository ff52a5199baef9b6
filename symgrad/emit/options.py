"""What every rule takes besides its hyper-parameters."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TypedDict

from pytensor.graph.basic import Variable

from symgrad.errors import HyperparameterError

__all__ = ["Options", "checked"]


class Options(TypedDict, total=False):
    """What every rule takes besides its hyper-parameters.

    ``rule(cost_or_grads, params, ..., **options)``, where

    ``cost_or_grads``
        The scalar cost, or a list of gradients, one for each parameter and of its shape.
    ``params``
        A shared variable, a subset ``table[index]`` that the cost was built from, a
        :class:`~symgrad.cost.lookups.Subset`, or a list of those. For a shared variable that the
        cost reads only by index, the rows that are read are updated, otherwise all of it.

    Attributes
    ----------
    transforms : sequence of callables
        Applied to the gradients in turn, see :mod:`symgrad.emit.transforms`.
    constraint : callable or mapping
        Applied to the touched rows after the step, see :mod:`symgrad.emit.constraints`; a mapping
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
    unused : {"keep", "exact", "decay"}
        What rows do that this call does not read: nothing (default); what the dense rule does
        with a gradient of zero, made up for when they are next read (at the price of the rows
        that are read, see :meth:`Updates.flush`), or at once (at the price of the whole table).
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
    "unused": ("keep", "exact", "decay"),
    "counter": ("call", "row"),
    "lookups": ("auto", "require"),
    "write": ("inc", "set"),
}
_DEFAULTS = {"transforms": (), "constraint": None, "mask": None, "row_rates": None} | {
    name: choices[0] for name, choices in _CHOICES.items()
}


def checked(rule, cost_or_grads, options):
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
    options = SimpleNamespace(**merged)
    if options.unused == "exact":
        _check_exact(rule, cost_or_grads, options)
    return options


def _check_exact(rule, cost_or_grads, options):
    """Refuse what ``unused="exact"`` cannot be told of rows that are not read."""
    wrong = None
    if not isinstance(cost_or_grads, Variable):
        wrong = "gradients, but it must bring rows up to date before the cost reads them: the cost"
    elif options.mask is not None:
        wrong = "a mask, but entries that it spares would have to move in some calls: no mask"
    elif options.constraint is not None:
        wrong = "a constraint, and steps with a constraint in between have no closed form: none"
    elif rule.clock and options.counter == "row":
        wrong = "counter='row', but under the dense rule all rows have one count: counter='call'"
    if wrong:
        raise HyperparameterError(f"{rule.name}: unused='exact' was given with {wrong}")
    for transform in options.transforms:
        decays_last = transform is options.transforms[-1] and hasattr(transform, "l2_of")
        if not (decays_last or getattr(transform, "keeps_zero", False)):
            raise HyperparameterError(
                f"{rule.name}: unused='exact' must know what {transform!r} makes of a gradient of "
                "zero. Put weight decay last, and say transform.keeps_zero = True of a transform "
                "of your own that leaves zeros as they are"
            )
