"""Programs as syntax trees: Python 3, Python 2 and notebooks."""

import ast
import json
import re
import tokenize
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from symgrad.errors import ProgramNotFoundError, SymgradError
from symgrad.theano.port import python2

__all__ = ["Source", "SourceError", "files", "parse"]

# Lines of IPython in a cell, and the first line of cells in its own Python.
_MAGIC = re.compile(r"^([ \t]*)[%!?].*$|^([ \t]*)\S.*\?$", re.MULTILINE)
_CELLS_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")


class SourceError(SymgradError):
    """A file cannot be read as a program: its path, a line, and what is wrong."""

    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = str(path), line, message


@dataclass(frozen=True)
class Source:
    """A program.

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

    def place(self, line: int) -> str:
        """The number of a line; in a notebook, the cell and the line in it."""
        if not self.cells:
            return str(line)
        cell = max(number for number, start in enumerate(self.cells) if start <= line)
        return f"cell {cell + 1}:{line - self.cells[cell] + 1}"


def files(paths: Iterable[str | Path]) -> list[Path]:
    """The files that are given, and all programs in the folders that are given.

    Raises
    ------
    ProgramNotFoundError
        If there is no such file or folder.
    """
    programs = []
    for path in map(Path, paths):
        if not path.exists():
            raise ProgramNotFoundError(f"there is no {path}: give a script, a notebook or a folder")
        if path.is_file():
            programs.append(path)
        else:
            inside = sorted((*path.rglob("*.py"), *path.rglob("*.ipynb")))
            programs += [file for file in inside if not _is_hidden(file.relative_to(path))]
    return list(dict.fromkeys(programs))


def _is_hidden(path):
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def parse(path: str | Path, *, python_2: bool = False) -> Source:
    """Read a file as a syntax tree.

    Parameters
    ----------
    path : Path
    python_2 : bool
        Whether it is Python 2 for certain. If not, Python 3 is tried before Python 2.

    Raises
    ------
    SourceError
        If the file is neither.
    """
    data, cells = Path(path).read_bytes(), ()
    if Path(path).suffix == ".ipynb":
        data, cells = _notebook(path, data)
    try:
        text = python2.decode(data)
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise SourceError(path, 1, f"the encoding cannot be read: {error}") from error
    first = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of escapes and literals in old programs
        for version in (2,) if python_2 else (3, 2):
            try:
                source = python2.translate(text) if version == 2 else data
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
        codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(path, 1, "this is not a notebook of format 4") from error
    starts: list[int] = []
    lines: list[str] = []
    for code in codes:
        starts.append(len(lines) + 1)
        first = code.lstrip().split(maxsplit=1)[:1]
        if first and first[0].startswith("%%") and first[0] not in _CELLS_OF_PYTHON:
            code = ""
        lines += _MAGIC.sub(r"\1\2pass", code).splitlines() or [""]
    return "\n".join(lines).encode(), tuple(starts)
