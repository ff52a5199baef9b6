"""The command ``symgrad run``: run a program written for Theano in this process."""

import importlib.machinery
import runpy
import site
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from symgrad.errors import ProgramNotFoundError
from symgrad.theano.install import install_as_theano
from symgrad.theano.port import python2, python2_names

__all__ = ["run"]

_PACKAGES = (Path(__file__).parents[2], *map(Path, site.getsitepackages()))


def run(
    program: str,
    arguments: Sequence[str] = (),
    *,
    module: bool = False,
    backend: str | None = None,
    py2: bool = False,
) -> None:
    """Run a script, or a module, in which ``import theano`` finds symgrad.theano.

    Parameters
    ----------
    program : str
        A path, or with ``module=True`` the name of a module.
    arguments : list of str
        The program finds them in ``sys.argv`` after its own name.
    backend : {"c", "numba", "jax"}, optional
    py2 : bool
        Read the source of the program, and of modules in its folder, as Python 2.

    Raises
    ------
    ProgramNotFoundError
        If there is no such file.
    """
    if not module and not Path(program).is_file():
        raise ProgramNotFoundError(f"there is no file {program}: give the path of a script")
    install_as_theano(backend=backend)
    folder = Path.cwd() if module else Path(program).resolve().parent
    sys.argv = [program, *arguments]
    sys.path.insert(0, str(folder))
    if py2:
        _read_as_python_2(folder)
    if module:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif py2:
        _run_source(program)
    else:
        runpy.run_path(program, run_name="__main__")


def _run_source(path):
    main = types.ModuleType("__main__")
    main.__file__ = path
    sys.modules["__main__"] = main  # pickles of what the program defines refer to it
    code = python2.compile_source(Path(path).read_bytes(), path)
    exec(code, main.__dict__)


def _read_as_python_2(folder):
    """From now on, translate modules under `folder` when they are imported."""
    python2_names.revive()

    class Loader(importlib.machinery.SourceFileLoader):
        def get_code(self, fullname):
            path = self.get_filename(fullname)
            in_package = "." in fullname or self.is_package(fullname)
            return python2.compile_source(
                self.get_data(path), path, package=Path(path).parent if in_package else None
            )

    prefixes = (Path(sys.prefix), Path(sys.base_prefix))
    installed = [path.resolve() for path in (*prefixes, *_PACKAGES)]

    def finder(path):
        place = Path(path).resolve()
        of_program = place.is_relative_to(folder)
        if not of_program or any(place.is_relative_to(packages) for packages in installed):
            raise ImportError("not a folder of the program")
        return importlib.machinery.FileFinder(path, (Loader, [".py"]))

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
