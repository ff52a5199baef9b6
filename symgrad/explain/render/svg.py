"""The two graphs as SVG."""

from collections.abc import Iterator, Sequence

from symgrad.explain.data import ExplanationData
from symgrad.explain.render.label import tspans
from symgrad.explain.render.markup import Markup, resource, tag
from symgrad.explain.render.picture import LINE, Picture, picture

__all__ = ["COLOURS", "as_svg", "backward", "forward", "graph_svg"]

# In light mode, and in dark mode.
COLOURS = {
    "paper": ("#ffffff", "#14181f"),
    "raised": ("#f7f8fa", "#1b212b"),
    "ink": ("#1c2430", "#e8ebf0"),
    "muted": ("#586273", "#a3adbd"),
    "line": ("#d9dee6", "#343d4b"),
    "forward": ("#1f5fa8", "#8fbcf2"),
    "forward-soft": ("#eaf2fb", "#1a2a40"),
    "back": ("#a3470f", "#f2ad78"),
    "back-soft": ("#fdf1e7", "#3a2718"),
    "mark": ("#7a2a86", "#dfa2ea"),
    "mark-soft": ("#f8ebfa", "#36203b"),
}
_STYLES = "formula", "note", "value"
_MARGIN, _TITLE, _BETWEEN, _EDGE = 16, 34, 40, 6


def as_svg(explanation: ExplanationData) -> str:
    """A drawing as a file: the forward graph on the left, the gradient graph on the right."""
    drawn = picture(explanation.nodes, explanation.readings)
    width, height = drawn.layout.width, drawn.layout.height
    shift = width + _BETWEEN
    name = f"Computation and gradient of {explanation.node(explanation.cost).name}"
    total, tall = 2 * width + _BETWEEN + 2 * _MARGIN, height + _TITLE + 2 * _MARGIN
    return str(tag(
        "svg",
        tag("title", name),
        tag("style", _standalone_css()),
        tag("rect", class_="background", width=_n(total), height=_n(tall)),
        _titled("Forward", _MARGIN, forward(drawn, is_live=False)),
        _titled("Gradient", _MARGIN + shift, backward(drawn, is_live=False)),
        xmlns="http://www.w3.org/2000/svg", class_="symgrad-graph", role="img", aria_label=name,
        width=_n(total), height=_n(tall), viewBox=f"0 0 {_n(total)} {_n(tall)}",
    ))  # fmt: skip


def _titled(title, x, content):
    heading = tag("text", title, class_="title", x=0, y=18)
    inner = tag("g", content, transform=f"translate(0 {_TITLE})")
    return tag("g", heading, inner, transform=f"translate({_n(x)} {_MARGIN})")


def graph_svg(content: Markup, drawn: Picture, name: str) -> Markup:
    """A graph for a page that has the style sheet."""
    width, height = drawn.layout.width + 2 * _EDGE, drawn.layout.height + 2 * _EDGE
    return tag(
        "svg", content, class_="symgrad-graph", role="group", aria_label=name, width=_n(width),
        height=_n(height), viewBox=f"{-_EDGE} {-_EDGE} {_n(width)} {_n(height)}",
    )  # fmt: skip


def forward(drawn: Picture, is_live: bool = True) -> Markup:
    """The graph in which values flow down. Live boxes are buttons."""
    boxes = [_box(drawn, name, False, is_live) for name in drawn.boxes]
    return tag("g", *_edges(drawn, list(drawn.edges), False), *boxes, class_="forward")


def backward(drawn: Picture, is_live: bool = True) -> Markup:
    """The graph in which adjoints flow up. Edges are labelled with local derivatives."""
    pairs = [pair for pair, edge in drawn.edges.items() if edge.flows_back]
    labels = [_label(drawn, pair) for pair in pairs if drawn.edges[pair].label]
    active = [name for name, box in drawn.boxes.items() if box.adjoint]
    boxes = [_box(drawn, name, True, is_live) for name in active]
    return tag("g", *_edges(drawn, pairs, True), *labels, *boxes, class_="backward")


def _edges(drawn: Picture, pairs: Sequence[tuple[str, str]], is_back: bool) -> Iterator[Markup]:
    """The shared trunk of each source, and a branch to each target."""
    trunks: dict[str, list] = {}
    targets: dict[str, list[str]] = {}
    for pair in pairs:
        trunk, branch = _parted(drawn.layout.routes[pair], is_back)
        if len(trunk) > 1:
            targets.setdefault(pair[0], []).append(pair[1])
            trunks[pair[0]] = max(trunk, trunks.get(pair[0], []), key=len)
        yield _edge(branch, *pair, not is_back or len(trunk) == 1, is_back)
    for source, trunk in trunks.items():
        yield _edge(trunk, source, " ".join(targets[source]), is_back, is_back)


