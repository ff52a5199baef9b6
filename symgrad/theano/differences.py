"""Warnings about what means something else here than in Theano, each given once."""

import sys
from warnings import warn

__all__ = ["GUIDE", "TheanoDifferenceWarning", "warn_once"]

GUIDE = "docs/how-to/port-theano.md"

_warned: set[str] = set()


class TheanoDifferenceWarning(UserWarning):
    """The program asks for something that means something else here."""


def warn_once(message: str, *, category: type[Warning] = TheanoDifferenceWarning) -> None:
    """Warn at the line of the program, unless the process was warned with this message before."""
    if message in _warned:
        return
    _warned.add(message)
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("symgrad."):
        level, frame = level + 1, frame.f_back
    warn(f"{message}. See {GUIDE}", category, stacklevel=level)
