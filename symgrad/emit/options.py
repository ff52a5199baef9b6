"""What every rule takes besides its hyper-parameters."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, TypedDict

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.lookups import Subset
from symgrad.emit.constraints import Constraint
from symgrad.emit.definition import Definition
from symgrad.emit.transforms import GradientFunction, Transform
from symgrad.errors import ArgumentError, OptionError
from symgrad.graph.index_reads import read_of

__all__ = ["CheckedOptions", "CostOrGradients", "Options", "Params", "checked"]

CostOrGradients: TypeAlias = Variable | Sequence[Variable]
Params: TypeAlias = Variable | Subset | Sequence[Variable | Subset]


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
    transforms : sequence of callables ``(gradient, context) -> gradient``
        Applied to the gradients in turn, see :mod:`symgrad.emit.transforms`.
    constraint : callable ``(new_rows, row_dims) -> new_rows``, or mapping
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
        table: pre-trained words may move slowly. Slots move as without it; for rows that must not
        move at all, slots included, use a `mask`.
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

    transforms: Sequence[GradientFunction]
    constraint: Constraint | Mapping[Any, Constraint]
    mask: Any
    row_rates: Mapping[Any, Any]
    unused: Literal["keep", "exact", "decay"]
    counter: Literal["call", "row"]
    lookups: Literal["auto", "require"]
    write: Literal["inc", "set"]


_CHOICES = {
    "unused": ("keep", "exact", "decay"),
    "counter": ("call", "row"),
    "lookups": ("auto", "require"),
    "write": ("inc", "set"),
}


@dataclass(frozen=True)
class CheckedOptions:
    """The :class:`Options` of one call, checked, with their defaults."""

    transforms: Sequence[GradientFunction] = ()
    constraint: Constraint | Mapping[Any, Constraint] | None = None
    mask: Any = None
    row_rates: Mapping[Any, Any] | None = None
    unused: str = "keep"
    counter: str = "call"
    lookups: str = "auto"
    write: str = "inc"

    def constraint_of(self, table: SharedVariable) -> Constraint | None:
        """The constraint of a table, or None."""
        if isinstance(self.constraint, Mapping):
            return _of_table(self.constraint, table)
        return self.constraint

    def row_rates_of(self, table: SharedVariable) -> Any:
        """The factors of the learning rate of the rows of a table, or None."""
        return _of_table(self.row_rates or {}, table)

    def l2_of(self, table: SharedVariable) -> Any:
        """The weight decay that the transforms put into the gradient of a table, or None."""
        decays = [
            transform.l2_of(table)
            for transform in self.transforms
            if isinstance(transform, Transform)
        ]
        return next((l2 for l2 in decays if l2 is not None), None)


OPTION_NAMES = tuple(field.name for field in fields(CheckedOptions))


def _of_table(mapping: Mapping[Any, Any], table: SharedVariable) -> Any:
    """The entry of ``{param: ...}`` whose parameter is a table, or a subset of it; or None."""
    for param, entry in mapping.items():
        read = read_of(param)
        if param is table or (read and read.table is table):
            return entry
    return None


def checked(
    rule: Definition, cost_or_grads: CostOrGradients, options: Mapping[str, Any]
) -> CheckedOptions:
    """Options with their defaults; a :class:`HyperparameterError` for what cannot be."""
    if unknown := sorted(set(options) - set(OPTION_NAMES)):
        raise OptionError(
            f"{rule.name} got {', '.join(unknown)}, which it does not know: the hyper-parameters "
            f"are {', '.join(rule.hyper) or 'none'}, the options are {', '.join(OPTION_NAMES)}"
        )
    settings = CheckedOptions(**options)
    for name, choices in _CHOICES.items():
        if getattr(settings, name) not in choices:
            raise OptionError(
                f"{rule.name}: {name} is {getattr(settings, name)!r}: choose one of {choices}"
            )
    if settings.row_rates and not rule.scales:
        raise OptionError(
            f"{rule.name} takes no row_rates: its step is not in proportion to the learning rate"
        )
    for transform in settings.transforms:
        _check_callable(
            rule, "transforms", transform, "(gradient, context)", "transforms=[sg.clip_norms(5.0)]"
        )
    constraint = settings.constraint
    for entry in constraint.values() if isinstance(constraint, Mapping) else [constraint]:
        if entry is not None:
            _check_callable(
                rule, "constraint", entry, "(new_rows, row_dims)", "constraint=sg.max_norm(1.0)"
            )
    if settings.unused == "exact":
        _check_exact(rule, cost_or_grads, settings)
    return settings


def _check_callable(
    rule: Definition, option: str, function: Any, arguments: str, example: str
) -> None:
    """Refuse what is no function, or one that takes other arguments."""
    if not callable(function):
        raise ArgumentError(
            f"{rule.name}: {option} holds {function!r}, which is not callable: give {example}, say"
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        raise ArgumentError(
            f"{rule.name}: {option} holds {function!r}, which does not take two arguments: give a "
            f"function of {arguments}"
        ) from None
    except ValueError:
        return  # a function without a signature, as some built-in ones


def _check_exact(rule: Definition, cost_or_grads: CostOrGradients, options: CheckedOptions) -> None:
    """Refuse what ``unused="exact"`` cannot know of rows that are not read."""
    wrong = None
    if not isinstance(cost_or_grads, Variable):
        wrong = (
            "gradients, but rows are brought up to date before the cost reads them: give the cost"
        )
    elif options.mask is not None:
        wrong = "a mask, but the entries that it spares would move in other calls: leave it out"
    elif options.constraint is not None:
        wrong = "a constraint, but no closed form has constraints between the steps: leave it out"
    elif rule.clock and options.counter == "row":
        wrong = "counter='row', but under the dense rule all rows share one count: say 'call'"
    if wrong:
        raise OptionError(f"{rule.name}: unused='exact' was given with {wrong}")
    for transform in options.transforms:
        is_last = transform is options.transforms[-1]
        is_known = isinstance(transform, Transform) and (
            transform.keeps_zero or (transform.l2 is not None and is_last)
        )
        if not is_known:
            raise OptionError(
                f"{rule.name}: unused='exact' must know what {transform!r} makes of a gradient of "
                "zero. Put weight decay last, and wrap a transform of your own that leaves zeros "
                "as they are: sg.Transform(function, keeps_zero=True)"
            )
