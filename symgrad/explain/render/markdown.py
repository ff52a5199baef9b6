"""An explanation in Markdown, with LaTeX."""

from collections.abc import Sequence

from symgrad.explain.compiler import Compilation
from symgrad.explain.data import ExplanationData
from symgrad.explain.derive.derivation import Node
from symgrad.explain.maths import Maths, bar, symbol
from symgrad.explain.render.text import rewrite_rows, shape_text, values_text
from symgrad.explain.rule import RuleStory
from symgrad.explain.subset import SubsetStory

__all__ = ["as_markdown"]


def as_markdown(explanation: ExplanationData) -> str:
    """Sections with a headline each. Formulas are between ``$$``, in tables between ``$``."""
    names = ", ".join(_inline(symbol(explanation.node(x).name)) for x in explanation.wrt)
    cost = _inline(symbol(explanation.node(explanation.cost).name))
    parts = [f"# {cost}, differentiated with respect to {names}"]
    parts += [
        _calculus(explanation),
        _forward(explanation),
        _backward("## Backward", explanation.nodes),
    ]
    parts += [_inside(node) for node in explanation.nodes if node.inside]
    parts += [
        _gradients(explanation),
        *map(_subset, explanation.subsets),
        *map(_rule, explanation.rules),
    ]
    parts += [_readings(explanation), _compilation(explanation.compilation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text):
    return text.replace("\\left|", r"\left\lvert ").replace("\\right|", r"\right\rvert ").replace(
        "|", "\\|"
    )  # fmt: skip


def _code(text):
    """Text that Markdown and HTML leave alone."""
    return "`" + text.replace("`", "'") + "`" if text else ""


def _inline(formula: Maths) -> str:
    return f"${formula.latex()}$"


def _equation(left: Maths, right: Maths) -> str:
    return f"${left.latex()} = {right.latex()}$"


def _calculus(explanation):
    if not explanation.calculus:
        return ""
    parts = ["## Rule by rule"]
    for line in explanation.calculus:
        steps = [line.of.latex(), line.by_rule.latex()]
        steps += [line.result.latex()] if line.result != line.by_rule else []
        parts.append(f"{line.law}:\n\n$$\n{' = '.join(steps)}\n$$")
    return "\n\n".join(parts)


def _forward(explanation):
    rows = []
    for node in explanation.nodes:
        name = symbol(node.name)
        line = _equation(name, node.forward) if node.forward else _inline(name)
        rows.append([line, _code(shape_text(node.shape)), node.kind])
    return "## Forward\n\n" + _table(["line", "shape", "kind"], rows)


def _backward(title: str, nodes: Sequence[Node]) -> str:
    by_id = {node.id: node for node in nodes}
    rows = []
    for node in reversed(nodes):
        name, shape = bar(node.name), _code(shape_text(node.shape))
        if node.kind == "cost" and not node.contributions:
            rows.append([f"${name.latex()} = 1$", "", shape, "where it starts"])
        for contribution in node.contributions:
            term, by_law = contribution.term, contribution.by_law
            simplified = f" = {term.latex()}" if term != by_law else ""
            line = f"${name.latex()} \\mathrel{{+}}= {by_law.latex()}{simplified}$"
            source = _inline(symbol(by_id[contribution.consumer].name))
            local = _inline(contribution.local) if contribution.local else ""
            rows.append([line, local, shape, f"from {source}: {contribution.law}"])
        if node.adjoint and len(node.contributions) > 1:
            law = f"sum over {len(node.contributions)} consumers"
            rows.append([_equation(name, node.adjoint), "", shape, law])
    return f"{title}\n\n" + _table(["line", "local derivative", "shape", "law"], rows)


def _inside(node):
    rows = [
        [_equation(symbol(inner.name), inner.forward), _code(shape_text(inner.shape))]
        for inner in node.inside.nodes
        if inner.forward
    ]
    title = f"## Inside {_inline(symbol(node.name))}: {node.inside.title}"
    forward, backward = _table(["line", "shape"], rows), _backward("and back:", node.inside.nodes)
    return f"{title}\n\n{forward}\n\n{backward}"


def _gradients(explanation):
    formulas = [
        f"$$\n{bar(name).latex()} = {formula.latex()}\n$$"
        for name, formula in explanation.gradients
        if formula
    ]
    return "\n\n".join(["## In closed form", *formulas]) if formulas else ""


def _subset(story: SubsetStory) -> str:
    kept = _code(shape_text(story.subset_shape))
    count = f", {story.subset_entries} entries" if story.subset_entries is not None else ""
    lines = [
        f"- {_equation(symbol(story.subset), story.select)} selects rows;",
        f"- {_equation(bar(story.table), story.scatter)} would take them back to all "
        f"{story.table_rows} rows, {story.table_entries} entries;",
        f"- kept is {_inline(bar(story.subset))} of shape {kept}{count}.",
    ]
    repeated = {row.row for row in story.repeated}
    if story.rows:
        marks = [f"**{row}**" if row in repeated else str(row) for row in story.rows]
        lines.append(f"- Rows read: {', '.join(marks)}.")
    lines += [f"- A row that is read twice: `inc` {story.inc}; `set` {story.set}."]
    rows = [
        [
            f"**{row.row}**",
            ", ".join(map(str, row.positions)),
            *map(values_text, (row.parts, row.inc, row.set)),
        ]
        for row in story.repeated
    ]
    table = _table(["row", "read at", "parts", "inc adds", "set keeps"], rows) if rows else ""
    parts = [f"## Subset {_code(story.subset)}", "\n".join(lines), table]
    return "\n\n".join(part for part in parts if part)


def _rule(story: RuleStory) -> str:
    where = f", row {story.row}" if story.row is not None else ""
    parts = [f"## Rule {_code(story.rule)} on {_code(story.table)}{where}"]
    for line in story.lines:
        steps = [line.formula.latex()]
        steps += [line.numbers.latex()] if line.numbers is not None else []
        is_step = line.target == "step"
        target = r"\mathrm{step}" if is_step else symbol(line.target).latex()
        sign = "=" if is_step else r"\leftarrow"
        parts.append(f"$$\n{target} {sign} {' = '.join(steps)}\n$$")
        if line.numbers is not None:
            changed = story.table if is_step else line.target
            change = f"{values_text(line.before)} → {values_text(line.after)}"
            parts.append(f"{_code(changed)}: {change}")
    return "\n\n".join(parts)


def _readings(explanation):
    rows = []
    for reading in explanation.readings:
        name = _inline(symbol(explanation.node(reading.node).name))
        if reading.value is None:
            is_compared = reading.error is not None
            note = f"agree to {reading.error:.0e} along a direction" if is_compared else ""
            rows.append([name, f"{reading.size} entries", note, ""])
        else:
            numbers = (reading.value, reading.adjoint, reading.finite)
            rows.append([name, *map(values_text, numbers)])
    head = ["node", "value", "adjoint", "finite difference"]
    return "## Values\n\n" + _table(head, rows) if rows else ""


def _compilation(compilation: Compilation | None) -> str:
    if compilation is None:
        return ""
    rows = [
        [number, _code(name), _code(change)] for number, name, change in rewrite_rows(compilation)
    ]
    parts = [
        f"## Compiled for {compilation.backend}",
        _table(["", "rewrite", "before and after"], rows),
    ]
    fused = [
        [fused.op, _code(name), _inline(formula)]
        for fused in compilation.fused
        for name, formula in fused.formulas
    ]
    if fused:
        parts += ["### Fused", _table(["Op", "", "formula"], fused)]
    if compilation.in_place:
        items = [f"- {_code(text)}" for text in compilation.in_place]
        parts += ["### In place", "\n".join(items)]
    parts += [f"> **Left out by symgrad:** {text}" for text in compilation.warnings]
    return "\n\n".join(parts)
