"""Checkpoints: shared variables by name, in a file that is either whole or not there.

A checkpoint holds arrays (tables, slots, clocks), the state of NumPy random generators, and *notes*
of the caller. All but the arrays is one JSON document, the header; nothing is pickled. The
arrays go into an ``.npz`` or a ``.safetensors`` file, where other programs find them by name.
"""

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.link.jax.linker import JAXLinker
from pytensor.tensor.random.type import RandomGeneratorType

from symgrad.errors import CheckpointError

__all__ = ["load", "save"]

# The number goes up when older versions of symgrad could not read the file.
_FORMAT = 1
_HEADER = "symgrad.json"


def save(path, *states, notes=None):
    """Write shared variables to a file, all or nothing.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.npz`` or ``.safetensors``, which chooses the format. A file that is there
        already is replaced at the moment when the new one is complete.
    *states : Updates, Function or mapping
        An :class:`~symgrad.Updates` stands for the tables, slots and clocks in it, a
        :class:`~symgrad.Function` for the shared variables that it updates, random generators
        among them, and a mapping ``{name: shared variable}`` for itself. A variable that is given
        twice is saved once, under its first name.
    notes : mapping, optional
        What JSON can express: hyper-parameters, the position in the data...

    Raises
    ------
    CheckpointError
        If a variable has no name, or two have one name; if something cannot be saved; for
        another suffix, or ``.safetensors`` without that package.
    OSError
        If the file cannot be written; one that was there before stays as it is.

    Notes
    -----
    What is written goes to ``<path>.tmp`` first, is synchronised with the disk, and then renamed.
    So one process at a time may save to a path; a process that is killed leaves that file, and
    the next save overwrites it. Random generators are saved by the state of their bit generator.
    An ``.npz`` is written array by array, a ``.safetensors`` is put together in memory.

    Examples
    --------
    >>> import tempfile, numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.adam(W[index].sum(), W)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sg.save(f"{folder}/run.npz", updates, notes={"epoch": 3})
    ...     np.load(f"{folder}/run.npz")["m/W"].shape
    (4, 1)
    """
    path, variables = Path(path), _named(states)
    form = _form(path)
    values = {name: _value(name, variable) for name, variable in variables.items()}
    text = _header_text({name: _entry(value) for name, value in values.items()}, notes)
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    with _whole_or_not(path) as file:
        form.write(file, text, arrays)


def load(path, *states):
    """Give shared variables the values that :func:`save` wrote.

    Parameters
    ----------
    path : str or path-like
    *states : Updates, Function or mapping
        As for :func:`save`. Names, dtypes and shapes must be those of the file.

    Returns
    -------
    dict
        The notes.

    Raises
    ------
    CheckpointError
        If the file is truncated, damaged, of another program or of a newer format; if names are
        missing or unknown; if a dtype or shape differs. No variable is changed then.
    OSError
        If there is no such file, or it cannot be opened.

    Examples
    --------
    >>> import tempfile, numpy as np, symgrad as sg
    >>> W = sg.shared(np.ones(3), name="W")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sg.save(f"{folder}/run.npz", {"W": W}, notes={"epoch": 3})
    ...     W.set_value(np.zeros(3))
    ...     sg.load(f"{folder}/run.npz", {"W": W})
    {'epoch': 3}
    >>> W.get_value().tolist()
    [1.0, 1.0, 1.0]
    """
    path, variables = Path(path), _named(states)
    form = _form(path)
    with path.open("rb"):
        pass  # whether it is there is a question to the system, not one of the format
    try:
        with form.open(path) as (text, read):
            header = _header(text, path)
            _compare(header["variables"], variables, path)
            values = {
                name: _restored(name, variable, header["variables"][name], read)
                for name, variable in variables.items()
            }
    except CheckpointError:
        raise
    except Exception as error:  # there is hardly one that damaged bytes cannot cause
        raise CheckpointError(
            f"{path} is damaged, or no checkpoint at all ({type(error).__name__}: {error}). No "
            "shared variable was changed"
        ) from error
    for name, variable in variables.items():
        variable.set_value(values[name], borrow=True)
    return header["notes"]


# --- which variables ----------------------------------------------------------------------------


def _named(states):
    """``{name: shared variable}`` of all states."""
    names = {}
    for state in states:
        for name, variable in _items(state):
            names.setdefault(variable, name)
    variables = {}
    for variable, name in names.items():
        if not name:
            raise CheckpointError(
                f"a shared variable of type {variable.type} has no name: set its .name, or give "
                "{'a name of its own': variable}"
            )
        if name in variables:
            raise CheckpointError(
                f"two shared variables are called {name}: set the .name of one to another, or give "
                "their Updates, or {'a name of its own': variable}, before what else holds them"
            )
        variables[name] = variable
    return variables


def _items(state):
    """``(name or None, shared variable)`` of one state."""
    compiled = getattr(state, "compiled", state)
    if hasattr(compiled, "maker"):
        return _updated_by(compiled.maker)
    if not isinstance(state, Mapping):
        raise CheckpointError(
            f"{state!r} is no state: give Updates, a Function or {{name: shared variable}}"
        )
    names = {variable: name for name, variable in getattr(state, "slots", {}).items()}
    items = [
        (names.get(key, key.name), key) if isinstance(key, SharedVariable) else (key, value)
        for key, value in state.items()
    ]
    for name, variable in items:
        if not isinstance(variable, SharedVariable) or not isinstance(name, str | None):
            raise CheckpointError(
                f"{name!r} stands for {variable!r}: a mapping is {{name: shared variable}}; "
                "numbers and words go into the notes"
            )
    return items


