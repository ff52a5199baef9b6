"""An explanation as text."""

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from symgrad.explain.compiler import Compilation, Rewrite
from symgrad.explain.data import ExplanationData
from symgrad.explain.derive.derivation import Node
from symgrad.explain.maths import bar
from symgrad.explain.rule import RuleStory
from symgrad.explain.subset import SubsetStory

__all__ = ["as_text", "rewrite_groups", "rewrite_rows", "shape_text", "values_text"]


def as_text(explanation: ExplanationData) -> str:
    """Sections with a headline each, and shapes on every line."""
    parts = [_headline(explanation), _calculus(explanation), _forward(explanation)]
    parts += [_backward(explanation), _inside(explanation), _gradients(explanation)]
    parts += [_subset(story) for story in explanation.subsets]
    parts += [_rule(story) for story in explanation.rules]
    parts += [_readings(explanation), _compilation(explanation.compilation)]
    return "\n\n".join(part for part in parts if part)


def _headline(explanation):
    names = ", ".join(explanation.node(x).name for x in explanation.wrt)
    return f"{explanation.node(explanation.cost).name}, differentiated with respect to {names}"


def _calculus(explanation):
    if not explanation.calculus:
        return ""
    rows = []
    for line in explanation.calculus:
        rows.append((f"{line.of.plain()}", f"= {line.by_rule.plain()}", line.law))
        if line.result != line.by_rule:
            rows.append(("", f"= {line.result.plain()}", "simplified"))
    return "Rule by rule\n" + _table(rows)


