"""An explanation in Markdown, with LaTeX."""

from symgrad.explain.maths import bar, symbol
from symgrad.explain.render.text import rewrite_rows, shape_text, values_text

__all__ = ["as_markdown"]


def as_markdown(explanation):
    """Sections with a headline each; formulas between ``$$`` or in tables between ``$``."""
    e = explanation
    names = ", ".join(f"${symbol(e.node(one).name).latex()}$" for one in e.wrt)
    parts = [f"# ${symbol(e.node(e.cost).name).latex()}$, differentiated with respect to {names}"]
    parts += [_calculus(e), _forward(e), _backward("## Backward", e.nodes)]
    parts += [_inside(node) for node in e.nodes if node.inside]
    parts += [_gradients(e), *map(_subset, e.subsets), *map(_rule, e.rules)]
    parts += [_readings(e), _compilation(e.compilation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(one) for one in line)} |" for line in lines)


def _cell(text):
    return text.replace("\\left|", r"\left\lvert ").replace("\\right|", r"\right\rvert ").replace(
        "|", "\\|"
    )  # fmt: skip


def _code(text):
    """Text that Markdown and HTML leave alone."""
    return "`" + text.replace("`", "'") + "`" if text else ""


def _formula(left, right, sign="="):
    return f"${left.latex()} {sign} {right.latex()}$"


def _calculus(e):
    if not e.calculus:
        return ""
    parts = ["## Rule by rule"]
    for one in e.calculus:
        steps = [one.of.latex(), one.by_rule.latex()]
        steps += [one.result.latex()] if one.result != one.by_rule else []
        parts.append(f"{one.law}:\n\n$$\n{' = '.join(steps)}\n$$")
    return "\n\n".join(parts)


def _forward(e):
    rows = [
        [
            _formula(symbol(node.name), node.forward) if node.forward
            else f"${symbol(node.name).latex()}$",
            _code(shape_text(node.shape)), node.kind,
        ]
        for node in e.nodes
    ]  # fmt: skip
    return "## Forward\n\n" + _table(["line", "shape", "kind"], rows)


def _backward(title, nodes):
    by_id = {node.id: node for node in nodes}
    rows = []
    for node in reversed(nodes):
        name, shape = bar(node.name), _code(shape_text(node.shape))
        if node.kind == "cost" and not node.contributions:
            rows.append([f"${name.latex()} = 1$", "", shape, "where it starts"])
        for one in node.contributions:
            simple = f" = {one.term.latex()}" if one.term != one.by_law else ""
            line = f"${name.latex()} \\mathrel{{+}}= {one.by_law.latex()}{simple}$"
            source = symbol(by_id[one.consumer].name).latex()
            local = f"${one.local.latex()}$" if one.local else ""
            rows.append([line, local, shape, f"from ${source}$: {one.law}"])
        if len(node.contributions) > 1:
            law = f"sum over {len(node.contributions)} consumers"
            rows.append([_formula(name, node.adjoint), "", shape, law])
    return f"{title}\n\n" + _table(["line", "local derivative", "shape", "law"], rows)


def _inside(node):
    forward = [
        [_formula(symbol(one.name), one.forward), _code(shape_text(one.shape))]
        for one in node.inside.nodes
        if one.forward
    ]
    title = f"## Inside ${symbol(node.name).latex()}$: {node.inside.law}"
    table = _table(["line", "shape"], forward)
    return f"{title}\n\n{table}\n\n{_backward('and back:', node.inside.nodes)}"


def _gradients(e):
    found = [
        f"$$\n{bar(name).latex()} = {formula.latex()}\n$$"
        for name, formula in e.gradients
        if formula
    ]
    return "\n\n".join(["## In closed form", *found]) if found else ""


def _subset(one):
    kept = shape_text(one.subset_shape)
    count = f", {one.subset_entries} entries" if one.subset_entries is not None else ""
    lines = [
        f"- {_formula(symbol(one.subset), one.select)} selects rows;",
        f"- {_formula(bar(one.table), one.scatter)} would take them back to all {one.table_rows} "
        f"rows, {one.table_entries} entries;",
        f"- kept is ${bar(one.subset).latex()}$ of shape {_code(kept)}{count}.",
    ]
    repeated = {row.row for row in one.repeated}
    if one.rows:
        marks = [f"**{row}**" if row in repeated else str(row) for row in one.rows]
        lines.append(f"- Rows read: {', '.join(marks)}.")
    lines += [f"- A row that is read twice: `inc` {one.inc}; `set` {one.set}."]
    rows = [
        [f"**{row.row}**", ", ".join(map(str, row.positions)),
         *map(values_text, (row.parts, row.inc, row.set))]
        for row in one.repeated
    ]  # fmt: skip
    table = _table(["row", "read at", "parts", "inc adds", "set keeps"], rows) if rows else ""
    return "\n\n".join(filter(None, [f"## Subset {_code(one.subset)}", "\n".join(lines), table]))


def _rule(one):
    where = f", row {one.row}" if one.row is not None else ""
    parts = [f"## Rule {_code(one.rule)} on {_code(one.table)}{where}"]
    for line in one.lines:
        steps = [line.law.latex()] + ([line.numbers.latex()] if line.numbers is not None else [])
        target = r"\mathrm{step}" if line.target == "step" else symbol(line.target).latex()
        sign = "=" if line.target == "step" else r"\leftarrow"
        parts.append(f"$$\n{target} {sign} {' = '.join(steps)}\n$$")
        if line.numbers is not None:
            what = one.table if line.target == "step" else line.target
            change = f"{values_text(line.before)} → {values_text(line.after)}"
            parts.append(f"{_code(what)}: {change}")
    return "\n\n".join(parts)


def _readings(e):
    rows = []
    for one in e.readings:
        name = f"${symbol(e.node(one.node).name).latex()}$"
        if one.value is None:
            note = "" if one.error is None else f"agree to {one.error:.0e} along a direction"
            rows.append([name, f"{one.size} entries", note, ""])
        else:
            rows.append([name, *map(values_text, (one.value, one.adjoint, one.finite))])
    head = ["node", "value", "adjoint", "finite difference"]
    return "## Values\n\n" + _table(head, rows) if rows else ""


def _compilation(one):
    if one is None:
        return ""
    rows = [[number, _code(name), _code(change)] for number, name, change in rewrite_rows(one)]
    parts = [f"## Compiled for {one.backend}", _table(["", "rewrite", "before and after"], rows)]
    fused = [[f.op, _code(name), f"${m.latex()}$"] for f in one.fused for name, m in f.formulas]
    if fused:
        parts += ["### Fused", _table(["Op", "", "formula"], fused)]
    if one.in_place:
        parts += ["### In place", "\n".join(f"- {_code(text)}" for text in one.in_place)]
    parts += [f"> **Left out by symgrad:** {text}" for text in one.warnings]
    return "\n\n".join(parts)