def _updated_by(maker):
    variables = [one.variable for one in maker.inputs if one.implicit and one.update is not None]
    for variable in variables:
        if isinstance(variable.type, RandomGeneratorType) and isinstance(maker.linker, JAXLinker):
            raise CheckpointError(
                f"{variable} is a random generator, and a function on JAX draws from a copy that "
                "it keeps to itself: use backend='c' or 'numba', or draw with NumPy and hand the "
                "numbers to the function"
            )
    return [(variable.name, variable) for variable in variables]


# --- values and what the header says of them --------------------------------------------------


def _value(name, variable):
    """The value to save: an array or a random generator."""
    value = variable.get_value(borrow=True)
    if isinstance(value, np.random.Generator):
        return value
    if hasattr(value, "__array__") and hasattr(value, "dtype"):
        value = np.asarray(value)
        if not value.dtype.hasobject:
            return value
    raise CheckpointError(
        f"{name} is of type {variable.type}: only arrays and NumPy's random generators are saved"
    )


def _kind(value):
    """The part of the header's entry that says what a variable can hold."""
    if isinstance(value, np.random.Generator):
        return {"dtype": value.bit_generator.state["bit_generator"], "shape": []}
    return {"dtype": value.dtype.name, "shape": list(value.shape)}


def _entry(value):
    """What the header says of a value."""
    if isinstance(value, np.random.Generator):
        return _kind(value) | {"state": value.bit_generator.state}
    # BLAS rounds by the order of the entries in memory, so this is kept, too.
    by_columns = value.flags.f_contiguous and not value.flags.c_contiguous
    return _kind(value) | {"order": "F" if by_columns else "C", "checksum": _checksum(value)}


def _checksum(array):
    return zlib.crc32(np.asarray(array, order="C"))


def _restored(name, variable, entry, read):
    """The new value of a variable."""
    if "state" in entry:
        generator = variable.get_value()  # a copy
        generator.bit_generator.state = entry["state"]
        return generator
    array = read(name)
    if _kind(array) != {"dtype": entry["dtype"], "shape": entry["shape"]}:
        raise ValueError(f"{name} has another dtype or shape than the header says")
    if _checksum(array) != entry["checksum"]:
        raise ValueError(f"the checksum of {name} is wrong")
    return np.asarray(array, order=entry["order"])


def _compare(saved, variables, path):
    """Raise unless what is saved fits the variables."""
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
        here, there = _kind(_value(name, variable)), saved[name]
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


# --- the header ---------------------------------------------------------------------------------


def _header_text(entries, notes):
    from symgrad import __version__  # which imports this module

    try:
        # As they will be read: JSON makes tuples lists, and keys words.
        notes = json.loads(json.dumps(dict(notes or {})))
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"the notes are not JSON ({error}): give numbers, words, lists and dicts of them; "
            "arrays go into shared variables"
        ) from error
    header = {"format": _FORMAT, "symgrad": __version__, "notes": notes, "variables": entries}
    body = json.dumps(header, default=np.ndarray.tolist)
    return f'{{"checksum": {zlib.crc32(body.encode())}, "header": {body}}}'


def _header(text, path):
    """The header, checked."""
    if text is None:
        raise CheckpointError(
            f"{path} was not written by sg.save: it is a {path.suffix} file of another program. No "
            "shared variable was changed"
        )
    document = json.loads(text)
    header = document["header"]
    if zlib.crc32(json.dumps(header).encode()) != document["checksum"]:
        raise ValueError("the checksum of the header is wrong")
    if header["format"] > _FORMAT:
        raise CheckpointError(
            f"{path} has format {header['format']}, written by symgrad {header['symgrad']}, and "
            f"this one reads formats up to {_FORMAT}: load it with that version. No shared "
            "variable was changed"
        )
    return header


# --- the file -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _whole_or_not(path):
    """A file to write to that takes its place under `path` when all of it is on the disk."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # elsewhere folders cannot be synchronised
        folder = os.open(path.parent, os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class _Npz:
    """A zip archive: each array as ``.npy``, and the header."""

    @staticmethod
    def write(file, text, arrays):
        with zipfile.ZipFile(file, "w") as archive:
            with archive.open(_HEADER, "w") as member:
                member.write(text.encode())
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    @staticmethod
    @contextlib.contextmanager
    def open(path):
        with zipfile.ZipFile(path) as archive:

            def read(name):
                with archive.open(f"{name}.npy") as member:
                    return np.lib.format.read_array(member, allow_pickle=False)

            yield archive.read(_HEADER) if _HEADER in archive.namelist() else None, read


class _Safetensors:
    """The format of that package, with the header in its metadata."""

    @staticmethod
    def write(file, text, arrays):
        from safetensors import SafetensorError
        from safetensors.numpy import save

        if "__metadata__" in arrays:
            raise CheckpointError("safetensors keeps the name __metadata__ to itself: rename it")
        arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        try:
            file.write(save(arrays, {_HEADER: text}))
        except SafetensorError as error:
            raise CheckpointError(f"safetensors refuses ({error}): save as .npz") from error

    @staticmethod
    @contextlib.contextmanager
    def open(path):
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            yield (file.metadata() or {}).get(_HEADER), file.get_tensor


def _form(path):
    """The format of a path."""
    if path.suffix == ".npz":
        return _Npz
    if path.suffix != ".safetensors":
        raise CheckpointError(
            f"the name of a checkpoint ends in .npz or .safetensors, and that of {path} does not"
        )
    if find_spec("safetensors") is None:
        raise CheckpointError(
            f"{path} needs a package that is not there: pip install safetensors, or use .npz"
        )
    return _Safetensors
