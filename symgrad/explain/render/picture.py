"""The boxes and edges of a graph, forward and back, with their places."""

from dataclasses import dataclass

from symgrad.explain.maths import bar, symbol
from symgrad.explain.render.groups import Group, grouped
from symgrad.explain.render.label import Run, fitted, label, label_width
from symgrad.explain.render.layout import Layout, layout
from symgrad.explain.render.text import shape_text, values_text

__all__ = ["Box", "Edge", "Picture", "group_picture", "picture"]

SIZE, SMALL, LINE = 16, 12, 18
_WIDEST, _PAD_X, _PAD_Y = 260, 16, 9
_LABEL_WIDEST, _LABEL_PAD, _LABEL_HEIGHT = 120, 8, 20


@dataclass(frozen=True)
class Box:
    """A node of the drawing.

    Attributes
    ----------
    of : tuple of str
        Ids of the nodes that it stands for.
    kind : str
        That of the node, ``"group"``, or ``"outside"`` for a node that is explained elsewhere.
    size : (float, float)
        Room for the lines of both graphs, which have the same layout.
    forward, adjoint : tuple of tuple of Run
        Lines; no adjoint where nothing flows back.
    full_forward, full_adjoint : str
        The same in full, as plain text.
    """

    of: tuple[str, ...]
    kind: str
    size: tuple[float, float]
    forward: tuple[tuple[Run, ...], ...]
    adjoint: tuple[tuple[Run, ...], ...]
    full_forward: str
    full_adjoint: str


@dataclass(frozen=True)
class Edge:
    """An edge.

    Attributes
    ----------
    flows_back : bool
        Does an adjoint go this way?
    label : tuple of Run
        The local derivative that it meets; nothing where that is more than a number per entry.
    full_label : str
    size : (float, float)
        Of the label.
    """

    flows_back: bool
    label: tuple[Run, ...]
    full_label: str
    size: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """Boxes by the id of their node, edges by pairs of them, and the layout of both graphs."""

    boxes: dict[str, Box]
    edges: dict[tuple[str, str], Edge]
    layout: Layout


def picture(nodes, readings=()):
    """The graph of a computation; of a long one, with a box for each group."""
    return _drawn(grouped(nodes), readings)


def group_picture(group, nodes, readings=()):
    """The steps inside a group, and what they are made of."""
    inner = {one.id for one in group.nodes}
    used = {source for one in group.nodes for source in one.inputs} - inner
    shown = [Group(one, (one,)) for one in nodes if one.id in inner | used]
    return _drawn(shown, readings, used)


def _drawn(groups, readings, outside=()):
    owner = {node.id: one.head.id for one in groups for node in one.nodes}
    between = {}
    for one in groups:
        for node in one.nodes if one.head.id not in outside else ():
            for source in node.inputs:
                if owner[source] != one.head.id:
                    between.setdefault((owner[source], one.head.id), set()).add(node.id)
    edges = {pair: _edge(pair, consumers, groups) for pair, consumers in between.items()}
    read = {one.node: one for one in readings}
    boxes = {one.head.id: _box(one, read.get(one.head.id), outside) for one in groups}
    sizes = {name: one.size for name, one in boxes.items()}
    labels = {pair: one.size for pair, one in edges.items() if one.label}
    return Picture(boxes, edges, layout(sizes, list(edges), labels))


def _edge(pair, consumers, groups):
    heads = {one.head.id: one for one in groups}
    terms = [one for one in heads[pair[0]].head.contributions if one.consumer in consumers]
    formulas = [one.local for one in terms if one.local is not None]
    if len(heads[pair[1]].nodes) > 1 or not formulas:
        return Edge(bool(terms), (), "", (0, 0))
    parts = [part for one in formulas for part in (" + ", one)][1:]
    line = fitted(label(*parts), _LABEL_WIDEST, SMALL)
    size = label_width(line, SMALL) + 2 * _LABEL_PAD, _LABEL_HEIGHT
    return Edge(True, line, " + ".join(one.plain() for one in formulas), size)


def _box(group, reading, outside):
    head, steps = group.head, sum(one.forward is not None for one in group.nodes)
    is_outside, is_group = head.id in outside, len(group.nodes) > 1
    is_short = is_outside or is_group or head.forward is None
    formula = [symbol(head.name)] if is_short else [symbol(head.name), " = ", head.forward]
    note = shape_text(head.shape) + (f" · {steps} steps" if is_group else "")
    forward = _lines(formula, note, reading and reading.value)
    back = []
    if head.adjoint is not None:
        back = [bar(head.name)] if is_outside else [bar(head.name), " = ", head.adjoint]
    adjoint = _lines(back, shape_text(head.shape), reading and reading.adjoint) if back else ()
    return Box(
        of=tuple(one.id for one in group.nodes),
        kind="outside" if is_outside else "group" if is_group else head.kind,
        size=_size((forward, adjoint)),
        forward=forward,
        adjoint=adjoint,
        full_forward=_plain(formula),
        full_adjoint=_plain(back),
    )


def _plain(parts):
    return "".join(one if isinstance(one, str) else one.plain() for one in parts)


def _lines(formula, note, value):
    """The formula, the shape, and the numbers if there are any."""
    lines = [fitted(label(*formula), _WIDEST, SIZE)]
    lines += [fitted(label(one), _WIDEST, SMALL) for one in (note, values_text(value)) if one]
    return tuple(lines)


def _size(both):
    widths = [
        label_width(line, SMALL if at else SIZE) for lines in both for at, line in enumerate(lines)
    ]
    return max(widths) + 2 * _PAD_X, max(map(len, both)) * LINE + 2 * _PAD_Y
