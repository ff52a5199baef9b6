"""``theano.misc.pkl_utils``: objects with shared variables in one file."""

import pickle
import zipfile
from collections import Counter
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.theano.names import forward


class StripPickler(pickle.Pickler):
    """A pickler. Theano's removed large tags; the tags here are small."""

    def __init__(self, file, protocol=pickle.DEFAULT_PROTOCOL, extra_tag_to_remove=None):
        super().__init__(file, protocol)


def dump(obj: Any, file_handler: BinaryIO, protocol: int = pickle.DEFAULT_PROTOCOL) -> None:
    """Write an object to a zip file, with arrays as .npy files named after shared variables."""
    with zipfile.ZipFile(file_handler, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        buffer = BytesIO()
        _Pickler(buffer, protocol, archive).dump(obj)
        archive.writestr("pkl", buffer.getvalue())


class _Pickler(pickle.Pickler):
    """Puts each array into the archive; the pickle holds its name."""

    def __init__(self, file, protocol, archive):
        super().__init__(file, protocol)
        self._archive = archive
        self._names: Counter[str] = Counter()
        self._seen: dict[int, str] = {}
        self._kept: list[np.ndarray] = []

    def persistent_id(self, obj):
        if isinstance(obj, SharedVariable):
            value = obj.container.storage[0]
            if obj.name and isinstance(value, np.ndarray):
                self._name_of(value, obj.name)
            return None
        if type(obj) is not np.ndarray or obj.dtype.hasobject:
            return None
        return self._name_of(obj, f"array_{len(self._seen)}")

    def _name_of(self, array, base):
        """The name of an array in the archive: `base`, numbered from its second use on."""
        if id(array) not in self._seen:
            self._names[base] += 1
            uses = self._names[base]
            name = base if uses == 1 else f"{base}_{uses}"
            buffer = BytesIO()
            np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=False)
            self._archive.writestr(name, buffer.getvalue())
            self._seen[id(array)] = name
            self._kept.append(array)  # an id may be reused once its object is gone
        return self._seen[id(array)]


def load(f: BinaryIO) -> Any:
    """Read an object that `dump` wrote. Like any pickle, read it only if you trust its source."""
    with zipfile.ZipFile(f, "r") as archive:
        return _Unpickler(BytesIO(archive.read("pkl")), archive).load()


class _Unpickler(pickle.Unpickler):
    """Takes each array from the archive; Theano's names in the pickle are ``ndarray.name``."""

    def __init__(self, file, archive):
        super().__init__(file)
        self._archive, self._arrays = archive, {}
        self._names = set(archive.namelist())

    def persistent_load(self, name):
        name = name if name in self._names else name.partition(".")[2]
        if name not in self._arrays:
            file = BytesIO(self._archive.read(name))
            self._arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
        return self._arrays[name]


__getattr__ = forward("theano.misc.pkl_utils")
