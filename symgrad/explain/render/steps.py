"""The derivation, line by line."""

from symgrad.explain.maths import Maths, bar, number, symbol
from symgrad.explain.render.graphs import pair
from symgrad.explain.render.groups import grouped
from symgrad.explain.render.markup import join, tag
from symgrad.explain.render.mathml import mathml, set_formula
from symgrad.explain.render.picture import picture
from symgrad.explain.render.text import shape_text

__all__ = ["backward", "calculus", "forward", "inside", "row"]

# Longer formulas are not repeated, and more terms than these are folded.
_TITLE, _TERMS = 16, 12
_KINDS = {"step": "", "wrt": "with respect to", "shared": "shared variable"}


def calculus(e):
    """The derivative of a function of one number, as a textbook has it."""
    lines = []
    for one in e.calculus:
        rows = [row(mathml(one.of), "=", set_formula(one.by_rule), "", one.law)]
        if one.result != one.by_rule:
            rows.append(row("", "=", set_formula(one.result), "", "simplified"))
        lines.append(tag("li", *rows))
    return tag("ol", *lines, class_="steps") if lines else ""


def forward(nodes):
    """The lines of the computation; of a long one, in groups."""
    return _listed(grouped(nodes), {one.id: _forward(one) for one in nodes}, symbol)


def backward(nodes):
    """What each variable receives, the last one first."""
    by_id = {one.id: one for one in nodes}
    back = [one for one in reversed(nodes) if one.adjoint is not None]
    return _listed(grouped(nodes)[::-1], {one.id: _backward(one, by_id) for one in back}, bar)


def inside(node):
    """The computation inside an Op."""
    inner = node.inside.nodes
    return join(
        [
            tag("h3", mathml(symbol(node.name)), f": {node.inside.law}"),
            pair(picture(inner), f"Graphs inside {node.name}"),
            tag("h4", "Forward"), forward(inner), tag("h4", "Backward"), backward(inner),
        ]
    )  # fmt: skip


def _listed(groups, made, spelling):
    """Lines in their order; of a long computation, folded by groups."""
    if all(len(one.nodes) == 1 for one in groups):
        return tag("ol", *made.values(), class_="steps")
    parts = []
    for group in groups:
        ids = {one.id for one in group.nodes}
        mine = [line for name, line in made.items() if name in ids]
        listed = tag("ol", *mine, class_="steps") if mine else ""
        parts.append(_folded(group.head, len(mine), listed, spelling))
    return join(parts)


def _folded(head, count, listed, spelling):
    if count <= 1:
        return listed
    formula = head.adjoint if spelling is bar else head.forward
    said = ["=", formula] if formula.size() < _TITLE else []
    title = mathml(spelling(head.name), *said)
    return tag("details", tag("summary", title, tag("span", f"{count} lines")), listed)


def row(left, sign, formula, shape, law, style="line"):
    """A line in the columns of all lines."""
    cells = [
        tag("span", left, class_="left"),
        tag("span", mathml(sign) if sign else "", class_="sign"),
        tag("span", formula, class_="formula"),
        tag("span", shape, class_="shape"),
        tag("span", law, class_="law"),
    ]
    return tag("div", *cells, class_=style)


def _forward(node):
    kind = _KINDS.get(node.kind, node.kind)
    name, shape = mathml(symbol(node.name)), shape_text(node.shape)
    if node.forward is None:
        line = row(name, "", "", shape, kind, "line alone")
    else:
        line = row(name, "=", set_formula(node.forward), shape, kind)
    return tag("li", line, data_of=node.id, class_="of-forward")


def _backward(node, by_id):
    name, shape = mathml(bar(node.name)), shape_text(node.shape)
    rows = []
    if not node.contributions:
        rows.append(row(name, "=", mathml(number(1)), shape, "where it starts"))
    for one in node.contributions:
        rows.append(_source(node, one, by_id[one.consumer]))
        rows.append(row(name, "+=", set_formula(one.by_law), shape, one.law))
        if one.term != one.by_law:
            rows.append(row("", "=", set_formula(one.term), shape, "simplified"))
    count = len(node.contributions)
    if count > _TERMS:
        inner = tag("ol", tag("li", *rows), class_="steps")
        rows = [tag("details", tag("summary", name, tag("span", f"{count} terms")), inner)]
    if count > 1:
        law = f"sum over {count} consumers"
        rows.append(row(name, "=", set_formula(node.adjoint), shape, law, "line total"))
    return tag("li", *rows, data_of=node.id, class_="of-back")


def _source(node, one, consumer):
    """Which line passes it back, and its local derivative."""
    said = ["=", consumer.forward] if consumer.forward.size() < _TITLE else []
    parts = ["from ", mathml(symbol(consumer.name), *said)]
    if one.local is not None:
        local = Maths("partial", (symbol(consumer.name), symbol(node.name)))
        parts += [", where ", mathml(local, "=", one.local)]
    return tag("div", *parts, class_="source")
