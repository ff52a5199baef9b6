"""Elements of HTML, SVG and MathML, in which no text stands that was not escaped."""

from html import escape
from importlib.resources import files

__all__ = ["Markup", "join", "resource", "tag", "text"]

_VOID = {"meta", "br"}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Markup(str):
    """Text that is markup already: all other text is escaped where it is put."""

    __slots__ = ()


def text(value):
    """Any text as markup; what XML cannot hold is shown as a replacement character."""
    if isinstance(value, Markup):
        return value
    return Markup(escape("".join(c if _is_allowed(c) else _REPLACEMENT for c in str(value))))


def tag(name, /, *children, **attributes):
    """An element.

    Parameters
    ----------
    name : str
    *children : str or Markup
        Plain text is escaped.
    **attributes
        ``class_`` is ``class``, ``data_of`` is ``data-of``; those that are None are left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children):
    """Several pieces of markup, one after the other."""
    return Markup("".join(text(one) for one in children))


def resource(name):
    """A style sheet or a script of this package."""
    return Markup((files(__package__) / name).read_text(encoding="utf-8"))


def _is_allowed(letter):
    """May the letter stand in XML?"""
    return letter in "\t\n" or " " <= letter < "\ud800" or "\ue000" <= letter < "\ufffe" or (
        letter > "\uffff"
    )  # fmt: skip
