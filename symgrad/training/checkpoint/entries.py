"""What the header says of each value, and whether it fits a shared variable."""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.errors import CheckpointError

__all__ = ["Entry", "compare", "entry_of", "restored", "value_of"]

Value: TypeAlias = np.ndarray | np.random.Generator
# Of every value its dtype and shape, of an array its order and checksum, of a generator its state.
Entry: TypeAlias = dict[str, Any]


def value_of(name: str, variable: SharedVariable) -> Value:
    """The value of a variable to save: an array or a random generator."""
    value = variable.get_value(borrow=True)
    if isinstance(value, np.random.Generator):
        return value
    if hasattr(value, "__array__") and hasattr(value, "dtype"):
        array = np.asarray(value)
        if not array.dtype.hasobject:
            return array
    raise CheckpointError(
        f"{name} is of type {variable.type}: only arrays and NumPy's random generators are saved"
    )


def entry_of(value: Value) -> Entry:
    """What the header says of a value."""
    if isinstance(value, np.random.Generator):
        return _dtype_and_shape(value) | {"state": value.bit_generator.state}
    # The rounding of BLAS depends on the order in memory, so the order is saved too.
    by_columns = value.flags.f_contiguous and not value.flags.c_contiguous
    order = "F" if by_columns else "C"
    return _dtype_and_shape(value) | {"order": order, "checksum": _checksum(value)}


def _dtype_and_shape(value: Value) -> Entry:
    """The part of an entry that says what a variable can hold."""
    if isinstance(value, np.random.Generator):
        return {"dtype": value.bit_generator.state["bit_generator"], "shape": []}
    return {"dtype": value.dtype.name, "shape": list(value.shape)}


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(np.asarray(array, order="C").data)


def restored(
    name: str, variable: SharedVariable, entry: Entry, read: Callable[[str], np.ndarray]
) -> Value:
    """The new value of a variable; `read` gives the array of a name."""
    if "state" in entry:
        generator = variable.get_value()  # a copy
        generator.bit_generator.state = entry["state"]
        return generator
    array = read(name)
    if _dtype_and_shape(array) != {"dtype": entry["dtype"], "shape": entry["shape"]}:
        raise ValueError(f"{name} has another dtype or shape than the header says")
    if _checksum(array) != entry["checksum"]:
        raise ValueError(f"the checksum of {name} is wrong")
    return np.asarray(array, order=entry["order"])


def compare(
    saved: Mapping[str, Entry], variables: Mapping[str, SharedVariable], path: Path
) -> None:
    """Raise unless what was saved fits the variables."""
    unchanged = "No shared variable was changed"
    missing = [name for name in variables if name not in saved]
    if missing:
        raise CheckpointError(
            f"{path} lacks {', '.join(missing)}: load what was saved, by the same names; the file "
            f"has {', '.join(saved) or 'nothing'}. {unchanged}"
        )
    unknown = [name for name in saved if name not in variables]
    if unknown:
        raise CheckpointError(
            f"{path} also has {', '.join(unknown)}: give all that was saved, or the run would go "
            f"on with a part of it. {unchanged}"
        )
    for name, variable in variables.items():
        here, there = _dtype_and_shape(value_of(name, variable)), saved[name]
        if here["dtype"] != there["dtype"]:
            raise CheckpointError(
                f"{name} is {there['dtype']} in {path} and {here['dtype']} here: make it of the "
                f"dtype that was saved. {unchanged}"
            )
        if here["shape"] != there["shape"]:
            raise CheckpointError(
                f"{name} has shape {tuple(there['shape'])} in {path} and {tuple(here['shape'])} "
                "here: loading never changes the number of rows. Make it of the shape that was "
                f"saved. {unchanged}"
            )
