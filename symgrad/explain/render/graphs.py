"""The forward and the gradient graph side by side, with buttons to step through them."""

from collections.abc import Iterator, Sequence

from symgrad.explain.data import ExplanationData
from symgrad.explain.derive.derivation import Node
from symgrad.explain.maths import symbol
from symgrad.explain.readings import Reading
from symgrad.explain.render.groups import grouped
from symgrad.explain.render.markup import Markup, join, tag
from symgrad.explain.render.mathml import mathml
from symgrad.explain.render.picture import Picture, group_picture, picture
from symgrad.explain.render.svg import backward, forward, graph_svg

__all__ = ["graphs", "pair"]

_KINDS = {
    "input": ("input", "rounded ends"),
    "shared": ("shared variable", "double sides"),
    "wrt": ("with respect to", "pointed ends"),
    "step": ("step", "plain box"),
    "cost": ("cost", "double frame"),
    "group": ("several steps", "stack"),
}
# Wide graphs shrink to this fraction of their size. If that is not enough, they are stacked.
_SMALLEST = 0.7
_HINT = "Step through the lines with the buttons or keys, or click a box."


def graphs(explanation: ExplanationData) -> Markup:
    """Both graphs, their buttons, and both graphs of each group of steps."""
    drawn = picture(explanation.nodes, explanation.readings)
    kinds = {box.kind for box in drawn.boxes.values()}
    legend = [
        tag("li", tag("b", name), f": {shape}") for key, (name, shape) in _KINDS.items()
        if key in kinds
    ]  # fmt: skip
    current = {"class_": "steps current", "aria_live": "polite", "aria_label": "This step"}
    return join(
        [
            tag("div", *_buttons(), class_="toolbar", role="group", aria_label="Steps"),
            tag("ol", tag("li", _HINT), **current),
            pair(drawn, "Graphs"),
            tag("ul", *legend, class_="legend", aria_label="Shapes of boxes"),
            tag("div", *_groups(explanation.nodes, explanation.readings), class_="groups"),
        ]
    )


def _buttons():
    yield tag("button", "← Previous", type="button", data_go="-1")
    yield tag("button", "Next →", type="button", data_go="1")
    yield tag("button", "Clear", type="button", data_go="0")
    yield tag("span", class_="count", role="status")
    yield tag("span", "Keys: ", tag("kbd", "←"), " ", tag("kbd", "→"), " or ", tag("kbd", "k"), " ",
              tag("kbd", "j"), ", ", tag("kbd", "Esc"), class_="keys")  # fmt: skip


def pair(drawn: Picture, name: str) -> Markup:
    """Both graphs of a picture, side by side where there is room."""
    both = [
        ("Forward", "values flow down", graph_svg(forward(drawn), drawn, "Forward graph")),
        ("Gradient", "adjoints flow up", graph_svg(backward(drawn), drawn, "Gradient graph")),
    ]
    width = drawn.layout.width + 10
    room = f"--least: {_SMALLEST * width:.0f}px; --full: {width:.0f}px"
    figures = [
        tag("figure", tag("figcaption", tag("b", title), f": {flow}"), drawing)
        for title, flow, drawing in both
    ]
    return tag(
        "div", *figures, class_="pair", style=room, tabindex="0", role="region", aria_label=name
    )  # fmt: skip


def _groups(nodes: Sequence[Node], readings: Sequence[Reading]) -> Iterator[Markup]:
    for group in grouped(nodes):
        if len(group.nodes) == 1:
            continue
        name, steps = group.head.name, sum(node.forward is not None for node in group.nodes)
        summary = tag("summary", mathml(symbol(name)), tag("span", f"{steps} steps"))
        drawn = pair(group_picture(group, nodes, readings), f"Graphs of {name}")
        yield tag("details", summary, drawn, data_group=group.head.id)
