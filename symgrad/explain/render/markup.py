"""Elements of HTML, SVG and MathML. All text in them is escaped."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files

__all__ = ["Markup", "join", "resource", "tag", "text"]

_VOID = {"meta", "br"}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Markup(str):
    """Text that is markup already. Any other text is escaped when it is put into an element."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Any text as markup. Letters that XML cannot hold become replacement characters."""
    if isinstance(value, Markup):
        return value
    return Markup(escape("".join(c if _is_allowed(c) else _REPLACEMENT for c in str(value))))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element.

    Parameters
    ----------
    name : str
    *children : str or Markup
        Plain text is escaped.
    **attributes
        ``class_`` is ``class``, and ``data_of`` is ``data-of``. None leaves an attribute out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Markup:
    """Several pieces of markup in sequence."""
    return Markup("".join(map(text, children)))


def resource(name: str) -> Markup:
    """A style sheet or a script of this package."""
    return Markup((files(__package__) / name).read_text(encoding="utf-8"))


def _is_allowed(letter):
    """Does XML allow the letter?"""
    return letter in "\t\n" or " " <= letter < "\ud800" or "\ue000" <= letter < "\ufffe" or (
        letter > "\uffff"
    )  # fmt: skip
