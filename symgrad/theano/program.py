"""Run a program of Theano's in this process: what ``symgrad run`` does."""

import importlib.machinery
import runpy
import site
import sys
import types
from pathlib import Path

from symgrad.errors import HyperparameterError
from symgrad.theano.install import install_as_theano

__all__ = ["run"]

_PACKAGES = (Path(__file__).parents[1], *map(Path, site.getsitepackages()))


def run(program, arguments=(), *, module=False, backend=None, py2=False):
    """Run a script, or a module, with the name ``theano`` in it.

    Parameters
    ----------
    program : str
        A path, or with ``module=True`` the name of a module.
    arguments : list of str
        What the program finds in ``sys.argv`` after its own name.
    backend : {"c", "numba", "jax"}, optional
    py2 : bool
        Read the source of the program, and of modules in its folder, as Python 2.

    Raises
    ------
    HyperparameterError
        If there is no such file.
    """
    if not module and not Path(program).is_file():
        raise HyperparameterError(f"there is no file {program}: give the path of a script")
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
    from symgrad.theano import py2

    main = types.ModuleType("__main__")
    main.__file__ = path
    sys.modules["__main__"] = main  # pickles of what the program defines refer to it
    code = py2.compiled(Path(path).read_bytes(), path)
    exec(code, main.__dict__)


def _read_as_python_2(folder):
    """From now on, modules under `folder` are translated when they are imported."""
    from symgrad.theano import py2, py2_names

    py2_names.revive()

    class Loader(importlib.machinery.SourceFileLoader):
        def get_code(self, fullname):
            path = self.get_filename(fullname)
            in_package = "." in fullname or self.is_package(fullname)
            return py2.compiled(
                self.get_data(path), path, package=Path(path).parent if in_package else None
            )

    installed = [Path(path).resolve() for path in (sys.prefix, sys.base_prefix, *_PACKAGES)]

    def finder(path):
        around = (Path(path).resolve(), *Path(path).resolve().parents)
        if folder not in around or any(one in around for one in installed):
            raise ImportError("not a folder of the program")
        return importlib.machinery.FileFinder(path, (Loader, [".py"]))

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
