"""The command ``symgrad check``: the names of Theano that a program uses, and their status."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from symgrad.theano.patches.numpy_names import NUMPY
from symgrad.theano.patches.standard_library import COLLECTIONS
from symgrad.theano.port.adapted import KEYWORDS
from symgrad.theano.port.source import Source, SourceError, files, parse
from symgrad.theano.port.status import Status, status_of_chain, status_of_flag
from symgrad.theano.port.used_names import Keyword, Names, Use, read

__all__ = ["Report", "check", "run"]

_REVIVED = {
    "numpy": {*NUMPY, "cast", "trapz"},
    "collections": COLLECTIONS,
    "inspect": ("getargspec",),
}
_HEADINGS = {
    "missing": "missing",
    "optional": "missing, but the program goes on without",
    "adapted": "adapted",
    "brought back": "gone from newer Python or NumPy, and brought back by `symgrad run`",
}


@dataclass
class Report:
    """The names that a program uses.

    Parameters
    ----------
    path : str
    python : int
        2 or 3.
    names : list of dict
        ``name``, ``status``, ``note`` and ``lines`` of each name. The status is ``"exact"``,
        ``"adapted"``, ``"missing"``, ``"optional"`` if the program goes on without a name that is
        missing, or ``"brought back"`` for names of Python and NumPy.
    hints : list of str
    """

    path: str
    python: int
    names: list = field(default_factory=list)
    hints: list = field(default_factory=list)

    def of(self, kind: str) -> list[dict]:
        """The names of one status."""
        return [name for name in self.names if name["status"] == kind]


def run(paths: Iterable[str], *, as_json: bool = False, python_2: bool = False) -> int:
    """Print the names that programs use, and return an exit status.

    Returns
    -------
    int
        0 if nothing is missing, 1 if something is, 2 if a file cannot be read.
    """
    reports: list[Report] = []
    errors: list[SourceError] = []
    for path in files(paths):
        try:
            reports.append(check(path, python_2=python_2))
        except SourceError as caught:
            errors.append(caught)
    print(_as_json(reports, errors) if as_json else _as_text(reports))
    for error in errors:
        print(f"symgrad check: {error}", file=sys.stderr)
    return 2 if errors else int(any(report.of("missing") for report in reports))


def check(path: str | Path, *, python_2: bool = False) -> Report:
    """Find the names of Theano that a program uses, and their status, without running it.

    Parameters
    ----------
    path : Path
        A script or a notebook.
    python_2 : bool
        Whether it is Python 2 for certain. If not, Python 3 is tried before Python 2.

    Returns
    -------
    Report
    """
    source = parse(path, python_2=python_2)
    used = read(source.tree)
    lines_of: dict[Status, set[int]] = {}
    for status, line in _statuses(used):
        lines_of.setdefault(status, set()).add(line)
    names = [
        {
            "name": status.name,
            "status": status.kind,
            "note": status.note,
            "lines": [source.place(line) for line in sorted(lines)],
        }
        for status, lines in sorted(lines_of.items(), key=lambda item: item[0].name)
    ]
    return Report(str(path), source.python, names, _hints(source, used))


def _statuses(used: Names) -> Iterator[tuple[Status, int]]:
    """The status and the line of each name, keyword and flag."""
    yield from _of_uses(used.uses)
    for keyword in used.keywords:
        if note := _keyword_note(keyword):
            function = status_of_chain(keyword.function).name
            yield Status(f"{function}({keyword.keyword}=)", "adapted", note), keyword.line
    for flag in used.flags:
        status = status_of_flag(flag.name)
        if status.kind != "exact" and (flag.name, flag.value) != ("device", "cpu"):
            note = status.note or "the flag has no effect"
            yield Status(status.name, "adapted", note), flag.line


def _of_uses(uses: list[Use]) -> Iterator[tuple[Status, int]]:
    adds_flags = any(use.name.endswith(".AddConfigVar") for use in uses)
    absent: set[str] = set()
    for use in uses:
        root, _, rest = use.name.partition(".")
        if root in _REVIVED and rest in _REVIVED[root]:
            yield Status(use.name, "brought back"), use.line
        if root != "theano":
            continue
        status = status_of_chain(use.name)
        if adds_flags and status.name.startswith("theano.config.") and status.kind == "missing":
            continue  # a flag of the program's own
        if status.kind == "missing":
            below_absent = any(f"{status.name}.".startswith(f"{name}.") for name in absent)
            if use.optional or below_absent or _is_not_needed(use):
                absent.add(status.name)
                status = Status(status.name, "optional", status.note)
        yield status, use.line


def _is_not_needed(use):
    """Whether all names are here that this one would replace."""
    names = [name for name in use.stands_in_for if name.partition(".")[0] == "theano"]
    return bool(names) and all(status_of_chain(name).kind != "missing" for name in names)


def _keyword_note(used: Keyword):
    notes = KEYWORDS.get(used.function, {})
    for key in ((used.keyword, used.value), used.keyword):
        if key in notes:
            return notes[key]
    return None


def _hints(source: Source, used: Names) -> list[str]:
    hints = []
    if source.python == 2:
        hints.append("this is Python 2: write `symgrad run --py2`")
    elif used.python_2:
        places: dict[str, dict[str, None]] = {}
        for name, line in used.python_2:
            places.setdefault(name, {})[source.place(line)] = None
        words = ", ".join(f"{name} ({_lines_in_words(list(at))})" for name, at in places.items())
        hints.append(f"Python 2 only: {words}: write `symgrad run --py2`")
    if "six" in used.modules:
        hints.append("it imports six, which came with Theano: `pip install six`")
    return hints


def _as_json(reports, errors):
    facts = {
        "files": [vars(report) for report in reports],
        "errors": [
            {"path": error.path, "line": error.line, "message": error.message} for error in errors
        ],
        "counts": _counts(reports),
    }
    return json.dumps(facts, indent=2)


def _counts(reports):
    kinds = ("exact", "adapted", "missing", "optional")
    return {kind: sum(len(report.of(kind)) for report in reports) for kind in kinds}


def _as_text(reports):
    shown = [report for report in reports if report.names or report.hints]
    counts = ", ".join(f"{count} {kind}" for kind, count in _counts(reports).items() if count)
    files = f"{len(reports)} file" + "s" * (len(reports) != 1)
    summary = f"{files}: {counts or 'no names of Theano'}"
    return "\n".join([line for report in shown for line in _lines(report)] + [summary])


def _lines(report):
    yield report.path
    for kind, heading in _HEADINGS.items():
        if report.of(kind):
            yield f"  {heading}:"
        for name in report.of(kind):
            note = f": {name['note']}" if name["note"] else ""
            yield f"    {name['name']} ({_lines_in_words(name['lines'])}){note}"
    exact = report.of("exact")
    if exact:
        yield "  exact:"
        yield from (f"    {name['name']} ({_lines_in_words(name['lines'])})" for name in exact)
    yield from (f"  hint: {hint}" for hint in report.hints)


def _lines_in_words(lines):
    return f"line{'s' * (len(lines) > 1)} {', '.join(lines)}"
