"""The flags of the environment: ``THEANO_FLAGS`` over ``.theanorc``."""

import configparser
import os
from pathlib import Path
from warnings import warn

from symgrad.errors import SymgradError
from symgrad.theano.configparser import TheanoConfigWarning, config
from symgrad.theano.differences import GUIDE
from symgrad.theano.flags import SILENT

__all__ = ["apply_environment", "read_flags"]


def apply_environment() -> None:
    """Set the flags of the environment; one warning names those that have no effect here.

    Flags that PyTensor has are set there, for the whole process. ``install_as_theano`` and
    ``symgrad run`` do this; a program that imports :mod:`symgrad.theano` by this name may ask for
    it.
    """
    ignored = []
    for name, text in read_flags().items():
        try:
            obeyed = name not in SILENT and config.set(name, text)
        except (ValueError, TypeError, SymgradError) as error:
            warn(f"{name}={text}: {error}", TheanoConfigWarning, stacklevel=2)
            continue
        if not obeyed and not (name in SILENT and text in ("cpu", "False", "0")):
            ignored.append(f"{name}={text}")
    if ignored:
        warn(
            f"flags of Theano without effect here: {', '.join(ignored)}. See {GUIDE}",
            TheanoConfigWarning,
            stacklevel=2,
        )


def read_flags() -> dict[str, str]:
    """Read the flags of the environment: ``{dotted name: text}``."""
    flags = {}
    paths = os.environ.get("THEANORC", "~/.theanorc").split(os.pathsep)
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # names keep their case
    try:
        parser.read([Path(path).expanduser() for path in paths])
    except configparser.Error as error:
        warn(f".theanorc cannot be read: {error}", TheanoConfigWarning, stacklevel=2)
    for section in parser.sections():
        prefix = "" if section == "global" else section + "."
        flags.update({prefix + name: text for name, text in parser.items(section)})
    for pair in os.environ.get("THEANO_FLAGS", "").split(","):
        name, equals, text = pair.strip().partition("=")
        if equals:
            flags[name.strip()] = text.strip()
    return flags
