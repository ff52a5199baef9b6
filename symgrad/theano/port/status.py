"""The status of each name of Theano in symgrad.theano: exact, adapted, or missing.

``python -m symgrad.theano.port.status`` prints the page of all of them.
"""

import types
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from symgrad.theano.configparser import Section, config
from symgrad.theano.flags import OBEYED, is_without_effect
from symgrad.theano.missing import why
from symgrad.theano.names import recorded
from symgrad.theano.port.adapted import ADAPTED
from symgrad.theano.pytensor_compat import config_flags

__all__ = ["Status", "page", "resolve", "status_of", "status_of_chain", "status_of_flag"]

_DEVICE = "the CPU is used; on a GPU write `symgrad run --backend jax`"
_FLAGS = {
    "device": _DEVICE,
    "init_gpu_device": _DEVICE,
    "force_device": _DEVICE,
}


@dataclass(frozen=True)
class Status:
    """A name is ``exact``, ``adapted`` (`note` says how), or ``missing`` (`note` says why)."""

    name: str
    kind: str
    note: str = ""


def status_of(name: str) -> Status:
    """The status of a dotted name of Theano.

    Parameters
    ----------
    name : str

    Returns
    -------
    Status
        A name that does not resolve in symgrad.theano is missing, one that
        :mod:`symgrad.theano.port.adapted` lists is adapted, and all others are exact.

    Examples
    --------
    >>> from symgrad.theano.port.status import status_of
    >>> status_of("theano.tensor.nnet.softmax").kind
    'exact'
    >>> status_of("theano.tensor.load")
    Status(name='theano.tensor.load', kind='missing', note="arrays are not read from disk by an \
Op: give numpy.load's result")
    """
    if name.startswith("theano.config."):
        return status_of_flag(name.removeprefix("theano.config."))
    try:
        value = resolve(name)
    except (AttributeError, ImportError):
        return Status(name, "missing", why(name))
    note = _note(name, value)
    return Status(name, "adapted", note) if note else Status(name, "exact")


def status_of_chain(dotted: str) -> Status:
    """The status of a name with attributes: of ``T.exp`` for ``T.exp.name``.

    It is that of the first part which is not a module.
    """
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        if name == "theano.config" and end < len(parts):
            return _status_of_flags(parts[end:])
        if _is_module(name, parts[end:]):
            continue
        try:
            value = resolve(name)
        except (AttributeError, ImportError):
            break
        if not isinstance(value, types.ModuleType):
            break
    return status_of(name)


def _is_module(name, rest):
    """Whether the name is that of a module, although a function has it, too: ``T.sort.topk``."""
    return bool(rest) and rest[0] in recorded().get(name, ())


def _status_of_flags(parts):
    """The status of the flag that attributes of ``theano.config`` lead to.

    A method of ``theano.config`` has the status of ``theano.config`` itself.
    """
    if hasattr(type(config), parts[0]):
        return Status("theano.config", "exact")
    for end in range(1, len(parts) + 1):
        flag = ".".join(parts[:end])
        if not isinstance(_flag_value(flag), Section):
            break
    return status_of_flag(flag)


def _flag_value(flag):
    value: Any = config
    for part in flag.split("."):
        value = getattr(value, part, None)
    return value


def status_of_flag(flag: str) -> Status:
    """The status of a flag; sections are separated by dots."""
    name = f"theano.config.{flag}"
    if flag in _FLAGS:
        return Status(name, "adapted", _FLAGS[flag])
    if flag in OBEYED or flag.replace(".", "__") in config_flags():
        return Status(name, "exact")
    if is_without_effect(flag) or flag.startswith("warn."):
        return Status(name, "adapted", "the flag is kept, and has no effect")
    if isinstance(_flag_value(flag), Section):
        return Status(name, "exact")
    return Status(name, "missing", "there is no flag of this name: leave it out")


@cache
def resolve(name: str) -> object:
    """The module or value that a dotted name of Theano stands for in symgrad.theano."""
    above, _, last = name.rpartition(".")
    if not above:
        return import_module(f"symgrad.{name}")
    owner = import_module(f"symgrad.{above}") if _is_module(above, [last]) else resolve(above)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTensor warns of names that it will drop
            return getattr(owner, last)
    except (AttributeError, ImportError):
        if isinstance(owner, types.ModuleType):
            return import_module(f"symgrad.{name}")
        raise


def _note(name, value):
    if name in ADAPTED:
        return ADAPTED[name]
    note, above = _notes_by_value().get((name.rpartition(".")[2], id(value))), name
    while not note and above:
        note = ADAPTED.get(f"{above}.**")
        above = above.rpartition(".")[0]
    return note


@cache
def _notes_by_value():
    """The notes by name and value: the same thing is there in several modules."""
    notes: dict[tuple[str, int], str] = {}
    for entry, note in sorted(ADAPTED.items(), key=lambda item: item[0].endswith("*")):
        module, _, last = entry.rpartition(".")
        if last == "**":
            continue
        for name in recorded()[module] if last == "*" else [last]:
            try:
                value = resolve(f"{module}.{name}")
            except (AttributeError, ImportError):
                continue
            if last != "*" or not _is_of_symgrad(value):
                notes.setdefault((name, id(value)), note)
    return notes


def _is_of_symgrad(value):
    return str(getattr(value, "__module__", "")).startswith("symgrad.")


def page() -> str:
    """The page of all names of Theano 1.0.5, in Markdown."""
    modules = {
        module: [status_of(f"{module}.{name}") for name in names]
        for module, names in recorded().items()
    }
    counts = _counts([status for rows in modules.values() for status in rows])
    lines = [_HEAD.format(total=sum(map(len, modules.values())), **counts)]
    for module, rows in modules.items():
        if rows:
            lines += _section(module, rows)
    return "\n".join(lines)


_HEAD = """\
# The names of Theano

Theano 1.0.5 had {total} public names, counted once for each module that has them: here {exact} are
exact, {adapted} are adapted, and {missing} are missing.

* **exact**: the same call gives the same result.
* **adapted**: it is there, and something is different.
* **missing**: to name it is an error that says why.

The page is computed with the oldest PyTensor that is supported. `symgrad check` says what holds for
a program and the PyTensor that is installed: see [the guide](port-theano.md).
"""


def _counts(rows):
    kinds = [status.kind for status in rows]
    return {kind: kinds.count(kind) for kind in ("exact", "adapted", "missing")}


def _section(module, rows):
    counts = [f"{count} {kind}" for kind, count in _counts(rows).items() if count]
    yield f"## {module}\n\n{', '.join(counts)}.\n"
    exact = [status for status in rows if status.kind == "exact"]
    if exact:
        yield f"Exact: {_listed(exact)}.\n"
    notes: dict[tuple[str, str], list[Status]] = {}
    for status in rows:
        if status.kind != "exact":
            notes.setdefault((status.kind, status.note), []).append(status)
    if notes:
        yield "| | names | what is different |\n|---|---|---|"
        for (kind, note), statuses in sorted(notes.items()):
            yield f"| {kind} | {_listed(statuses)} | {note} |"
        yield ""


def _listed(rows):
    return ", ".join(f"`{status.name.rpartition('.')[2]}`" for status in rows)


if __name__ == "__main__":
    print(page(), end="")
