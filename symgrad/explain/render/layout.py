"""Where the boxes of a graph stand, and how its edges run between them, never through them.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, *Methods for visual understanding of
hierarchical system structures*, IEEE Transactions on Systems, Man, and Cybernetics 11 (1981):
layers, an order within each that has few crossings, then places. An edge has an item of its own in
each layer that it passes; all edges of a box share them until they turn off to their targets.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layout", "layout"]

_GAP_X, _GAP_Y, _BEND_Y, _PORT = 20, 14, 60, 18
# Sweeps for the order, and rounds for the places.
_SWEEPS, _ROUNDS = 8, 40
# How much an item draws its neighbours: long edges are to be straight, and so is what follows
# right upon another; where a branch leaves a trunk it bends anyway.
_WEIGHTS = {"box": 1, "label": 1, "trunk": 8, "branch": 0.1}


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
        The straight pieces ``(x, top, bottom)`` of each edge, from source to target; it bends
        between two of them.
    """

    width: float
    height: float
    boxes: dict
    labels: dict
    routes: dict


def layout(boxes, edges, labels=()):
    """Draw a graph without cycles, its sources above.

    Parameters
    ----------
    boxes : dict
        Size ``(width, height)`` of each box, in the order of computation.
    edges : list of (source, target)
    labels : dict, optional
        Size of the label of an edge.
    """
    edges = list(dict.fromkeys(edges))
    sizes = defaultdict(lambda: (0, 0), {("box", one): size for one, size in boxes.items()})
    ranks = _ranks(boxes, edges)
    chains = {edge: _chain(edge, ranks) for edge in edges}
    sizes |= {chains[edge][-2]: size for edge, size in dict(labels).items()}
    links = _links(chains)
    layers = _ordered(_layers(ranks, chains), links)
    xs = _placed(layers, links, sizes)
    spans = _stacked(layers, links, sizes, xs)
    middle = {one: sum(span) / 2 for one, span in spans.items()}
    return Layout(
        width=max((xs[one] + sizes[one][0] / 2 for one in xs), default=0),
        height=max((bottom for _, bottom in spans.values()), default=0),
        boxes={one: (xs["box", one], middle["box", one]) for one in boxes},
        labels={edge: (xs[chain[-2]], middle[chain[-2]]) for edge, chain in chains.items()},
        routes=_routes(chains, xs, spans, sizes),
    )


def _ranks(boxes, edges):
    """The rank of each box: below all it is made of; an input is right above its first use."""
    above, below = defaultdict(list), defaultdict(list)
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    ranks = {}
    for one in boxes:
        ranks[one] = max((ranks[source] + 1 for source in above[one]), default=0)
    for one in boxes:
        if not above[one] and below[one]:
            ranks[one] = min(ranks[target] for target in below[one]) - 1
    return ranks


def _chain(edge, ranks):
    """The items of an edge: source, the trunk in each layer it passes, its label, and target."""
    source, target = edge
    passed = range(2 * ranks[source] + 1, 2 * ranks[target] - 1)
    trunk = [("trunk", source, layer) for layer in passed]
    return [("box", source), *trunk, ("branch" if trunk else "label", *edge), ("box", target)]


def _links(chains):
    """The items next to each item in the layer above, and in the layer below."""
    above, below = defaultdict(dict), defaultdict(dict)
    for chain in chains.values():
        for upper, lower in pairwise(chain):
            above[lower][upper] = None
            below[upper][lower] = None
    return above, below


def _layers(ranks, chains):
    """Boxes in layers of even number, labels in those between."""
    layers = [{} for _ in range(2 * max(ranks.values(), default=0) + 1)]
    for one, rank in ranks.items():
        layers[2 * rank][("box", one)] = None
    for (source, _), chain in chains.items():
        for level, item in enumerate(chain[1:-1], 2 * ranks[source] + 1):
            layers[level][item] = None
    return [list(layer) for layer in layers]


