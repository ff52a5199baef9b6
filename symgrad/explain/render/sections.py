"""Sections of a page: the rows, the rule, the numbers, and what the compiler made of it."""

from collections.abc import Iterator, Sequence

from symgrad.explain.compiler import Compilation
from symgrad.explain.data import ExplanationData
from symgrad.explain.maths import symbol
from symgrad.explain.render.gather import gather
from symgrad.explain.render.markup import Markup, join, tag
from symgrad.explain.render.mathml import mathml, set_formula
from symgrad.explain.render.steps import row
from symgrad.explain.render.text import rewrite_groups, values_text
from symgrad.explain.rule import RuleStory
from symgrad.explain.subset import SubsetStory

__all__ = ["compiled", "rule", "subset", "values"]

# The most letters of a formula in a table.
_CELL = 40
# More rewrites than these are folded.
_MANY = 12
# The largest relative error at which an adjoint agrees with its finite difference.
_AGREES = 1e-4


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> Markup:
    """A table that scrolls by itself if it is wide."""
    header = tag("tr", *(tag("th", title, scope="col") for title in head))
    lines = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in others))
        for first, *others in rows
    ]
    table = tag("table", tag("thead", header), tag("tbody", *lines))
    return tag("div", table, class_="wide", tabindex="0", role="region", aria_label=caption)


def subset(story: SubsetStory) -> Markup:
    """The selection of rows, against the scatter-add that would take their gradient back."""
    title = tag("h3", tag("code", story.subset), " of ", tag("code", story.table))
    ways = tag(
        "dl",
        tag("dt", "A row that is read twice"),
        tag("dd", tag("b", "inc"), f" {story.inc}."),
        tag("dd", tag("b", "set"), f" {story.set}."),
    )
    parts = [title, gather(story), ways]
    rows = [
        [
            tag("b", f"row {repeated.row}"),
            ", ".join(map(str, repeated.positions)),
            *map(values_text, (repeated.parts, repeated.inc, repeated.set)),
        ]
        for repeated in story.repeated
    ]
    if rows:
        head = ["row", "read at", "parts", "inc adds", "set keeps"]
        parts.append(_table(head, rows, "Rows that are read more than once"))
    return join(parts)


def rule(story: RuleStory) -> Markup:
    """The formulas of a rule, and the same with numbers."""
    where = f", row {story.row}" if story.row is not None else ""
    parts = [tag("h3", tag("code", story.rule), " on ", tag("code", story.table), where)]
    items, rows = [], []
    for line in story.lines:
        is_step = line.target == "step"
        sign = "=" if is_step else "←"
        shown = [row(mathml(symbol(line.target)), sign, set_formula(line.formula), "", "formula")]
        if line.numbers is not None:
            shown.append(row("", "=", set_formula(line.numbers), "", "first entry of the row"))
            changed = tag("code", story.table if is_step else line.target)
            rows.append([changed, values_text(line.before), values_text(line.after)])
        items.append(tag("li", *shown))
    parts.append(tag("ol", *items, class_="steps"))
    if rows:
        parts.append(_table(["slot", "before", "after"], rows, "Before and after the step"))
    return join(parts)


def values(explanation: ExplanationData) -> str:
    """Value, adjoint and finite difference of each node."""
    rows = []
    for reading in explanation.readings:
        name = mathml(symbol(explanation.node(reading.node).name))
        if reading.value is None:
            cells = [f"{reading.size} entries", "", ""]
        else:
            numbers = (reading.value, reading.adjoint, reading.finite)
            cells = list(map(values_text, numbers))
        rows.append([name, *cells, _agreement(reading.error)])
    head = ["node", "value", "adjoint", "finite difference", "agreement"]
    return _table(head, rows, "Values") if rows else ""


def _agreement(error):
    if error is None:
        return ""
    return f"✓ to {error:.0e}" if error < _AGREES else f"✗ off by {error:.0e}"


def compiled(explanation: ExplanationData) -> str:
    """The rewrites in order, what was fused, what is in place, and what was left out."""
    compilation = explanation.compilation
    if compilation is None:
        return ""
    parts = [_warning(text) for text in compilation.warnings]
    fused = [
        [fused.op, tag("code", name), set_formula(formula, _CELL)]
        for fused in compilation.fused
        for name, formula in fused.formulas
    ]
    if fused:
        parts += [tag("h3", "Fused"), _table(["Op", "output", "formula"], fused, "Fused formulas")]
    if compilation.in_place:
        items = (tag("li", text) for text in compilation.in_place)
        parts += [tag("h3", "In place"), tag("ul", *items)]
    rewrites = list(_rewrite_cells(compilation))
    parts += [
        tag("h3", "Rewrites"),
        tag(
            "details",
            tag("summary", f"{len(compilation.rewrites)} rewrites for {compilation.backend}"),
            _table(["number", "rewrite", "before", "after"], rewrites, "Rewrites"),
            open="" if len(compilation.rewrites) <= _MANY else None,
        ),
    ]
    steps = [
        [str(k), op, set_formula(formula, _CELL)]
        for k, (op, formula) in enumerate(compilation.steps, 1)
    ]
    listed = _table(["number", "Op", "formula"], steps, "Compiled graph")
    parts += [tag("h3", "What runs"), tag("details", tag("summary", f"{len(steps)} Ops"), listed)]
    return join(parts)


def _warning(text):
    return tag("p", tag("b", "⚠ Left out by symgrad: "), text, class_="warning")


def _rewrite_cells(compilation: Compilation) -> Iterator[tuple[str, ...]]:
    for label, rewrite, is_change in rewrite_groups(compilation):
        formulas = ["the same formula", ""]
        if is_change:
            formulas = [set_formula(m, _CELL) for m in (rewrite.before, rewrite.after)]
        yield label, tag("code", rewrite.name), *formulas
