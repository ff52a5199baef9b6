"""What goes through the stations of this package: a step, and how it is to be compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.backends import choose
from symgrad.errors import OptionError

__all__ = ["AuditChoice", "NanChoice", "Settings", "Step"]

AuditChoice = Literal["raise", "warn", "off"]
NanChoice = Literal["ignore", "skip", "raise"]


@dataclass(frozen=True)
class Step:
    """A graph to compile: what one call computes and changes.

    Attributes
    ----------
    inputs, outputs : list of variables
    updates : dict
        ``{shared variable: new expression}``, checked by
        :func:`symgrad.compile.check_updates.check_updates`.
    dense : frozenset of shared variables
        Tables whose dense update is meant.
    """

    inputs: list[Variable]
    outputs: list[Variable]
    updates: dict[SharedVariable, Variable] = field(default_factory=dict)
    dense: frozenset[SharedVariable] = frozenset()


@dataclass(frozen=True)
class Settings:
    """How a step is compiled: the keywords of :func:`symgrad.function`, checked.

    Attributes
    ----------
    backend : str
    audit, nan, fuse
        As in :func:`symgrad.function`.
    options : dict
        Passed to :func:`pytensor.function`.
    """

    backend: str
    audit: AuditChoice = "raise"
    nan: NanChoice = "ignore"
    fuse: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def checked(
        cls,
        backend: str | None,
        audit: AuditChoice,
        nan: NanChoice,
        fuse: bool,
        options: dict[str, Any],
    ) -> Settings:
        """The settings that a user asked for, or a HyperparameterError or BackendError."""
        _check_choice("audit", audit, get_args(AuditChoice))
        _check_choice("nan", nan, get_args(NanChoice))
        return cls(choose(backend), audit, nan, fuse, options)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name} is {value!r}: choose one of {', '.join(choices)}")
