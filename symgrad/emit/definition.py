"""What a rule is: its law, hyper-parameters, slots, clock and closed form."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal, Protocol, TypeAlias

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.closed_form import ClosedForm, NoClosedForm
from symgrad.emit.hyperparameter import Hyperparameter, Scalar
from symgrad.errors import ArgumentError, HyperparameterError

__all__ = ["Definition", "Law", "Names", "Tick"]


class Names(SimpleNamespace):
    """What a law reads by name; an unknown name is an error that lists the known ones."""

    __slots__ = ("_what",)  # beside what `vars` shows

    def __init__(self, what: str, entries: Mapping[str, Any]) -> None:
        super().__init__(**entries)
        self._what = what

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ArgumentError(
            f"{self._what} {name!r}, which the rule does not declare: it has {_listing(vars(self))}"
        )


class Law(Protocol):
    """``(value, gradient, slots, hyper) -> (step, new slots)``, on blocks."""

    def __call__(
        self, value: Variable, gradient: Variable, slots: Any, hyper: Any, /
    ) -> tuple[Variable, Mapping[str, Variable]]: ...


class Tick(Protocol):
    """``(hyper, clock) -> (rates, new clock)``, on float64 scalars or one number per row."""

    def __call__(
        self, hyper: Any, clock: Any, /
    ) -> tuple[Mapping[str, Variable], Mapping[str, Variable]]: ...


AnyClosedForm: TypeAlias = ClosedForm | NoClosedForm | Literal["at rest"]
_NOT_GIVEN = NoClosedForm("the rule was made without one")


@dataclass(frozen=True, eq=False)
class Definition:
    """What a rule is, without tables and indices; :class:`~symgrad.Rule` makes it callable.

    See there for the attributes.
    """

    name: str
    law: Law
    hyper: Mapping[str, Hyperparameter] = field(default_factory=dict)
    slots: Mapping[str, float | str] = field(default_factory=dict)
    row_slots: tuple[str, ...] = ()
    clock: Mapping[str, float] = field(default_factory=dict)
    tick: Tick | None = None
    linear: bool = False
    scales: bool = True
    closed_form: AnyClosedForm = _NOT_GIVEN
    decayed_form: Callable[[Scalar], ClosedForm] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ArgumentError(
                f"Rule got the name {self.name!r}: give one that a Python variable could have"
            )
        if not callable(self.law):
            raise self._error(
                f"the law is {self.law!r}, which is not callable: give a function "
                "(value, gradient, slots, hyper) -> (step, new slots)"
            )
        self._check_names()
        self._check_hyper()
        self._check_slots()
        self._check_clock()
        self._check_closed_form()

    def check(self, hyper: Mapping[str, Scalar]) -> None:
        """Raise a :class:`HyperparameterError` for a number outside its range."""
        for name, value in hyper.items():
            self.hyper[name].check(f"{self.name}: {name}", value)

    def take_step(
        self,
        value: Variable,
        gradient: Variable,
        slots: Mapping[str, Variable],
        hyper: Mapping[str, Any],
        row_dims: tuple[int, ...],
    ) -> tuple[Variable, dict[str, Variable]]:
        """What the law makes of a block: its step and its new slots, checked."""
        result = self.law(
            value,
            gradient,
            Names(f"{self.name}: the law reads the slot", slots),
            Names(f"{self.name}: the law reads the hyper-parameter", hyper),
        )
        match result:
            case (step, Mapping() as new):
                pass
            case _:
                raise self._error(
                    f"the law returned {result!r}: return a pair, the step and a dict of the new "
                    "slots"
                )
        self._compare_names("the law returned the slots", new, self.slots)
        # Either may be known to be a single row where the other is not.
        sizes = [
            1 if 1 in pair else pair[0]
            for pair in zip(value.type.shape, gradient.type.shape, strict=True)
        ]
        step = self._fitting("the law's step", step, sizes)
        return step, {
            slot: self._fitting(
                f"the new slot {slot!r}",
                new[slot],
                sizes,
                single=row_dims if slot in self.row_slots else (),
            )
            for slot in slots
        }

    def advance(
        self, hyper: Mapping[str, Variable], clock: Mapping[str, Variable]
    ) -> tuple[Mapping[str, Variable], Mapping[str, Variable]]:
        """The rates of a call, and the clock after it, checked."""
        if self.tick is None:
            return {}, {}
        result = self.tick(
            Names(f"{self.name}: the tick reads the hyper-parameter", hyper),
            Names(f"{self.name}: the tick reads the clock", clock),
        )
        match result:
            case (Mapping() as rates, Mapping() as new):
                pass
            case _:
                raise self._error(
                    f"the tick returned {result!r}: return a pair of dicts, the rates for the law "
                    "and the new clock"
                )
        self._compare_names("the tick returned the clock", new, self.clock)
        if shadowed := sorted({*rates} & {*self.hyper, "row_mean"}):
            raise self._error(
                f"the tick returned the rates {', '.join(shadowed)}, which are names of "
                "hyper-parameters: give rates names of their own"
            )
        return rates, new

    def closed_form_for(self, l2: Scalar | None) -> ClosedForm | None:
        """The closed form, with coupled weight decay if `l2` is given; None if rows rest.

        Raises a :class:`HyperparameterError` if there is none.
        """
        if isinstance(self.closed_form, NoClosedForm):
            raise self._error(
                f"unused='exact' has no closed form, because {self.closed_form.reason}: use "
                "unused='keep', or 'decay' for the dense update"
            )
        if l2 is None:
            return None if self.closed_form == "at rest" else self.closed_form
        if self.decayed_form is None:
            raise self._error(
                "unused='exact' has no closed form with weight decay in the gradient, because the "
                "decaying value enters what the rule remembers in every call: use adamw or lion, "
                "whose decay is their own, sgd, or unused='decay' for the dense update"
            )
        return self.decayed_form(l2)

    def _error(self, message: str) -> HyperparameterError:
        return HyperparameterError(f"{self.name}: {message}")

    def _check_names(self) -> None:
        for kind in ("hyper", "slots", "clock"):
            names = getattr(self, kind)
            if not isinstance(names, Mapping):
                raise self._error(f"{kind} is {names!r}: give a dict by name")
            for name in names:
                if not isinstance(name, str) or not name.isidentifier():
                    raise self._error(
                        f"{kind} names {name!r}: give names that a Python variable could have"
                    )

    def _check_hyper(self) -> None:
        for name, entry in self.hyper.items():
            if not isinstance(entry, Hyperparameter):
                raise self._error(
                    f"the hyper-parameter {name} is {entry!r}, which has no range: give "
                    f"sg.Hyperparameter({entry!r}, at_least=0), say"
                )
            if name == "row_mean":
                raise self._error("row_mean is a function that laws read: take another name")

    def _check_slots(self) -> None:
        for slot, initial in self.slots.items():
            if isinstance(initial, str) and initial not in self.hyper:
                raise self._error(
                    f"the slot {slot} starts from {initial!r}, which is no hyper-parameter: give a "
                    f"number, or one of {_listing(self.hyper)}"
                )
        if isinstance(self.row_slots, str):
            raise self._error(f"row_slots is {self.row_slots!r}: give a tuple of names")
        if unknown := [slot for slot in self.row_slots if slot not in self.slots]:
            raise self._error(
                f"row_slots names {', '.join(unknown)}, but the slots are {_listing(self.slots)}"
            )
        if shared := sorted({*self.slots} & {*self.clock}):
            raise self._error(
                f"{', '.join(shared)} is the name of a slot and of a part of the clock: rename one"
            )

    def _check_clock(self) -> None:
        if bool(self.clock) != (self.tick is not None):
            raise self._error(
                "there is a clock without a tick, or a tick without a clock: give both, as in "
                "clock={'t': 0}, tick=lambda hyper, clock: ({}, {'t': clock.t + 1})"
            )
        if self.tick is not None and not callable(self.tick):
            raise self._error(
                f"the tick is {self.tick!r}, which is not callable: give a function "
                "(hyper, clock) -> (rates, new clock)"
            )

    def _check_closed_form(self) -> None:
        form = self.closed_form
        if form != "at rest" and not isinstance(form, (ClosedForm, NoClosedForm)):
            raise self._error(
                f"the closed form is {form!r}: give an sg.ClosedForm, or 'at rest' if rows without "
                "a gradient, and their slots, stay as they are"
            )
        constants = form.constants if isinstance(form, ClosedForm) else ()
        if unknown := [name for name in constants if name not in self.hyper]:
            raise self._error(
                f"the closed form's constants name {', '.join(unknown)}, but the hyper-parameters "
                f"are {_listing(self.hyper)}"
            )

    def _compare_names(self, what: str, given: Collection[str], declared: Collection[str]) -> None:
        missing = [name for name in declared if name not in given]
        unknown = [str(name) for name in given if name not in declared]
        if missing or unknown:
            difference = [f"{', '.join(missing)} is missing"] if missing else []
            difference += [f"{', '.join(unknown)} is not declared"] if unknown else []
            raise self._error(
                f"{what} {_listing(given)}, but the rule declares {_listing(declared)}: "
                f"{' and '.join(difference)}"
            )

    def _fitting(
        self, what: str, block: Any, sizes: Sequence[int | None], single: Sequence[int] = ()
    ) -> Variable:
        """A block as a variable, checked to have these sizes; 1 in the `single` dimensions."""
        sizes = [1 if dim in single else size for dim, size in enumerate(sizes)]
        try:
            block = pt.as_tensor(block)
        except Exception as error:
            raise self._error(
                f"{what} is {block!r}: return a block of the value's shape"
            ) from error
        if not block.type.dtype.startswith("float"):
            raise self._error(
                f"{what} has the dtype {block.type.dtype}: return floats, as the value has"
            )
        shape = block.type.shape
        if len(shape) != len(sizes) or not all(
            size == 1 if dim in single else _may_be(size, wanted)
            for dim, (size, wanted) in enumerate(zip(shape, sizes, strict=True))
        ):
            raise self._error(
                f"{what} has the shape {_shape_text(shape)}, but {_shape_text(sizes)} is needed: "
                "compute entry by entry; h.row_mean(block) is the mean of each row, a block with "
                "one number per row"
            )
        return block


def _may_be(size: int | None, wanted: int | None) -> bool:
    """Whether a static size fits, where None is not known; a block of one row broadcasts."""
    if wanted == 1 or size is None:
        return True
    return size != 1 if wanted is None else size == wanted


def _shape_text(shape: Iterable[int | None]) -> str:
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"


def _listing(names: Iterable[str]) -> str:
    return ", ".join(map(str, names)) or "none"
