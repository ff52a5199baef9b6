"""The sections that the docstrings of all rules share, made from the rules themselves."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from symgrad.emit.definition import Definition

__all__ = ["documented"]

F = TypeVar("F", bound=Callable)

_ARGUMENTS = """\
Parameters
----------
cost_or_grads, params, **options
    As for every rule, see :class:`~symgrad.emit.options.Options`.
"""
_ERRORS = """\
Raises
------
SymgradError
    The children that :class:`~symgrad.emit.options.Options` lists.
"""
_AFTERWARDS = re.compile(r"^(Notes|References|Examples)\n-+$", re.MULTILINE)


def documented(rule: Definition, **units: str) -> Callable[[F], F]:
    """Add the sections Parameters, Returns and Raises to the docstring of a rule's function.

    Parameters
    ----------
    rule : Definition
        Its hyper-parameters give the parameters, its slots and clock what is returned.
    **units : str
        The unit of each slot.
    """

    def fill_in(function: F) -> F:
        if function.__doc__:  # there is none under `python -OO`
            text = inspect.cleandoc(function.__doc__)
            afterwards = _AFTERWARDS.search(text)
            at = afterwards.start() if afterwards else len(text)
            sections = [_parameters(rule), _returns(rule, units), _raises(rule)]
            function.__doc__ = "\n".join([text[:at].rstrip() + "\n", *sections, text[at:]])
        return function

    return fill_in


def _parameters(rule: Definition) -> str:
    entries = [
        f"{name} : {_kind(rule, name)}, {hyper.range}\n{_indented(hyper.meaning)}"
        for name, hyper in rule.hyper.items()
    ]
    return _ARGUMENTS + "".join(entries)


def _kind(rule: Definition, name: str) -> str:
    return "float or shared scalar" if name in rule.slots.values() else "float or scalar variable"


def _returns(rule: Definition, units: Mapping[str, str]) -> str:
    text = " ".join([_slots(rule, units), *_clocks(rule)])
    return f"Returns\n-------\nUpdates\n{_indented(text)}"


def _slots(rule: Definition, units: Mapping[str, str]) -> str:
    if not rule.slots:
        return "No slots."
    starts = {slot: _start(initial) for slot, initial in rule.slots.items()}
    alike = set(starts.values()) == {"0"}
    names = [
        f"``{slot}`` [{units[slot]}]" + ("" if alike else f" from {start}")
        for slot, start in starts.items()
    ]
    shape = (
        "one number per row (shape ``(rows, 1, ...)``)"
        if rule.row_slots
        else "of the shape and dtype of each parameter"
    )
    return f"{_counted('Slot', names)}, {shape}{', starting at 0' if alike else ''}."


def _start(initial: float | str) -> str:
    return f"`{initial}`" if isinstance(initial, str) else f"{initial:g}"


def _clocks(rule: Definition) -> Iterator[str]:
    if rule.clock:
        names = _counted("clock", [f"``{name}``" for name in rule.clock])
        verb = "advances" if len(rule.clock) == 1 else "advance"
        yield (
            f"The {names} {verb} with every call, for all parameters together, or with "
            'each visit of a row under ``counter="row"``.'
        )


def _counted(noun: str, names: Sequence[str]) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{noun}s {' and '.join(names)}"


def _raises(rule: Definition) -> str:
    started = [start for start in rule.slots.values() if isinstance(start, str)]
    first = "".join(
        f"HyperparameterError\n    Also if `{name}` is symbolic: slots start from its value.\n"
        for name in started
    )
    return _ERRORS.replace("SymgradError\n", f"{first}SymgradError\n")


def _indented(text: str) -> str:
    return textwrap.fill(text, 92, initial_indent="    ", subsequent_indent="    ") + "\n"
