"""What becomes of rows, what a rule does with them, numbers, and what the compiler made of it."""

from symgrad.explain.maths import symbol
from symgrad.explain.render.gather import gather
from symgrad.explain.render.markup import join, tag
from symgrad.explain.render.mathml import mathml, set_formula
from symgrad.explain.render.steps import row
from symgrad.explain.render.text import rewrite_groups, values_text

__all__ = ["compiled", "rule", "subset", "values"]

# Letters of a formula in a table.
_CELL = 40
# More rewrites than these are shown when they are asked for.
_MANY = 12
# The largest relative error of what agrees with its finite difference.
_AGREES = 1e-4


def _table(head, rows, caption):
    """A table that scrolls by itself if it is wide."""
    header = tag("tr", *(tag("th", one, scope="col") for one in head))
    lines = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", one) for one in others))
        for first, *others in rows
    ]
    made = tag("table", tag("thead", header), tag("tbody", *lines))
    return tag("div", made, class_="wide", tabindex="0", role="region", aria_label=caption)


def subset(one):
    """The selection of rows, against the scatter-add that would take their gradient back."""
    parts = [tag("h3", tag("code", one.subset), " of ", tag("code", one.table)), gather(one)]
    rows = [
        [
            tag("b", f"row {same.row}"), ", ".join(map(str, same.positions)),
            *map(values_text, (same.parts, same.inc, same.set)),
        ]
        for same in one.repeated
    ]  # fmt: skip
    parts.append(
        tag(
            "dl",
            tag("dt", "A row that is read twice"),
            tag("dd", tag("b", "inc"), f" {one.inc}."),
            tag("dd", tag("b", "set"), f" {one.set}."),
        )
    )
    if rows:
        head = ["row", "read at", "parts", "inc adds", "set keeps"]
        parts.append(_table(head, rows, "Rows that are read more than once"))
    return join(parts)


def rule(one):
    """The law of a rule, and the same with numbers."""
    where = f", row {one.row}" if one.row is not None else ""
    parts = [tag("h3", tag("code", one.rule), " on ", tag("code", one.table), where)]
    lines, rows = [], []
    for line in one.lines:
        sign = "=" if line.target == "step" else "←"
        law = [row(mathml(symbol(line.target)), sign, set_formula(line.law), "", "law")]
        if line.numbers is not None:
            law.append(row("", "=", set_formula(line.numbers), "", "first entry of the row"))
            what = one.table if line.target == "step" else line.target
            rows.append([tag("code", what), values_text(line.before), values_text(line.after)])
        lines.append(tag("li", *law))
    parts.append(tag("ol", *lines, class_="steps"))
    if rows:
        parts.append(_table(["slot", "before", "after"], rows, "Before and after the step"))
    return join(parts)


def values(e):
    """Value, adjoint and finite difference of each node."""
    rows = []
    for one in e.readings:
        node = e.node(one.node)
        name = mathml(symbol(node.name))
        if one.value is None:
            cells = [f"{one.size} entries", "", ""]
        else:
            cells = list(map(values_text, (one.value, one.adjoint, one.finite)))
        rows.append([name, *cells, _agreement(one.error)])
    head = ["node", "value", "adjoint", "finite difference", "agreement"]
    return _table(head, rows, "Values") if rows else ""


def _agreement(error):
    if error is None:
        return ""
    return f"✓ to {error:.0e}" if error < _AGREES else f"✗ off by {error:.0e}"


def compiled(e):
    """The rewrites in their order, what was fused, what is in place, and what was left out."""
    one = e.compilation
    if one is None:
        return ""
    rewrites = _table(["number", "rewrite", "before", "after"], list(_rewrites(one)), "Rewrites")
    summary = tag("summary", f"{len(one.rewrites)} rewrites for {one.backend}")
    is_open = "" if len(one.rewrites) <= _MANY else None
    parts = [_warning(text) for text in one.warnings]
    fused = [
        [f.op, tag("code", name), set_formula(m, _CELL)]
        for f in one.fused
        for name, m in f.formulas
    ]
    if fused:
        parts += [tag("h3", "Fused"), _table(["Op", "output", "formula"], fused, "Fused formulas")]
    if one.in_place:
        parts += [tag("h3", "In place"), tag("ul", *(tag("li", text) for text in one.in_place))]
    parts += [tag("h3", "Rewrites"), tag("details", summary, rewrites, open=is_open)]
    steps = [[str(k), op, set_formula(m, _CELL)] for k, (op, m) in enumerate(one.steps, 1)]
    listed = _table(["number", "Op", "formula"], steps, "Compiled graph")
    parts += [tag("h3", "What runs"), tag("details", tag("summary", f"{len(steps)} Ops"), listed)]
    return join(parts)


def _warning(text):
    return tag("p", tag("b", "⚠ Left out by symgrad: "), text, class_="warning")


def _rewrites(compilation):
    for label, one, is_seen in rewrite_groups(compilation):
        both = ["the same formula", ""]
        if is_seen:
            both = [set_formula(formula, _CELL) for formula in (one.before, one.after)]
        yield label, tag("code", one.name), *both