def _ordered(layers, links):
    """Each item goes to the mean place of its neighbours, by turns from above and from below."""
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        layers = [list(layer) for layer in layers]
        turn = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        for k in turn:
            other = layers[k - 1] if sweep % 2 == 0 else layers[k + 1]
            _sort(layers[k], links[sweep % 2], {one: at for at, one in enumerate(other)})
        found = _crossings(layers, links)
        if found < fewest:
            best, fewest = layers, found
    return best


def _sort(layer, neighbours, places):
    scale = max(len(places), 1) / max(len(layer), 1)
    means = {}
    for at, one in enumerate(layer):
        near = [places[other] for other in neighbours[one]]
        means[one] = sum(near) / len(near) if near else at * scale
    layer.sort(key=means.get)


def _crossings(layers, links):
    """How many pairs of lines cross between neighbouring layers."""
    count = 0
    for upper, lower in pairwise(layers):
        places = {one: at for at, one in enumerate(lower)}
        passed = []
        for one in upper:
            ends = sorted(places[other] for other in links[1][one])
            count += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return count


def _placed(layers, links, sizes):
    """Horizontal centres: as near to the neighbours as the order and the widths allow."""
    xs = {}
    for layer in layers:
        xs |= _spread(layer, dict.fromkeys(layer, 0), sizes)
    for sweep in range(_ROUNDS):
        # The second half looks both ways.
        sides = links if sweep >= _ROUNDS // 2 else (links[sweep % 2],)
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = {one: _wanted(one, sides, xs) for one in layer}
            xs |= _spread(layer, wanted, sizes)
    left = min((xs[one] - sizes[one][0] / 2 for one in xs), default=0)
    return {one: x - left for one, x in xs.items()}


def _wanted(item, sides, xs):
    near = [other for side in sides for other in side[item]]
    weights = [_WEIGHTS[other[0]] for other in near]
    if not near:
        return xs[item]
    return sum(w * xs[other] for w, other in zip(weights, near, strict=True)) / sum(weights)


def _spread(layer, wanted, sizes):
    """Places as near to the wanted ones as can be, in order, without overlap.

    Neighbours that would overlap form a block, which stands at the mean of what its members want.
    """
    blocks, offset, offsets = [], 0, []
    for at, one in enumerate(layer):
        if at:
            offset += (sizes[layer[at - 1]][0] + sizes[one][0]) / 2 + _GAP_X
        offsets.append(offset)
        weight = _WEIGHTS[one[0]]
        blocks.append([wanted[one] - offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            place, more, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + place * more) / (last[1] + more)
            last[1] += more
            last[2] += count
    starts = [place for place, _, count in blocks for _ in range(count)]
    return {one: starts[at] + offsets[at] for at, one in enumerate(layer)}


def _stacked(layers, links, sizes, xs):
    """Top and bottom of the layer of each item; steep bends get more room below them."""
    spans, top = {}, 0
    for layer in layers:
        bottom = top + max(sizes[one][1] for one in layer)
        spans |= dict.fromkeys(layer, (top, bottom))
        far = max((abs(xs[one] - xs[x]) for one in layer for x in links[1][one]), default=0)
        top = bottom + _GAP_Y + min(_BEND_Y, far / 8)
    return spans


def _routes(chains, xs, spans, sizes):
    ports = _ports(chains, xs, sizes)
    routes = {}
    for edge, chain in chains.items():
        source, *passed, target = chain
        pieces = [(xs[one], *spans[one]) for one in passed]
        start = sum(spans[source]) / 2 + sizes[source][1] / 2
        end = sum(spans[target]) / 2 - sizes[target][1] / 2
        first = (xs[source], start, spans[source][1])
        routes[edge] = [first, *pieces, (ports[edge], spans[target][0], end)]
    return routes


def _ports(chains, xs, sizes):
    """Where edges reach the top of their target: side by side, in the order they come from."""
    into = defaultdict(list)
    for edge, chain in chains.items():
        into[edge[1]].append((xs[chain[-2]], edge))
    ports = {}
    for target, found in into.items():
        step = min(_PORT, 0.7 * sizes["box", target][0] / len(found))
        for at, (_, edge) in enumerate(sorted(found, key=lambda one: one[0])):
            ports[edge] = xs["box", target] + step * (at - (len(found) - 1) / 2)
    return ports
