"""What means something else here and cannot be bridged: said once, with where to read on."""

import sys
from warnings import warn

from symgrad.theano.names import GUIDE

__all__ = ["TheanoDifferenceWarning", "tell_once"]

_told = set()


class TheanoDifferenceWarning(UserWarning):
    """Something of Theano's that the program asks for means something else here."""


def tell_once(message, *, kind=TheanoDifferenceWarning):
    """Warn at the line of the program, unless this message was told before in the process."""
    if message in _told:
        return
    _told.add(message)
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("symgrad."):
        level, frame = level + 1, frame.f_back
    warn(f"{message}. See {GUIDE}", kind, stacklevel=level)
