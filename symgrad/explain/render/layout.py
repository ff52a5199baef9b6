"""Where the boxes of a graph stand, and how edges run between the boxes, never through them.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, *Methods for visual understanding of
hierarchical system structures*, IEEE Transactions on Systems, Man, and Cybernetics 11 (1981):
layers, an order within each that has few crossings, then places. Each layer that an edge passes
has an item for it. The edges of a box share these items, as a trunk, until they branch off to their
targets.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["Layout", "layout"]

_GAP_X, _GAP_Y, _BEND_Y, _PORT = 20, 14, 60, 18
# Sweeps for the order, and rounds for the places.
_SWEEPS, _ROUNDS = 8, 40
# How strongly an item pulls its neighbours into line. Long edges should be straight, and so should
# boxes in sequence. A branch bends anyway where it leaves the trunk.
_WEIGHTS: dict[str, float] = {"box": 1, "label": 1, "trunk": 8, "branch": 0.1}

Name = Any
Pair = tuple[Name, Name]
Coordinates = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """A drawing.

    Attributes
    ----------
    width, height : float
    boxes : dict
        Centre ``(x, y)`` of each box.
    labels : dict
        Centre of the label of each edge.
    routes : dict
        The straight pieces ``(x, top, bottom)`` of each edge, from source to target. The edge
        bends between two of them.
    """

    width: float
    height: float
    boxes: dict[Name, Coordinates]
    labels: dict[Pair, Coordinates]
    routes: dict[Pair, list[tuple[float, float, float]]]


def layout(
    boxes: Mapping[Name, Coordinates],
    edges: Iterable[Pair],
    labels: Mapping[Pair, Coordinates] | None = None,
) -> Layout:
    """Place the boxes of a graph without cycles, sources on top, and route its edges.

    Parameters
    ----------
    boxes : dict
        Size ``(width, height)`` of each box, in the order of computation.
    edges : list of (source, target)
    labels : dict, optional
        Edge to the size of its label.
    """
    edges = list(dict.fromkeys(edges))
    sizes = defaultdict(lambda: (0, 0), {("box", box): size for box, size in boxes.items()})
    ranks = _ranks(boxes, edges)
    chains = {edge: _chain(edge, ranks) for edge in edges}
    sizes |= {chains[edge][-2]: size for edge, size in (labels or {}).items()}
    links = _links(chains)
    layers = _ordered(_layers(ranks, chains), links)
    xs = _placed(layers, links, sizes)
    spans = _stacked(layers, links, sizes, xs)
    middle = {item: sum(span) / 2 for item, span in spans.items()}
    return Layout(
        width=max((x + sizes[item][0] / 2 for item, x in xs.items()), default=0),
        height=max((bottom for _, bottom in spans.values()), default=0),
        boxes={box: (xs["box", box], middle["box", box]) for box in boxes},
        labels={edge: (xs[chain[-2]], middle[chain[-2]]) for edge, chain in chains.items()},
        routes=_routes(chains, xs, spans, sizes),
    )


def _ranks(boxes, edges):
    """The rank of each box: below all its sources; an input is just above its first use."""
    above, below = defaultdict(list), defaultdict(list)
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    ranks: dict[Name, int] = {}
    for box in boxes:
        ranks[box] = max((ranks[source] + 1 for source in above[box]), default=0)
    for box in boxes:
        if not above[box] and below[box]:
            ranks[box] = min(ranks[target] for target in below[box]) - 1
    return ranks


def _chain(edge, ranks):
    """The items of an edge: source, the trunk in each layer it passes, its label, and target."""
    source, target = edge
    passed = range(2 * ranks[source] + 1, 2 * ranks[target] - 1)
    trunk = [("trunk", source, layer) for layer in passed]
    return [("box", source), *trunk, ("branch" if trunk else "label", *edge), ("box", target)]


def _links(chains):
    """The items next to each item in the layer above, and in the layer below."""
    above: defaultdict = defaultdict(dict)
    below: defaultdict = defaultdict(dict)
    for chain in chains.values():
        for upper, lower in pairwise(chain):
            above[lower][upper] = None
            below[upper][lower] = None
    return above, below


def _layers(ranks, chains):
    """Boxes in layers of even number, labels in those between."""
    layers: list[dict] = [{} for _ in range(2 * max(ranks.values(), default=0) + 1)]
    for box, rank in ranks.items():
        layers[2 * rank][("box", box)] = None
    for (source, _), chain in chains.items():
        for level, item in enumerate(chain[1:-1], 2 * ranks[source] + 1):
            layers[level][item] = None
    return [list(layer) for layer in layers]


def _ordered(layers, links):
    """Order each layer by the mean place of its neighbours, alternating from above and below."""
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        layers = [list(layer) for layer in layers]
        turn = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        for k in turn:
            other = layers[k - 1] if sweep % 2 == 0 else layers[k + 1]
            _sort(layers[k], links[sweep % 2], {item: place for place, item in enumerate(other)})
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _sort(layer, neighbours, places):
    scale = max(len(places), 1) / max(len(layer), 1)
    means = {}
    for place, item in enumerate(layer):
        near = [places[other] for other in neighbours[item]]
        means[item] = sum(near) / len(near) if near else place * scale
    layer.sort(key=means.get)


def _crossings(layers, links):
    """How many pairs of lines cross between neighbouring layers."""
    count = 0
    for upper, lower in pairwise(layers):
        places = {item: place for place, item in enumerate(lower)}
        passed: list[int] = []
        for item in upper:
            ends = sorted(places[other] for other in links[1][item])
            count += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return count


def _placed(layers, links, sizes):
    """Horizontal centres, as close to the neighbours as the order and the widths allow."""
    xs: dict[Any, float] = {}
    for layer in layers:
        xs |= _spread(layer, dict.fromkeys(layer, 0), sizes)
    for sweep in range(_ROUNDS):
        # The second half looks both ways.
        sides = links if sweep >= _ROUNDS // 2 else (links[sweep % 2],)
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = {item: _wanted(item, sides, xs) for item in layer}
            xs |= _spread(layer, wanted, sizes)
    left = min((x - sizes[item][0] / 2 for item, x in xs.items()), default=0)
    return {item: x - left for item, x in xs.items()}


def _wanted(item, sides, xs):
    near = [other for side in sides for other in side[item]]
    weights = [_WEIGHTS[other[0]] for other in near]
    if not near:
        return xs[item]
    return sum(w * xs[other] for w, other in zip(weights, near, strict=True)) / sum(weights)


def _spread(layer, wanted, sizes):
    """Places as close to the wanted ones as possible, in order, without overlap.

    Neighbours that would overlap form a block, which stands at the mean of the places that its
    members want.
    """
    blocks, offset, offsets = [], 0, []
    for k, item in enumerate(layer):
        if k:
            offset += (sizes[layer[k - 1]][0] + sizes[item][0]) / 2 + _GAP_X
        offsets.append(offset)
        blocks.append([wanted[item] - offset, _WEIGHTS[item[0]], 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            x, weight, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + x * weight) / (last[1] + weight)
            last[1] += weight
            last[2] += count
    starts = [x for x, _, count in blocks for _ in range(count)]
    return {item: starts[k] + offsets[k] for k, item in enumerate(layer)}


def _stacked(layers, links, sizes, xs):
    """Top and bottom of the layer of each item. There is more room below a layer for long bends."""
    spans: dict[Any, tuple[float, float]] = {}
    top = 0.0
    for layer in layers:
        bottom = top + max(sizes[item][1] for item in layer)
        spans |= dict.fromkeys(layer, (top, bottom))
        pairs = ((item, other) for item in layer for other in links[1][item])
        far = max((abs(xs[item] - xs[other]) for item, other in pairs), default=0)
        top = bottom + _GAP_Y + min(_BEND_Y, far / 8)
    return spans


def _routes(chains, xs, spans, sizes):
    ports = _ports(chains, xs, sizes)
    routes = {}
    for edge, chain in chains.items():
        source, *passed, target = chain
        pieces = [(xs[item], *spans[item]) for item in passed]
        start = sum(spans[source]) / 2 + sizes[source][1] / 2
        end = sum(spans[target]) / 2 - sizes[target][1] / 2
        first = (xs[source], start, spans[source][1])
        routes[edge] = [first, *pieces, (ports[edge], spans[target][0], end)]
    return routes


def _ports(chains, xs, sizes):
    """Where edges reach the top of their target: side by side, ordered by where they come from."""
    into = defaultdict(list)
    for edge, chain in chains.items():
        into[edge[1]].append((xs[chain[-2]], edge))
    ports = {}
    for target, arrivals in into.items():
        step = min(_PORT, 0.7 * sizes["box", target][0] / len(arrivals))
        for k, (_, edge) in enumerate(sorted(arrivals, key=lambda arrival: arrival[0])):
            ports[edge] = xs["box", target] + step * (k - (len(arrivals) - 1) / 2)
    return ports
