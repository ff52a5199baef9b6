"""Programs as syntax trees: Python 3, Python 2 and notebooks."""

import ast
import json
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from symgrad.errors import HyperparameterError
from symgrad.theano import py2

__all__ = ["Source", "SourceError", "files", "parsed"]

# Lines of IPython in a cell, and the first line of cells in its own Python.
_MAGIC = re.compile(r"^([ \t]*)[%!?].*$|^([ \t]*)\S.*\?$", re.MULTILINE)
_CELLS_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")


class SourceError(Exception):
    """A file that is no program: its path, a line, and what is wrong."""

    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = str(path), line, message


@dataclass(frozen=True)
class Source:
    """One program.

    Parameters
    ----------
    path : Path
    tree : ast.Module
    python : int
        2 or 3.
    cells : tuple of int
        Where the cells of a notebook start, as lines of all its code; empty for a script.
    """

    path: Path
    tree: ast.Module
    python: int
    cells: tuple = ()

    def place(self, line):
        """What a reader is told of a line: its number, or cell and line of a notebook."""
        if not self.cells:
            return str(line)
        cell = max(k for k, start in enumerate(self.cells) if start <= line)
        return f"cell {cell + 1}:{line - self.cells[cell] + 1}"


def files(paths):
    """The programs that are named, and those below the folders that are.

    Raises
    ------
    HyperparameterError
        If there is no such file or folder.
    """
    found = []
    for path in map(Path, paths):
        if not path.exists():
            raise HyperparameterError(f"there is no {path}: give a script, a notebook or a folder")
        below = [path] if path.is_file() else sorted((*path.rglob("*.py"), *path.rglob("*.ipynb")))
        found += [one for one in below if path.is_file() or not _is_hidden(one.relative_to(path))]
    return list(dict.fromkeys(found))


def _is_hidden(path):
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def parsed(path, *, python_2=False):
    """The syntax tree of a file.

    Parameters
    ----------
    path : Path
    python_2 : bool
        Whether it is Python 2 for certain; else that is tried after Python 3.

    Raises
    ------
    SourceError
        If it can be read as neither.
    """
    data, cells = Path(path).read_bytes(), ()
    if Path(path).suffix == ".ipynb":
        data, cells = _notebook(path, data)
    try:
        text = py2.decoded(data)
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise SourceError(path, 1, f"the encoding cannot be read: {error}") from error
    first = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python, for escapes and literals in old programs
        for version in (2,) if python_2 else (3, 2):
            try:
                source = py2.translated(text) if version == 2 else data
                return Source(Path(path), ast.parse(source, str(path)), version, cells)
            except (SyntaxError, ValueError, tokenize.TokenError) as error:
                first = first or error
    raise SourceError(path, getattr(first, "lineno", None) or 1, _message(first))


def _message(error):
    return getattr(error, "msg", None) or str(error)


def _notebook(path, data):
    """The code of a notebook, and the lines where its cells start."""
    try:
        cells = json.loads(data)["cells"]
        codes = ["".join(one["source"]) for one in cells if one["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(path, 1, "this is no notebook of format 4") from error
    starts, lines = [], []
    for code in codes:
        starts.append(len(lines) + 1)
        first = code.lstrip().split(maxsplit=1)[:1]
        if first and first[0].startswith("%%") and first[0] not in _CELLS_OF_PYTHON:
            code = ""
        lines += _MAGIC.sub(r"\1\2pass", code).splitlines() or [""]
    return "\n".join(lines).encode(), tuple(starts)
