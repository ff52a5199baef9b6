"""The BLAS that PyTensor's C code links to.

A pip install gives PyTensor no BLAS to link to, so a fused update such as
``C = b * C + a * A @ B`` runs in a slow built-in loop. SciPy's wheel brings a complete OpenBLAS
whose names all start with ``scipy_``; `configure` links to it and renames the calls, so nothing
else has to be installed.
"""

import ctypes
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytensor

from symgrad.pytensor_compat import blas_header_text, blas_is_chosen, choose_blas

_PREFIX = "scipy_"


def configure() -> str:
    """Link PyTensor's C code to SciPy's OpenBLAS, unless a BLAS was chosen already.

    A choice is ``blas__ldflags`` in ``PYTENSOR_FLAGS`` or ``.pytensorrc``, an assignment to
    ``pytensor.config.blas__ldflags`` (an empty one too), or what PyTensor found by itself if it
    searched before. Where SciPy brings no OpenBLAS, or the Python installation holds a BLAS of its
    own as conda's do, PyTensor's own search is left to run when C code first needs a BLAS.

    Only ``pytensor.config.blas__ldflags`` is set, so compiled code that uses no BLAS stays cached.

    Returns
    -------
    str
        One line that says what C code will use, as from `describe`.
    """
    library = _candidate()
    if library is not None:
        # The declarations can be read only once there is a BLAS: without one, PyTensor searches
        # for it, slowly and with a warning, and then declares its built-in loops instead.
        choose_blas(_link_flags(library))
        choose_blas(pytensor.config.blas__ldflags + _rename_flags(library))
    return describe()


def describe() -> str:
    """Say which BLAS PyTensor's C code uses, or will use after `configure`; change nothing.

    Returns
    -------
    str
        One line, made for people to read.
    """
    if not pytensor.config.cxx:
        return "none: there is no C++ compiler, so no C code"
    library = _candidate()
    if library is not None:
        return _bundled_line(library.stem.removeprefix("lib"))
    if not blas_is_chosen():
        return "what PyTensor's own search finds when C code first needs a BLAS"
    flags = shlex.split(pytensor.config.blas__ldflags)
    names = [flag.removeprefix("-l") for flag in flags if flag.startswith("-l")]
    if any(flag.startswith("-D") and f"={_PREFIX}" in flag for flag in flags):
        return _bundled_line(*names)
    return " ".join(names or flags) or "none linked: NumPy multiplies, fused updates run slowly"


def _bundled_line(*names: str) -> str:
    return f"OpenBLAS from SciPy ({' '.join(names)})"


def _candidate() -> Path | None:
    """Return the path of the library that `configure` would link to, or None."""
    if not pytensor.config.cxx or blas_is_chosen() or _python_has_blas():
        return None
    return next((path for path in _bundled_libraries() if _exports(path, "dgemm_")), None)


def _python_has_blas() -> bool:
    """Tell whether PyTensor's search would find a BLAS in the directory of Python's libraries."""
    lib = Path(sys.prefix, "lib")
    names = ("libmkl_rt.so", "libblas.so", "libopenblas.so")
    return any((lib / name).exists() for name in names)


def _bundled_libraries() -> list[Path]:
    spec = importlib.util.find_spec("scipy")
    if spec is None or spec.origin is None:
        return []
    # Only the library with 32-bit integers will do, which is how PyTensor declares BLAS. NumPy's
    # own has 64-bit ones: it is named libscipy_openblas64_ and lies in numpy.libs.
    return sorted(Path(spec.origin).parents[1].glob("scipy.libs/libscipy_openblas-*.so"))


def _exports(library: Path, name: str) -> bool:
    try:
        return hasattr(ctypes.CDLL(str(library)), _PREFIX + name)
    except OSError:
        return False


def _link_flags(library: Path) -> str:
    # PyTensor adds the run-time search path for every -L.
    name = library.stem.removeprefix("lib")
    return shlex.join([f"-L{library.parent}", f"-l{name}"])


def _rename_flags(library: Path) -> str:
    declared = sorted(set(re.findall(r"\b(\w+_)\(", blas_header_text())))
    names = [name for name in declared if _exports(library, name)]
    return "".join(f" -D{name}={_PREFIX}{name}" for name in names)
