"""An explanation as text."""

import itertools
import unicodedata

from symgrad.explain.maths import bar

__all__ = ["as_text", "rewrite_groups", "rewrite_rows", "shape_text", "values_text"]


def as_text(explanation):
    """Sections with a headline each; shapes on every line."""
    parts = [_headline(explanation), _calculus(explanation), _forward(explanation)]
    parts += [_backward(explanation), _inside(explanation), _gradients(explanation)]
    parts += [_subset(one) for one in explanation.subsets]
    parts += [_rule(one) for one in explanation.rules]
    parts += [_readings(explanation), _compilation(explanation.compilation)]
    return "\n\n".join(part for part in parts if part)


def _headline(e):
    names = ", ".join(e.node(one).name for one in e.wrt)
    return f"{e.node(e.cost).name}, differentiated with respect to {names}"


def _calculus(e):
    if not e.calculus:
        return ""
    lines = []
    for one in e.calculus:
        lines.append((f"{one.of.plain()}", f"= {one.by_rule.plain()}", one.law))
        if one.result != one.by_rule:
            lines.append(("", f"= {one.result.plain()}", "simplified"))
    return "Rule by rule\n" + table(lines)


def shape_text(shape):
    """A shape as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(shape)})"


def _forward(e):
    rows = []
    for node in e.nodes:
        made = f"{node.name} = {node.forward.plain()}" if node.forward else node.name
        kind = "" if node.kind == "step" else node.kind
        rows.append((made, shape_text(node.shape), kind))
    return "Forward\n" + table(rows)


def _backward(e):
    return "Backward\n" + table(list(backward_rows(e.nodes)))


def backward_rows(nodes):
    """``(line, shape, law)`` for each term, each simplification and each sum."""
    by_id = {node.id: node for node in nodes}
    for node in reversed(nodes):
        name, shape = bar(node.name).plain(), shape_text(node.shape)
        if node.kind == "cost" and not node.contributions:
            yield f"{name} = 1", shape, "where it starts"
        for one in node.contributions:
            law = f"from {by_id[one.consumer].name}: {one.law}"
            yield f"{name} += {one.by_law.plain()}", shape, law
            if one.by_law != one.term:
                yield f"{' ' * (width(name) + 2)}= {one.term.plain()}", shape, "simplified"
        if len(node.contributions) > 1:
            summed = f"sum over {len(node.contributions)} consumers"
            yield f"{name} = {node.adjoint.plain()}", shape, summed


def _inside(e):
    parts = []
    for node in e.nodes:
        if node.inside:
            rows = [
                (f"{one.name} = {one.forward.plain()}", shape_text(one.shape), "")
                for one in node.inside.nodes
                if one.forward
            ]
            rows += list(backward_rows(node.inside.nodes))
            parts.append(f"Inside {node.name}: {node.inside.law}\n{table(rows)}")
    return "\n\n".join(parts)


def _gradients(e):
    rows = [
        (f"{bar(name).plain()} = {formula.plain()}", shape_text(e.node(name).shape), "")
        for name, formula in e.gradients
        if formula is not None
    ]
    return "In closed form\n" + table(rows) if rows else ""


def _subset(one):
    kept = shape_text(one.subset_shape)
    count = f", {one.subset_entries} entries" if one.subset_entries is not None else ""
    lines = [
        f"{one.subset} = {one.select.plain()} selects rows",
        f"bar({one.table}) = {one.scatter.plain()} would take them back to all "
        f"{one.table_rows} rows, {one.table_entries} entries",
        f"kept is bar({one.subset}) of shape {kept}{count}",
    ]
    if one.rows:
        marks = [f"*{r}*" if _is_repeated(r, one) else str(r) for r in one.rows]
        lines.append(f"rows read: {', '.join(marks)}")
    lines += [
        f"a row that is read twice: inc {one.inc}",
        f"                          set {one.set}",
    ]
    for row in one.repeated:
        places = ", ".join(map(str, row.positions))
        lines.append(f"*{row.row}* is read at {places}: parts {values_text(row.parts)}")
        lines.append(f"    inc adds {values_text(row.inc)}, set keeps {values_text(row.set)}")
    return f"Subset {one.subset}\n" + "\n".join(f"  {line}" for line in lines)


def _is_repeated(row, one):
    return any(row == found.row for found in one.repeated)


def _rule(one):
    where = f", row {one.row}" if one.row is not None else ""
    lines = []
    for line in one.lines:
        target = line.target if line.target == "step" else f"new {line.target}"
        lines.append(f"{target} = {line.law.plain()}")
        if line.numbers is not None:
            lines.append(f"{' ' * len(target)} = {line.numbers.plain()}   (first entry)")
            what = one.table if line.target == "step" else line.target
            change = f"{values_text(line.before)} -> {values_text(line.after)}"
            lines.append(f"{' ' * len(target)}   {what}: {change}")
    return f"Rule {one.rule} on {one.table}{where}\n" + "\n".join(f"  {line}" for line in lines)


def _readings(e):
    rows = [("node", "value", "adjoint", "finite difference")]
    for one in e.readings:
        name = e.node(one.node).name
        if one.value is None:
            note = "" if one.error is None else f"agree to {one.error:.0e} along a direction"
            rows.append((name, f"{one.size} entries", note, ""))
        else:
            rows.append((name, *map(values_text, (one.value, one.adjoint, one.finite))))
    return "Values\n" + table(rows) if e.readings else ""


def _compilation(one):
    if one is None:
        return ""
    parts = [f"Compiled for {one.backend}\n{table(list(rewrite_rows(one)))}"]
    fused = [(f"{f.op}:", name, m.plain()) for f in one.fused for name, m in f.formulas]
    if fused:
        parts.append(f"Fused\n{table(fused)}")
    if one.in_place:
        parts.append("In place\n" + "\n".join(f"  {text}" for text in one.in_place))
    parts += [f"Left out by symgrad: {text}" for text in one.warnings]
    return "\n\n".join(parts)


def rewrite_rows(compilation):
    """``(number, name, change)``; neighbours that change no formula share a row."""
    for label, one, is_seen in rewrite_groups(compilation):
        change = f"{one.before.plain()}  ->  {one.after.plain()}" if is_seen else "the same formula"
        yield label, one.name, change


def rewrite_groups(compilation):
    """``(number, rewrite, does a formula change?)``; neighbours that change none are one."""
    changes = [(one, one.before.plain() != one.after.plain()) for one in compilation.rewrites]
    grouped = itertools.groupby(
        enumerate(changes, 1), lambda entry: entry[0] if entry[1][1] else entry[1][0].name
    )
    for _, group in grouped:
        (first, (rewrite, is_seen)), *rest = group
        yield f"{first}-{rest[-1][0]}" if rest else f"{first}", rewrite, is_seen


def values_text(value):
    """Numbers in few digits."""
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(map(values_text, value))}]"
    # Zero has no sign here.
    return f"{value + 0.0:.5g}" if isinstance(value, float) else str(value)


def width(text):
    """How many places a text takes: accents take none."""
    return sum(not unicodedata.combining(letter) for letter in text)


def table(rows):
    """Rows of text in columns."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [one + " " * (size - width(one)) for one, size in zip(row, widths, strict=True)]
        lines.append(f"  {'   '.join(cells)}".rstrip())
    return "\n".join(lines)
