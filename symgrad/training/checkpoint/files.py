"""The files: two formats, and how a file is replaced as a whole."""

import contextlib
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from symgrad.errors import CheckpointError

__all__ = ["FileFormat", "format_of", "replaced_as_a_whole"]

_HEADER = "symgrad.json"


class FileFormat(Protocol):
    """How a header and arrays by name are stored in a file."""

    def write(self, file: BinaryIO, header: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write them to an open file."""

    def open(
        self, path: Path
    ) -> contextlib.AbstractContextManager[tuple[str | bytes | None, Callable[[str], np.ndarray]]]:
        """Open a file, for its header (None if it has none) and a function from name to array."""


class _Npz:
    """A zip archive: each array as ``.npy``, and the header."""

    def write(self, file: BinaryIO, header: str, arrays: Mapping[str, np.ndarray]) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            with archive.open(_HEADER, "w") as member:
                member.write(header.encode())
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    @contextlib.contextmanager
    def open(self, path: Path) -> Iterator[tuple[bytes | None, Callable[[str], np.ndarray]]]:
        with zipfile.ZipFile(path) as archive:

            def read(name: str) -> np.ndarray:
                with archive.open(f"{name}.npy") as member:
                    array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
                return array

            yield archive.read(_HEADER) if _HEADER in archive.namelist() else None, read


class _Safetensors:
    """The format of the package safetensors, with the header in its metadata."""

    def write(self, file: BinaryIO, header: str, arrays: Mapping[str, np.ndarray]) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import save

        if "__metadata__" in arrays:
            raise CheckpointError("safetensors keeps the name __metadata__ to itself: rename it")
        arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        try:
            file.write(save(arrays, {_HEADER: header}))
        except SafetensorError as error:
            raise CheckpointError(f"safetensors refuses ({error}): save as .npz") from error

    @contextlib.contextmanager
    def open(self, path: Path) -> Iterator[tuple[str | None, Callable[[str], np.ndarray]]]:
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            yield (file.metadata() or {}).get(_HEADER), file.get_tensor


def format_of(path: Path) -> FileFormat:
    """The format that the suffix of a path stands for."""
    if path.suffix == ".npz":
        return _Npz()
    if path.suffix != ".safetensors":
        raise CheckpointError(
            f"the name of a checkpoint ends in .npz or .safetensors, and that of {path} does not"
        )
    if find_spec("safetensors") is None:
        raise CheckpointError(
            f"{path} needs a package that is not there: pip install safetensors, or use .npz"
        )
    return _Safetensors()


@contextlib.contextmanager
def replaced_as_a_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which replaces `path` once all of it is on the disk."""
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
