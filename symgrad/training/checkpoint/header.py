"""The header of a checkpoint: a JSON document with its own checksum."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symgrad.errors import CheckpointError
from symgrad.training.checkpoint.entries import Entry
from symgrad.version import __version__

__all__ = ["header_text", "read_header"]

# To be raised when older versions of symgrad cannot read the file.
_FORMAT = 1


def header_text(entries: Mapping[str, Entry], notes: Mapping[str, Any] | None) -> str:
    """The JSON document for the entries and the notes of the caller."""
    try:
        # The notes as they will be read: JSON turns tuples into lists, and keys into strings.
        notes = json.loads(json.dumps(dict(notes or {})))
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"the notes are not JSON ({error}): give numbers, words, lists and dicts of them; "
            "arrays go into shared variables"
        ) from error
    header = {"format": _FORMAT, "symgrad": __version__, "notes": notes, "variables": entries}
    body = json.dumps(header, default=np.ndarray.tolist)
    return f'{{"checksum": {zlib.crc32(body.encode())}, "header": {body}}}'


def read_header(text: str | bytes | None, path: Path) -> dict[str, Any]:
    """The header of a JSON document, checked; None stands for a file without a header."""
    if text is None:
        raise CheckpointError(
            f"{path} was not written by sg.save: it is a {path.suffix} file of another program. No "
            "shared variable was changed"
        )
    document = json.loads(text)
    header: dict[str, Any] = document["header"]
    if zlib.crc32(json.dumps(header).encode()) != document["checksum"]:
        raise ValueError("the checksum of the header is wrong")
    if header["format"] > _FORMAT:
        raise CheckpointError(
            f"{path} has format {header['format']}, written by symgrad {header['symgrad']}, and "
            f"this one reads formats up to {_FORMAT}: load it with that version. No shared "
            "variable was changed"
        )
    return header
