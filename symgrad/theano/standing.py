"""How each name of Theano stands here: exact, adapted, or missing.

``python -m symgrad.theano.standing`` prints the page of all of them.
"""

import types
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from symgrad.theano.adapted import ADAPTED
from symgrad.theano.configparser import Section, config
from symgrad.theano.flags import OBEYED, is_without_effect
from symgrad.theano.missing import why
from symgrad.theano.names import recorded
from symgrad.theano.pytensor_compat import config_flags as _pytensor_flags

__all__ = ["Standing", "of_chain", "of_flag", "page", "standing"]

_DEVICE = "the CPU is used; on a GPU write `symgrad run --backend jax`"
_FLAGS = {
    "device": _DEVICE,
    "init_gpu_device": _DEVICE,
    "force_device": _DEVICE,
}


@dataclass(frozen=True)
class Standing:
    """How a name stands: ``exact``, ``adapted`` (and how), or ``missing`` (and why)."""

    name: str
    kind: str
    note: str = ""


def standing(name):
    """How a dotted name of Theano stands.

    Parameters
    ----------
    name : str

    Returns
    -------
    Standing
        Missing is what does not resolve in symgrad.theano, and adapted is what
        :mod:`symgrad.theano.adapted` lists. The rest is exact.

    Examples
    --------
    >>> from symgrad.theano.standing import standing
    >>> standing("theano.tensor.nnet.softmax").kind
    'exact'
    >>> standing("theano.tensor.load")
    Standing(name='theano.tensor.load', kind='missing', note="arrays are not read from disk by an \
Op: give numpy.load's result")
    """
    if name.startswith("theano.config."):
        return of_flag(name.removeprefix("theano.config."))
    try:
        found = _resolved(name)
    except (AttributeError, ImportError):
        return Standing(name, "missing", why(name))
    note = _note(name, found)
    return Standing(name, "adapted", note) if note else Standing(name, "exact")


def of_chain(dotted):
    """How the first part of a dotted name stands that is no module: ``T.exp`` of ``T.exp.name``."""
    parts = dotted.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        if name == "theano.config" and end < len(parts):
            return _of_flags(parts[end:])
        if _is_module(name, parts[end:]):
            continue
        try:
            found = _resolved(name)
        except (AttributeError, ImportError):
            break
        if not isinstance(found, types.ModuleType):
            break
    return standing(name)


def _is_module(name, rest):
    """Whether a module is meant where a function has its name: ``theano.tensor.sort.topk``."""
    return bool(rest) and rest[0] in recorded().get(name, ())


def _of_flags(parts):
    """The flag that attributes of ``theano.config`` lead to; methods are those of the whole."""
    if hasattr(type(config), parts[0]):
        return Standing("theano.config", "exact")
    for end in range(1, len(parts) + 1):
        flag = ".".join(parts[:end])
        if not isinstance(_flag_value(flag), Section):
            break
    return of_flag(flag)


def _flag_value(flag):
    found = config
    for part in flag.split("."):
        found = getattr(found, part, None)
    return found


def of_flag(flag):
    """How a flag stands; sections are split by dots."""
    name = f"theano.config.{flag}"
    if flag in _FLAGS:
        return Standing(name, "adapted", _FLAGS[flag])
    if flag in OBEYED or flag.replace(".", "__") in _pytensor_flags():
        return Standing(name, "exact")
    if is_without_effect(flag) or flag.startswith("warn."):
        return Standing(name, "adapted", "the flag is kept, and has no effect")
    if isinstance(_flag_value(flag), Section):
        return Standing(name, "exact")
    return Standing(name, "missing", "there is no flag of this name: leave it out")


@cache
def _resolved(name):
    """What a dotted name stands for here."""
    above, _, last = name.rpartition(".")
    if not above:
        return import_module(f"symgrad.{name}")
    found = import_module(f"symgrad.{above}") if _is_module(above, [last]) else _resolved(above)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTensor, for names that it will drop
            return getattr(found, last)
    except (AttributeError, ImportError):
        if isinstance(found, types.ModuleType):
            return import_module(f"symgrad.{name}")
        raise


def _note(name, found):
    if name in ADAPTED:
        return ADAPTED[name]
    note, above = _other_names().get((name.rpartition(".")[2], id(found))), name
    while not note and above:
        note = ADAPTED.get(f"{above}.**")
        above = above.rpartition(".")[0]
    return note


@cache
def _other_names():
    """The notes by what their names stand for: one name is found in several modules."""
    notes = {}
    for name, note in sorted(ADAPTED.items(), key=lambda item: item[0].endswith("*")):
        module, _, last = name.rpartition(".")
        for one in recorded()[module] if last == "*" else [last]:
            if last != "**" and _is_of_pytensor(f"{module}.{one}", last):
                notes.setdefault((one, id(_resolved(f"{module}.{one}"))), note)
    return notes


def _is_of_pytensor(name, last):
    """Of a module's names, those that were not written here; of names, all that are here."""
    try:
        found = _resolved(name)
    except (AttributeError, ImportError):
        return False
    return last != "*" or not str(getattr(found, "__module__", "")).startswith("symgrad.")


def page():
    """The page of all names of Theano 1.0.5, in Markdown."""
    modules = {
        module: [standing(f"{module}.{name}") for name in names]
        for module, names in recorded().items()
    }
    counts = _counts([one for rows in modules.values() for one in rows])
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
    kinds = [one.kind for one in rows]
    return {kind: kinds.count(kind) for kind in ("exact", "adapted", "missing")}


def _section(module, rows):
    counts = [f"{count} {kind}" for kind, count in _counts(rows).items() if count]
    yield f"## {module}\n\n{', '.join(counts)}.\n"
    exact = [one for one in rows if one.kind == "exact"]
    if exact:
        yield f"Exact: {_listed(exact)}.\n"
    notes = {}
    for one in rows:
        if one.kind != "exact":
            notes.setdefault((one.kind, one.note), []).append(one)
    if notes:
        yield "| | names | what is different |\n|---|---|---|"
        for (kind, note), several in sorted(notes.items()):
            yield f"| {kind} | {_listed(several)} | {note} |"
        yield ""


def _listed(rows):
    return ", ".join(f"`{one.name.rpartition('.')[2]}`" for one in rows)


if __name__ == "__main__":
    print(page(), end="")
