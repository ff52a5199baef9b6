"""Saving shared variables to a file, and loading them."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from symgrad.errors import CheckpointError
from symgrad.training.checkpoint.entries import compare, entry_of, restored, value_of
from symgrad.training.checkpoint.files import format_of, replaced_as_a_whole
from symgrad.training.checkpoint.header import header_text, read_header
from symgrad.training.checkpoint.states import State, named_variables

__all__ = ["load", "save"]


def save(path: str | PathLike, *states: State, notes: Mapping[str, Any] | None = None) -> None:
    """Write shared variables to a file that is either complete or not written at all.

    Parameters
    ----------
    path : str or path-like
        The suffix, ``.npz`` or ``.safetensors``, chooses the format. An existing file is replaced
        when the new one is complete.
    *states : Updates, Function or mapping
        An :class:`~symgrad.Updates` stands for the tables, slots and clocks in it, a
        :class:`~symgrad.Function` for the shared variables that it updates, random generators
        among them, and a mapping ``{name: shared variable}`` for itself. A variable that is given
        twice is saved once, under its first name.
    notes : mapping, optional
        Anything that JSON can express: hyper-parameters, the position in the data...

    Raises
    ------
    CheckpointError
        If a variable has no name, or two have one name; if something cannot be saved; for
        another suffix, or ``.safetensors`` without that package.
    OSError
        If the file cannot be written; an existing file stays as it is.

    Notes
    -----
    The file is first written to ``<path>.tmp``, synchronised with the disk, and then renamed. So
    only one process at a time may save to a path; a process that is killed leaves that file, and
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
    path, variables = Path(path), named_variables(states)
    file_format = format_of(path)
    values = {name: value_of(name, variable) for name, variable in variables.items()}
    header = header_text({name: entry_of(value) for name, value in values.items()}, notes)
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    with replaced_as_a_whole(path) as file:
        file_format.write(file, header, arrays)


def load(path: str | PathLike, *states: State) -> dict[str, Any]:
    """Set shared variables to the values that :func:`save` wrote.

    Parameters
    ----------
    path : str or path-like
    *states : Updates, Function or mapping
        As for :func:`save`. Names, dtypes and shapes must match those in the file.

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
    path, variables = Path(path), named_variables(states)
    file_format = format_of(path)
    with path.open("rb"):
        pass  # a file that is missing or closed to us is an OSError, not a damaged checkpoint
    try:
        with file_format.open(path) as (text, read):
            header = read_header(text, path)
            entries = header["variables"]
            compare(entries, variables, path)
            values = {
                name: restored(name, variable, entries[name], read)
                for name, variable in variables.items()
            }
    except CheckpointError:
        raise
    except Exception as error:  # damaged bytes can cause almost any error
        raise CheckpointError(
            f"{path} is damaged, or no checkpoint at all ({type(error).__name__}: {error}). No "
            "shared variable was changed"
        ) from error
    for name, variable in variables.items():
        variable.set_value(values[name], borrow=True)
    notes: dict[str, Any] = header["notes"]
    return notes