def shape_text(shape: Sequence[str]) -> str:
    """A shape as Python writes it."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(shape)})"


def _forward(explanation):
    rows = []
    for node in explanation.nodes:
        line = f"{node.name} = {node.forward.plain()}" if node.forward else node.name
        kind = "" if node.kind == "step" else node.kind
        rows.append((line, shape_text(node.shape), kind))
    return "Forward\n" + _table(rows)


def _backward(explanation):
    return "Backward\n" + _table(list(_backward_rows(explanation.nodes)))


def _backward_rows(nodes: Sequence[Node]) -> Iterator[tuple[str, str, str]]:
    """``(line, shape, law)`` for each term, each simplification and each sum."""
    by_id = {node.id: node for node in nodes}
    for node in reversed(nodes):
        name, shape = bar(node.name).plain(), shape_text(node.shape)
        if node.kind == "cost" and not node.contributions:
            yield f"{name} = 1", shape, "where it starts"
        for contribution in node.contributions:
            law = f"from {by_id[contribution.consumer].name}: {contribution.law}"
            yield f"{name} += {contribution.by_law.plain()}", shape, law
            if contribution.by_law != contribution.term:
                indent = " " * (_width(name) + 2)
                yield f"{indent}= {contribution.term.plain()}", shape, "simplified"
        if node.adjoint and len(node.contributions) > 1:
            law = f"sum over {len(node.contributions)} consumers"
            yield f"{name} = {node.adjoint.plain()}", shape, law


def _inside(explanation):
    parts = []
    for node in explanation.nodes:
        if node.inside:
            rows = [
                (f"{inner.name} = {inner.forward.plain()}", shape_text(inner.shape), "")
                for inner in node.inside.nodes
                if inner.forward
            ]
            rows += list(_backward_rows(node.inside.nodes))
            parts.append(f"Inside {node.name}: {node.inside.title}\n{_table(rows)}")
    return "\n\n".join(parts)


def _gradients(explanation):
    rows = [
        (f"{bar(name).plain()} = {formula.plain()}", shape_text(explanation.node(name).shape), "")
        for name, formula in explanation.gradients
        if formula is not None
    ]
    return "In closed form\n" + _table(rows) if rows else ""


def _subset(story: SubsetStory) -> str:
    kept = shape_text(story.subset_shape)
    count = f", {story.subset_entries} entries" if story.subset_entries is not None else ""
    lines = [
        f"{story.subset} = {story.select.plain()} selects rows",
        f"bar({story.table}) = {story.scatter.plain()} would take them back to all "
        f"{story.table_rows} rows, {story.table_entries} entries",
        f"kept is bar({story.subset}) of shape {kept}{count}",
    ]
    if story.rows:
        repeated = {row.row for row in story.repeated}
        marks = [f"*{row}*" if row in repeated else str(row) for row in story.rows]
        lines.append(f"rows read: {', '.join(marks)}")
    lines += [
        f"a row that is read twice: inc {story.inc}",
        f"                          set {story.set}",
    ]
    for row in story.repeated:
        positions = ", ".join(map(str, row.positions))
        lines.append(f"*{row.row}* is read at {positions}: parts {values_text(row.parts)}")
        lines.append(f"    inc adds {values_text(row.inc)}, set keeps {values_text(row.set)}")
    return f"Subset {story.subset}\n" + "\n".join(f"  {line}" for line in lines)


def _rule(story: RuleStory) -> str:
    where = f", row {story.row}" if story.row is not None else ""
    lines = []
    for line in story.lines:
        target = line.target if line.target == "step" else f"new {line.target}"
        lines.append(f"{target} = {line.formula.plain()}")
        if line.numbers is not None:
            indent = " " * len(target)
            lines.append(f"{indent} = {line.numbers.plain()}   (first entry)")
            changed = story.table if line.target == "step" else line.target
            change = f"{values_text(line.before)} -> {values_text(line.after)}"
            lines.append(f"{indent}   {changed}: {change}")
    title = f"Rule {story.rule} on {story.table}{where}"
    return f"{title}\n" + "\n".join(f"  {line}" for line in lines)


def _readings(explanation):
    rows = [("node", "value", "adjoint", "finite difference")]
    for reading in explanation.readings:
        name = explanation.node(reading.node).name
        if reading.value is None:
            is_compared = reading.error is not None
            note = f"agree to {reading.error:.0e} along a direction" if is_compared else ""
            rows.append((name, f"{reading.size} entries", note, ""))
        else:
            numbers = (reading.value, reading.adjoint, reading.finite)
            rows.append((name, *map(values_text, numbers)))
    return "Values\n" + _table(rows) if explanation.readings else ""


def _compilation(compilation: Compilation | None) -> str:
    if compilation is None:
        return ""
    rows = list(rewrite_rows(compilation))
    parts = [f"Compiled for {compilation.backend}\n{_table(rows)}"]
    fused = [
        (f"{fused.op}:", name, formula.plain())
        for fused in compilation.fused
        for name, formula in fused.formulas
    ]
    if fused:
        parts.append(f"Fused\n{_table(fused)}")
    if compilation.in_place:
        parts.append("In place\n" + "\n".join(f"  {text}" for text in compilation.in_place))
    parts += [f"Left out by symgrad: {text}" for text in compilation.warnings]
    return "\n\n".join(parts)


def rewrite_rows(compilation: Compilation) -> Iterator[tuple[str, str, str]]:
    """``(number, name, change)``. Neighbours that change no formula share a row."""
    for label, rewrite, is_change in rewrite_groups(compilation):
        change = "the same formula"
        if is_change:
            change = f"{rewrite.before.plain()}  ->  {rewrite.after.plain()}"
        yield label, rewrite.name, change


def rewrite_groups(compilation: Compilation) -> Iterator[tuple[str, Rewrite, bool]]:
    """``(number, rewrite, does it change a formula?)``, with neighbours that change none joined."""
    changes = [
        (rewrite, rewrite.before.plain() != rewrite.after.plain())
        for rewrite in compilation.rewrites
    ]

    def key(entry):
        number, (rewrite, is_change) = entry
        return number if is_change else rewrite.name

    for _, group in itertools.groupby(enumerate(changes, 1), key):
        (first, (rewrite, is_change)), *rest = group
        yield f"{first}-{rest[-1][0]}" if rest else f"{first}", rewrite, is_change


def values_text(value: Any) -> str:
    """Numbers in 5 digits, as nested lists; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(map(values_text, value))}]"
    # Adding 0.0 removes the sign of a zero.
    return f"{value + 0.0:.5g}" if isinstance(value, float) else str(value)


def _width(text):
    """The number of columns a text takes. Accents take none."""
    return sum(not unicodedata.combining(letter) for letter in text)


def _table(rows):
    """Rows of text in columns."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        lines.append(f"  {'   '.join(cells)}".rstrip())
    return "\n".join(lines)
