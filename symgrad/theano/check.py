"""The command ``symgrad check``: which names of Theano a program uses, and how these stand here."""

import json
import sys
from dataclasses import dataclass, field

from symgrad.theano.adapted import KEYWORDS
from symgrad.theano.patches.numpy_names import NUMPY
from symgrad.theano.patches.standard_library import COLLECTIONS
from symgrad.theano.source import SourceError, files, parsed
from symgrad.theano.standing import Standing, of_chain, of_flag
from symgrad.theano.uses import read

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
    """What one program uses.

    Parameters
    ----------
    path : str
    python : int
        2 or 3.
    names : list of dict
        For each name ``name``, ``standing``, ``note`` and ``lines``. The standing is exact,
        adapted, missing, ``"optional"`` for what is missing where the program goes on without,
        and ``"brought back"`` for what is none of Theano's.
    hints : list of str
    """

    path: str
    python: int
    names: list = field(default_factory=list)
    hints: list = field(default_factory=list)

    def of(self, kind):
        """The names of one standing."""
        return [one for one in self.names if one["standing"] == kind]


def run(paths, *, as_json=False, python_2=False):
    """Print what programs use, and say whether all of it is here.

    Returns
    -------
    int
        0 if nothing is missing, 1 if something is, 2 if a file cannot be read.
    """
    reports, errors = [], []
    for path in files(paths):
        try:
            reports.append(check(path, python_2=python_2))
        except SourceError as error:
            errors.append(error)
    print(_as_json(reports, errors) if as_json else _as_text(reports))
    for error in errors:
        print(f"symgrad check: {error}", file=sys.stderr)
    return 2 if errors else int(any(report.of("missing") for report in reports))


def check(path, *, python_2=False):
    """What a program uses of Theano, and how that stands here; it is read, and not run.

    Parameters
    ----------
    path : Path
        A script or a notebook.
    python_2 : bool
        Whether it is Python 2 for certain; else that is tried where Python 3 cannot read it.

    Returns
    -------
    Report
    """
    source = parsed(path, python_2=python_2)
    found = read(source.tree)
    rows = {}
    for standing, line, optional in _standings(found):
        if standing.kind == "missing" and optional:
            standing = Standing(standing.name, "optional", standing.note)
        rows.setdefault(standing, set()).add(line)
    names = [
        {
            "name": one.name,
            "standing": one.kind,
            "note": one.note,
            "lines": [source.place(line) for line in sorted(lines)],
        }
        for one, lines in sorted(rows.items(), key=lambda row: row[0].name)
    ]
    return Report(str(path), source.python, names, _hints(source, found))


def _standings(found):
    """``(standing, line, optional)`` of each name, keyword and flag."""
    ours = {use.name for use in found.uses if use.name.endswith(".AddConfigVar")}
    absent = set()
    for use in found.uses:
        root, _, name = use.name.partition(".")
        if root in _REVIVED and name in _REVIVED[root]:
            yield Standing(use.name, "brought back"), use.line, False
        if root != "theano":
            continue
        standing = of_chain(use.name)
        if ours and standing.name.startswith("theano.config.") and standing.kind == "missing":
            continue  # a flag of the program's own
        behind = any(f"{standing.name}.".startswith(f"{name}.") for name in absent)
        optional = use.optional or behind or _is_not_needed(use)
        if optional and standing.kind == "missing":
            absent.add(standing.name)
        yield standing, use.line, optional
    for one in found.keywords:
        if note := _keyword_note(one):
            function = of_chain(one.function).name
            yield Standing(f"{function}({one.keyword}=)", "adapted", note), one.line, False
    for flag in found.flags:
        standing = of_flag(flag.name)
        if standing.kind != "exact" and (flag.name, flag.value) != ("device", "cpu"):
            note = standing.note or "the flag has no effect"
            yield Standing(standing.name, "adapted", note), flag.line, False


def _is_not_needed(use):
    """Whether all is there that it would stand in for."""
    names = [name for name in use.stands_in_for if name.partition(".")[0] == "theano"]
    return bool(names) and all(of_chain(name).kind != "missing" for name in names)


def _keyword_note(found):
    notes = KEYWORDS.get(found.function, {})
    for key in ((found.keyword, found.value), found.keyword):
        if key in notes:
            return notes[key]
    return None


def _hints(source, found):
    hints = []
    if source.python == 2:
        hints.append("this is Python 2: write `symgrad run --py2`")
    elif found.python_2:
        lines = {}
        for name, line in found.python_2:
            lines.setdefault(name, {})[source.place(line)] = None
        words = ", ".join(f"{name} ({_places(list(at))})" for name, at in lines.items())
        hints.append(f"Python 2 only: {words}: write `symgrad run --py2`")
    if "six" in found.modules:
        hints.append("it imports six, which came with Theano: `pip install six`")
    return hints


def _as_json(reports, errors):
    facts = {
        "files": [vars(report) for report in reports],
        "errors": [{"path": e.path, "line": e.line, "message": e.message} for e in errors],
        "counts": _counts(reports),
    }
    return json.dumps(facts, indent=2)


def _counts(reports):
    kinds = ("exact", "adapted", "missing", "optional")
    return {kind: sum(len(report.of(kind)) for report in reports) for kind in kinds}


def _as_text(reports):
    used = [report for report in reports if report.names or report.hints]
    counts = ", ".join(f"{count} {kind}" for kind, count in _counts(reports).items() if count)
    files = f"{len(reports)} file" + "s" * (len(reports) != 1)
    summary = f"{files}: {counts or 'no names of Theano'}"
    return "\n".join([line for report in used for line in _lines(report)] + [summary])


def _lines(report):
    yield report.path
    for kind, heading in _HEADINGS.items():
        if report.of(kind):
            yield f"  {heading}:"
        for one in report.of(kind):
            note = f": {one['note']}" if one["note"] else ""
            yield f"    {one['name']} ({_places(one['lines'])}){note}"
    exact = report.of("exact")
    if exact:
        yield "  exact:"
        yield from (f"    {one['name']} ({_places(one['lines'])})" for one in exact)
    yield from (f"  hint: {hint}" for hint in report.hints)


def _places(lines):
    return f"line{'s' * (len(lines) > 1)} {', '.join(lines)}"
