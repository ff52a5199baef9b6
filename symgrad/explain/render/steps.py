"""The derivation as HTML, line by line."""

from collections.abc import Mapping, Sequence

from symgrad.explain.data import ExplanationData
from symgrad.explain.derive.derivation import Contribution, Node
from symgrad.explain.maths import Maths, bar, number, symbol
from symgrad.explain.render.graphs import pair
from symgrad.explain.render.groups import grouped
from symgrad.explain.render.markup import Markup, join, tag
from symgrad.explain.render.mathml import mathml, set_formula
from symgrad.explain.render.picture import picture
from symgrad.explain.render.text import shape_text

__all__ = ["backward", "calculus", "forward", "inside", "row"]

# Longer formulas are not repeated, and more terms than these are folded.
_TITLE, _TERMS = 16, 12
_KINDS = {"step": "", "wrt": "with respect to", "shared": "shared variable"}


def calculus(explanation: ExplanationData) -> str:
    """The derivative of a function of one number, as in a textbook."""
    items = []
    for line in explanation.calculus:
        rows = [row(mathml(line.of), "=", set_formula(line.by_rule), "", line.law)]
        if line.result != line.by_rule:
            rows.append(row("", "=", set_formula(line.result), "", "simplified"))
        items.append(tag("li", *rows))
    return tag("ol", *items, class_="steps") if items else ""


def forward(nodes: Sequence[Node]) -> Markup:
    """The lines of the computation, in groups if it is long."""
    return _listed(nodes, {node.id: _forward_item(node) for node in nodes}, is_back=False)


def backward(nodes: Sequence[Node]) -> Markup:
    """What each variable receives, the last one first."""
    by_id = {node.id: node for node in nodes}
    active = [node for node in reversed(nodes) if node.adjoint is not None]
    return _listed(nodes, {node.id: _backward_item(node, by_id) for node in active}, is_back=True)


def inside(node: Node) -> Markup:
    """The computation inside an Op."""
    assert node.inside is not None
    nodes = node.inside.nodes
    return join(
        [
            tag("h3", mathml(symbol(node.name)), f": {node.inside.title}"),
            pair(picture(nodes), f"Graphs inside {node.name}"),
            tag("h4", "Forward"), forward(nodes), tag("h4", "Backward"), backward(nodes),
        ]
    )  # fmt: skip


def _listed(nodes: Sequence[Node], items: Mapping[str, Markup], is_back: bool) -> Markup:
    """The items of nodes in order, folded by groups if the computation is long."""
    groups = grouped(nodes)
    if all(len(group.nodes) == 1 for group in groups):
        return tag("ol", *items.values(), class_="steps")
    parts = []
    for group in reversed(groups) if is_back else groups:
        ids = {node.id for node in group.nodes}
        mine = [item for node_id, item in items.items() if node_id in ids]
        listed = tag("ol", *mine, class_="steps") if mine else ""
        parts.append(_folded(group.head, len(mine), listed, is_back))
    return join(parts)


def _folded(head, count, listed, is_back):
    if count <= 1:
        return listed
    formula = head.adjoint if is_back else head.forward
    shown = ["=", formula] if formula.size() < _TITLE else []
    title = mathml(bar(head.name) if is_back else symbol(head.name), *shown)
    return tag("details", tag("summary", title, tag("span", f"{count} lines")), listed)


def row(left: str, sign: str, formula: str, shape: str, law: str, style: str = "line") -> Markup:
    """A line in the columns that all lines share."""
    cells = [
        tag("span", left, class_="left"),
        tag("span", mathml(sign) if sign else "", class_="sign"),
        tag("span", formula, class_="formula"),
        tag("span", shape, class_="shape"),
        tag("span", law, class_="law"),
    ]
    return tag("div", *cells, class_=style)


def _forward_item(node):
    kind = _KINDS.get(node.kind, node.kind)
    name, shape = mathml(symbol(node.name)), shape_text(node.shape)
    if node.forward is None:
        line = row(name, "", "", shape, kind, "line alone")
    else:
        line = row(name, "=", set_formula(node.forward), shape, kind)
    return tag("li", line, data_of=node.id, class_="of-forward")


def _backward_item(node, by_id):
    name, shape = mathml(bar(node.name)), shape_text(node.shape)
    rows = []
    if not node.contributions:
        rows.append(row(name, "=", mathml(number(1)), shape, "where it starts"))
    for contribution in node.contributions:
        term, by_law = contribution.term, contribution.by_law
        rows.append(_source(node, contribution, by_id[contribution.consumer]))
        rows.append(row(name, "+=", set_formula(by_law), shape, contribution.law))
        if term != by_law:
            rows.append(row("", "=", set_formula(term), shape, "simplified"))
    count = len(node.contributions)
    if count > _TERMS:
        folded = tag("ol", tag("li", *rows), class_="steps")
        rows = [tag("details", tag("summary", name, tag("span", f"{count} terms")), folded)]
    if count > 1:
        law = f"sum over {count} consumers"
        rows.append(row(name, "=", set_formula(node.adjoint), shape, law, "line total"))
    return tag("li", *rows, data_of=node.id, class_="of-back")


def _source(node: Node, contribution: Contribution, consumer: Node) -> Markup:
    """Which line passes a term back, and its local derivative."""
    formula = consumer.forward
    shown = ("=", formula) if formula and formula.size() < _TITLE else ()
    parts = ["from ", mathml(symbol(consumer.name), *shown)]
    if contribution.local is not None:
        derivative = Maths("partial", (symbol(consumer.name), symbol(node.name)))
        parts += [", where ", mathml(derivative, "=", contribution.local)]
    return tag("div", *parts, class_="source")
