"""Where boxes stand, and how edges run."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.explain.render.layout import layout

GRAPHS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=50
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(GRAPHS, st.booleans())
def test_edges_do_not_cross_boxes(pairs, has_labels):
    edges = sorted({(a, a + gap) for a, gap in pairs})
    boxes = {box: (40 + 7 * (box % 5), 30) for box in range(max(b for _, b in edges) + 1)}
    labels = dict.fromkeys(edges[::2], (25, 12)) if has_labels else {}
    made = layout(boxes, edges, labels)
    frames = {box: frame(made.boxes[box], size) for box, size in boxes.items()}
    frames |= {edge: frame(made.labels[edge], size) for edge, size in labels.items()}
    listed = list(frames.values())
    for k, first in enumerate(listed):
        assert first[0] >= -1e-6
        assert first[2] <= made.width + 1e-6
        assert not any(overlap(first, second) for second in listed[:k])
    for edge, route in made.routes.items():
        tops = [(top, bottom) for _, top, bottom in route]
        assert all(a[0] <= a[1] <= b[0] + 1e-6 for a, b in pairwise(tops))
        for x, top, bottom in route:
            for box in boxes:
                if box not in edge:
                    assert not overlap(frames[box], (x, top, x, bottom))
        # Between two pieces there is no box at all.
        for (_, high), (low, _) in pairwise(tops):
            for box in boxes:
                assert not (frames[box][1] < low - 1e-6 and high + 1e-6 < frames[box][3])


def frame(centre, size):
    (x, y), (width, height) = centre, size
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def overlap(first, second):
    across = first[0] < second[2] - 1e-6 and second[0] < first[2] - 1e-6
    return across and first[1] < second[3] - 1e-6 and second[1] < first[3] - 1e-6


def test_a_chain_is_straight():
    names = list(range(40))
    pairs = [*pairwise(names), *((0, k) for k in names[2::3])]
    made = layout(dict.fromkeys(names, (80, 30)), pairs)
    places = [made.boxes[name][0] for name in names[1:]]
    assert max(places) - min(places) < 60
