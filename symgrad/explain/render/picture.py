"""The boxes and edges of a graph, forward and back, with their places."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from symgrad.explain.derive.derivation import Node
from symgrad.explain.maths import bar, symbol
from symgrad.explain.readings import Reading
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
        The kind of the node, ``"group"``, or ``"outside"`` for a node that is shown elsewhere.
    size : (float, float)
        Room for the lines of both graphs, which have the same layout.
    forward, adjoint : tuple of tuple of Run
        Lines of text; no adjoint where nothing flows back.
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
        Does an adjoint flow along it?
    label : tuple of Run
        The local derivative; empty where that is more than a number per entry.
    full_label : str
    size : (float, float)
        The size of the label.
    """

    flows_back: bool
    label: tuple[Run, ...]
    full_label: str
    size: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """Boxes by the id of their node, edges by pairs of ids, and the layout of both graphs."""

    boxes: dict[str, Box]
    edges: dict[tuple[str, str], Edge]
    layout: Layout


def picture(nodes: Sequence[Node], readings: Sequence[Reading] = ()) -> Picture:
    """The graph of a computation, with a box for each group if it is long."""
    return _drawn(grouped(nodes), readings)


def group_picture(group: Group, nodes: Sequence[Node], readings: Sequence[Reading] = ()) -> Picture:
    """The steps inside a group, and what they are made of."""
    inner = {node.id for node in group.nodes}
    outside = {source for node in group.nodes for source in node.inputs} - inner
    shown = [Group(node, (node,)) for node in nodes if node.id in inner | outside]
    return _drawn(shown, readings, outside)


def _drawn(groups, readings, outside: Collection[str] = ()):
    head_of = {node.id: group.head.id for group in groups for node in group.nodes}
    consumers: dict[tuple[str, str], set[str]] = {}
    for group in groups:
        for node in group.nodes if group.head.id not in outside else ():
            for source in node.inputs:
                if head_of[source] != group.head.id:
                    pair = head_of[source], group.head.id
                    consumers.setdefault(pair, set()).add(node.id)
    by_head = {group.head.id: group for group in groups}
    edges = {
        (source, target): _edge(by_head[source], by_head[target], ids)
        for (source, target), ids in consumers.items()
    }
    reading_of = {reading.node: reading for reading in readings}
    boxes = {head: _box(group, reading_of.get(head), outside) for head, group in by_head.items()}
    sizes = {head: box.size for head, box in boxes.items()}
    labels = {pair: edge.size for pair, edge in edges.items() if edge.label}
    return Picture(boxes, edges, layout(sizes, list(edges), labels))


def _edge(source, target, consumers):
    """The edge between two groups; some nodes of the target consume the head of the source."""
    terms = [term for term in source.head.contributions if term.consumer in consumers]
    formulas = [term.local for term in terms if term.local is not None]
    if len(target.nodes) > 1 or not formulas:
        return Edge(bool(terms), (), "", (0, 0))
    parts = [part for formula in formulas for part in (" + ", formula)][1:]
    line = fitted(label(*parts), _LABEL_WIDEST, SMALL)
    size = label_width(line, SMALL) + 2 * _LABEL_PAD, _LABEL_HEIGHT
    return Edge(True, line, " + ".join(formula.plain() for formula in formulas), size)


def _box(group, reading, outside):
    head, steps = group.head, sum(node.forward is not None for node in group.nodes)
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
        of=tuple(node.id for node in group.nodes),
        kind="outside" if is_outside else "group" if is_group else head.kind,
        size=_size((forward, adjoint)),
        forward=forward,
        adjoint=adjoint,
        full_forward=_plain(formula),
        full_adjoint=_plain(back),
    )


def _plain(parts):
    return "".join(part if isinstance(part, str) else part.plain() for part in parts)


def _lines(formula, note, value):
    """The formula, the shape, and the numbers if there are any."""
    lines = [fitted(label(*formula), _WIDEST, SIZE)]
    notes = (text for text in (note, values_text(value)) if text)
    lines += [fitted(label(text), _WIDEST, SMALL) for text in notes]
    return tuple(lines)


def _size(graphs):
    """Room for the lines of both graphs."""
    widths = [
        label_width(line, SMALL if k else SIZE) for lines in graphs for k, line in enumerate(lines)
    ]
    return max(widths) + 2 * _PAD_X, max(map(len, graphs)) * LINE + 2 * _PAD_Y