def _parted(route, is_back):
    """The pieces that all edges of a source share, and those after the last of them."""
    # Every other layer holds labels alone, and only the gradient graph has labels.
    kept = [
        k for k, (_, top, bottom) in enumerate(route) if k % 2 == 0 or (is_back and bottom > top)
    ]
    shared = max(n for n, k in enumerate(kept) if k <= max(len(route) - 3, 0))
    pieces = [route[k] for k in kept]
    if shared:
        x, _, bottom = pieces[shared]
        return pieces[: shared + 1], [(x, bottom, bottom), *pieces[shared + 1 :]]
    return pieces[:1], pieces


def _edge(pieces, source, target, has_tip, is_back):
    (first_x, top, bottom), *others = pieces
    path, x = f"M{_n(first_x)} {_n(top)}V{_n(bottom)}", first_x
    for next_x, next_top, next_bottom in others:
        middle = _n((bottom + next_top) / 2)
        path += f"C{_n(x)} {middle} {_n(next_x)} {middle} {_n(next_x)} {_n(next_top)}"
        path += f"V{_n(next_bottom)}"
        x, bottom = next_x, next_bottom
    parts = [tag("path", class_="wire", d=path)]
    if has_tip:
        at = f"{_n(first_x)} {_n(top)}l-4 8" if is_back else f"{_n(x)} {_n(bottom)}l-4 -8"
        parts.append(tag("path", class_="tip", d=f"M{at}h8z"))
    return tag("g", *parts, class_="edge", data_from=source, data_to=target)


def _label(drawn, pair):
    (x, y), edge = drawn.layout.labels[pair], drawn.edges[pair]
    width, height = edge.size
    frame = _frame(x - width / 2, y - height / 2, width, height)
    return tag(
        "g",
        tag("title", f"local derivative {edge.full_label}"),
        tag("rect", rx=_n(height / 2), **frame),
        tag("text", tspans(edge.label), x=_n(x), y=_n(y + 4)),
        class_="label", data_from=pair[0], data_to=pair[1],
    )  # fmt: skip


def _box(drawn, name, is_back, is_live):
    box, (x, y) = drawn.boxes[name], drawn.layout.boxes[name]
    lines = box.adjoint if is_back else box.forward
    full = box.full_adjoint if is_back else box.full_forward
    first = y - len(lines) * LINE / 2 + 14
    texts = [
        tag("text", tspans(line), x=_n(x), y=_n(first + k * LINE), class_=style)
        for k, (line, style) in enumerate(zip(lines, _STYLES, strict=False))
    ]
    shape = "".join(run.text for run in lines[1])
    button = {"tabindex": "0", "role": "button", "aria_label": f"{full}, {shape}"}
    return tag(
        "g", tag("title", full), *_outline(box.kind, x, y, *box.size), *texts,
        class_=f"box {box.kind}", data_of=" ".join(box.of), **(button if is_live else {}),
    )  # fmt: skip


def _outline(kind, x, y, width, height):
    """A shape for each kind, so that kinds differ in more than colour."""
    x, y = x - width / 2, y - height / 2
    if kind == "wrt":
        middle, cut = y + height / 2, 10
        left, right = f"{_n(x + cut)},{{0}}", f"{_n(x + width - cut)},{{0}}"
        points = [left.format(_n(y)), right.format(_n(y)), f"{_n(x + width)},{_n(middle)}"]
        points += [
            right.format(_n(y + height)),
            left.format(_n(y + height)),
            f"{_n(x)},{_n(middle)}",
        ]
        yield tag("polygon", class_="shape", points=" ".join(points))
        return
    if kind == "group":
        yield tag("rect", class_="behind", rx=5, **_frame(x + 5, y + 5, width, height - 10))
    radius = height / 2 if kind == "input" else 6
    yield tag("rect", class_="shape", rx=_n(radius), **_frame(x, y, width, height))
    if kind == "shared":
        lines = f"M{_n(x + 6)} {_n(y)}v{_n(height)}M{_n(x + width - 6)} {_n(y)}v{_n(height)}"
        yield tag("path", class_="extra", d=lines)
    if kind == "cost":
        yield tag("rect", class_="extra", rx=4, **_frame(x + 3, y + 3, width - 6, height - 6))


def _frame(x, y, width, height):
    return {"x": _n(x), "y": _n(y), "width": _n(width), "height": _n(height)}


def _n(number):
    """A number with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")


def _standalone_css():
    """The style sheet with its colours written out, for programs that are not browsers."""
    css = resource("graph.css")
    light, dark = str(css), str(css)
    for key, (on, off) in COLOURS.items():
        light, dark = light.replace(f"var(--{key})", on), dark.replace(f"var(--{key})", off)
    return Markup(f"{light}@media (prefers-color-scheme: dark) {{{dark}}}")
