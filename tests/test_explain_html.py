"""Pages and drawings of explanations: well-formed, self-contained, and safe whatever names say."""

import json
import re
import xml.etree.ElementTree as ElementTree
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad.explain import explain
from symgrad.explain.command import run
from symgrad.explain.maths import _PLAIN, Maths, bar, call, number, symbol
from symgrad.explain.render.groups import grouped
from symgrad.explain.render.label import fitted, label, label_width
from symgrad.explain.render.layout import layout
from symgrad.explain.render.markup import tag
from symgrad.explain.render.mathml import _MATHML, mathml, set_formula

VOID = {"meta", "br"}


class Checked(HTMLParser):
    """Elements in order, with their attributes; an error if they are not nested."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open, self.said = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.found.append((name, dict(attributes)))
        assert len(attributes) == len(dict(attributes))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, text):
        self.said.append(text)

    def of(self, name):
        return [attributes for one, attributes in self.found if one == name]

    def values(self, attribute):
        return [found[attribute] for _, found in self.found if attribute in found]

    def text(self):
        return "".join(self.said)


def lookup(**options):
    W, index = sg.shared(np.arange(10.0).reshape(5, 2), name="W"), pt.lvector("index")
    subset = W[index]
    subset.name = "subset"
    cost = ((subset - 1) ** 2).sum()
    cost.name = "cost"
    return explain(cost, subset, **{"backend": None} | options)


@pytest.fixture(scope="module")
def full():
    """An explanation that has something of everything."""
    rule = partial(sg.momentum, learning_rate=0.1)
    return lookup(rule=rule, values={"index": [3, 1, 3]}, backend="c")


@pytest.fixture(scope="module")
def page(full):
    return Checked(full.html())


def scalar():
    x = pt.dscalar("x")
    return explain(x**2 * pt.sin(x), x, values={"x": 0.7}, backend=None)


def chain(length, names=0):
    x = pt.tensor("x", dtype="float64", shape=(3,))
    z = x
    for k in range(length):
        z = pt.tanh(z) * x
        if names and k % names == names - 1:
            z.name = f"layer_{k // names}"
    cost = z.sum()
    cost.name = "cost"
    return explain(cost, x, backend=None)


def test_every_head_of_a_formula_has_mathml():
    assert set(_MATHML) - set(_PLAIN) == {"partial"}
    assert set(_PLAIN) <= set(_MATHML)


X, Y = symbol("x"), symbol("y_2")
FORMULAS = {
    "bar": (bar("z1"), '<msub><mrow class="bar"><mi>z</mi></mrow><mn>1</mn></msub>'),
    "letter below": (symbol("W_i"), "<msub><mi>W</mi><mi>i</mi></msub>"),
    "time": (
        symbol("h[t-1]"),
        "<msub><mi>h</mi><mrow><mi>t</mi><mo>\N{MINUS SIGN}</mo><mn>1</mn></mrow></msub>",
    ),
    "words": (
        Maths("product", (symbol("a b"), symbol("c"))),
        '<mrow><mtext class="name">a b</mtext><mo>·</mo><mi>c</mi></mrow>',
    ),
    "greek": (symbol("lambda"), "<mi>λ</mi>"),
    "word": (symbol("new_h"), "<mi>new_h</mi>"),
    "no name": (symbol("a<b"), '<mtext class="name">a&lt;b</mtext>'),
    "power": (
        Maths("power", (Maths("sum", (X, X)), number(2))),
        '<msup><mrow><mo stretchy="true" fence="true">(</mo><mrow><mi>x</mi><mo>+</mo><mi>x</mi>'
        '</mrow><mo stretchy="true" fence="true">)</mo></mrow><mn>2</mn></msup>',
    ),
    "difference": (
        Maths("sum", (X, number(-1))),
        "<mrow><mi>x</mi><mo>\N{MINUS SIGN}</mo><mn>1</mn></mrow>",
    ),
    "entries": (
        Maths("product", (X, X), "entries"),
        "<mrow><mi>x</mi><mo>⊙</mo><mi>x</mi></mrow>",
    ),
    "small": (
        number(1e-7),
        "<mrow><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>\N{MINUS SIGN}7</mn></msup></mrow>",
    ),
    "axis": (
        Maths("total", (X,), "sum:0"),
        '<mrow><munder><mo movablelimits="false">∑</mo><mtext>axis 0</mtext></munder>'
        "<mi>x</mi></mrow>",
    ),
}


@pytest.mark.parametrize("case", FORMULAS)
def test_formulas_as_mathml(case):
    formula, expected = FORMULAS[case]
    assert mathml(formula) == f"<math>{expected}</math>"


def formulas():
    """Trees of any heads, with names of any letters."""
    names = st.text(max_size=5)
    leaves = st.one_of(
        st.builds(symbol, names), st.builds(bar, names), st.builds(number, st.floats(-9, 9))
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda h, a: Maths(h, tuple(a)), st.sampled_from(("sum", "product")),
                      st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda h, a, b: Maths(h, (a, b)),
                      st.sampled_from(("power", "quotient", "matmul", "index", "partial")),
                      inner, inner),
            st.builds(lambda h, a: Maths(h, (a,)),
                      st.sampled_from(("negative", "transpose", "root", "abs", "bracket")), inner),
            st.builds(lambda n, a: call(n, a), names, inner),
            st.builds(lambda a, t: Maths("total", (a,), t), inner, names),
            st.builds(lambda a, b, c: Maths("cases", (a, b, c)), inner, inner, inner),
        ),
        max_leaves=6,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(formulas())
def test_any_formula_is_well_formed(formula):
    ElementTree.fromstring(mathml(formula))


def test_a_long_formula_is_text():
    long = Maths("sum", tuple(symbol(f"name{k}") for k in range(30)))
    assert set_formula(long) == tag("code", long.plain(), class_="long")


GRAPHS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=50
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(GRAPHS, st.booleans())
def test_edges_do_not_cross_boxes(pairs, has_labels):
    edges = sorted({(a, a + gap) for a, gap in pairs})
    boxes = {one: (40 + 7 * (one % 5), 30) for one in range(max(b for _, b in edges) + 1)}
    labels = dict.fromkeys(edges[::2], (25, 12)) if has_labels else {}
    made = layout(boxes, edges, labels)
    frames = {one: frame(made.boxes[one], size) for one, size in boxes.items()}
    frames |= {edge: frame(made.labels[edge], size) for edge, size in labels.items()}
    listed = list(frames.values())
    for k, one in enumerate(listed):
        assert one[0] >= -1e-6
        assert one[2] <= made.width + 1e-6
        assert not any(overlap(one, other) for other in listed[:k])
    for edge, route in made.routes.items():
        tops = [(top, bottom) for _, top, bottom in route]
        assert all(a[0] <= a[1] <= b[0] + 1e-6 for a, b in pairwise(tops))
        for x, top, bottom in route:
            for one in boxes:
                if one not in edge:
                    assert not overlap(frames[one], (x, top, x, bottom))
        # Between two pieces there is no box at all.
        for (_, high), (low, _) in pairwise(tops):
            for one in boxes:
                assert not (frames[one][1] < low - 1e-6 and high + 1e-6 < frames[one][3])


def frame(centre, size):
    (x, y), (width, height) = centre, size
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def overlap(one, other):
    across = one[0] < other[2] - 1e-6 and other[0] < one[2] - 1e-6
    return across and one[1] < other[3] - 1e-6 and other[1] < one[3] - 1e-6


def test_a_chain_is_straight():
    names = list(range(40))
    pairs = [*pairwise(names), *((0, k) for k in names[2::3])]
    made = layout(dict.fromkeys(names, (80, 30)), pairs)
    places = [made.boxes[one][0] for one in names[1:]]
    assert max(places) - min(places) < 60


def test_labels_are_cut_to_their_width():
    line = label(symbol("a_very_long_name_of_a_variable"), " = ", Maths("sum", (bar("z1"), X)))
    short = fitted(line, 120, 16)
    assert label_width(short, 16) <= 120
    assert short[-1].text == "…"
    assert fitted(line, 1000, 16) == line
    assert [run.style for run in line] == ["name", "", "bar", "sub", "", "name"]


def test_groups_depend_on_heads_alone():
    e = chain(40, names=8)
    groups = grouped(e.nodes)
    assert [one.head.name for one in groups] == ["x", *(f"layer_{k}" for k in range(5)), "cost"]
    assert [len(one.nodes) for one in groups] == [1, 16, 16, 16, 16, 16, 1]
    inner = {node.id for one in groups for node in one.nodes if node is not one.head}
    for one in groups:
        ids = {node.id for node in one.nodes}
        assert not any(set(node.inputs) & inner - ids for node in one.nodes)


def test_a_page_has_all_its_parts(page):
    said = page.text()
    times = "\N{MULTIPLICATION SIGN}"
    for words in (
        "differentiated with respect to", "Forward", "Backward", "from ", "power rule",
        "simplified", "read 2 times", "sum of 2", f"5 {times} 2 = 10 entries",
        f"3 {times} 2 = 6 entries", "first entry of the row", "✓ to",
        "symgrad_fuse_row_updates", "RowUpdate writes",
    ):  # fmt: skip
        assert words in said
    assert [one["lang"] for one in page.of("html")] == ["en"]
    assert page.of("title")
    assert len(page.of("h1")) == 1
    assert page.of("button")
    assert all(one["type"] == "button" for one in page.of("button"))


def test_boxes_are_linked_with_lines(full, page):
    ids = {node.id for node in full.nodes}
    lines = [one["data-of"] for one in page.of("li") if "data-of" in one]
    assert lines == [*(one.id for one in full.nodes), "n5", "n4", "n3", "n2"]
    assert set(page.values("data-of")) == ids
    assert {end for one in page.values("data-from") for end in one.split()} <= ids
    assert {end for one in page.values("data-to") for end in one.split()} <= ids
    boxes = [one for one in page.of("g") if one.get("role") == "button"]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in boxes)


def test_nothing_is_fetched(page, full):
    for text in (full.html(), full._repr_html_()):
        assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=|<link|fetch\(", text)
    assert {one for one in page.values("href") if not one.startswith("#")} == set()
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {one[1:] for one in page.values("href")} <= set(ids)
    (policy,) = (one["content"] for one in page.of("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'")


def test_pages_are_the_same_again(full):
    assert full.html() == full.html()
    assert full.svg() == full.svg()
    assert scalar().html() == scalar().html()


def test_pieces_of_a_notebook_do_not_share_ids(full):
    pieces = [full._repr_html_(), full._repr_html_(), scalar()._repr_html_()]
    ids = [set(Checked(one).values("id")) for one in pieces]
    assert all(ids)
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]
    same = [re.sub("symgrad-[0-9a-f]{12}", "", one) for one in pieces]
    assert same[0] == same[1]


def test_styles_do_not_leak(full):
    (style,) = re.findall("(?s)<style>(.*?)</style>", full._repr_html_())
    style = re.sub(r"(?s)/\*.*?\*/|@(?:media|container)[^{]*", "", style)
    found = [one for one in re.findall(r"(?:^|[}{])([^{}]+)\{", style) if one.strip()]
    assert len(found) > 50
    for selectors in found:
        for one in re.split(r",(?![^(]*\))", selectors):
            assert re.match(r"\s*(\[data-jp-theme-light=\"\w+\"\] )?\.symgrad\b", one), one


HOSTILE = [
    "</script><script>alert(1)</script>", "</style>", "<img src=x onerror=alert(1)>", 'a"b', "a'b",
    "a&b", "&lt;", "a]]>b", "-->", "naïve Größe", "変数", "\u202eabc", "a\x00b", "\ud800",
    "🦊" * 40,    "x" * 400, "\ue000\ue002", "${x}", "{}",
]  # fmt: skip


def with_names(name):
    x = pt.dvector(name)
    z = pt.exp(x)
    z.name = f"z{name}"
    return explain((z * x).sum(), x, values={x: [1.0, 2.0]}, backend=None)


def kinds(page):
    """All pairs of an element and one of its attributes."""
    return {(element, key) for element, attributes in page.found for key in [*attributes, ""]}


@pytest.fixture(scope="module")
def harmless():
    return kinds(Checked(with_names("x").html()))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names(name, harmless):
    e = with_names(name)
    found = Checked(e.html())
    spelling = {("mtext", "class"), ("mtext", ""), ("mi", ""), ("code", ""), ("code", "class")}
    assert kinds(found) <= harmless | spelling | {("tspan", "class"), ("tspan", "dy")}
    assert len(found.of("script")) == 1
    ElementTree.fromstring(e.svg().encode())
    shown = "".join(one if one.isprintable() or ord(one) > 0x2000 else "\ufffd" for one in name)
    assert re.sub("[\ud800]", "\ufffd", shown) in found.text()


def test_a_drawing_is_a_file_of_its_own(full):
    root = ElementTree.fromstring(full.svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Forward", "Gradient", "z1 = subset \N{MINUS SIGN} 1", "z2 = z1²", "127"} <= set(texts)
    assert "var(" not in full.svg()
    assert "tabindex" not in full.svg()
    assert "prefers-color-scheme: dark" in full.svg()


def test_gradient_of_a_sum_flows_together():
    root = ElementTree.fromstring(scalar().svg())
    groups = {one.get("class"): one for one in root.iter() if one.get("class")}
    ends = [
        (one.get("data-from"), one.get("data-to"))
        for one in groups["backward"].iter()
        if one.get("class") == "edge"
    ]
    assert sorted(ends) == [("n0", "n1"), ("n0", "n2"), ("n1", "n3"), ("n2", "n3")]
    labels = [
        "".join(one[-1].itertext()) for one in groups["backward"].iter()
        if one.get("class") == "label"
    ]  # fmt: skip
    assert sorted(labels) == ["2·x", "cos(x)", "z1", "z2"]


def test_rows_that_are_not_known():
    said = Checked(lookup().html()).text()
    assert "n \N{MULTIPLICATION SIGN} 2 entries" in said
    assert "read 2 times" not in said
    many = sg.shared(np.zeros((1000, 2)), name="many")
    index = pt.lvector("index")
    subset = many[index]
    e = explain((subset**2).sum(), subset, values={index: [7, 999, 7]}, backend=None)
    found = Checked(e.html())
    assert "row 999" in found.text()
    assert "⋮" in found.text()
    assert "row 8" not in found.text()
    subset = many[index]
    rows = np.arange(20) * 3
    page = explain((subset**2).sum(), subset, values={index: rows}, backend=None).html()
    said = Checked(page).text()
    assert "row 33" in said
    assert "row 36" not in said


def test_two_hundred_nodes():
    x = pt.tensor("x", dtype="float64", shape=(3,))
    total = x
    for k in range(11):
        z = x
        for _ in range(9):
            z = pt.tanh(z) * x
        z.name = f"chain_{k}"
        total = total + z
    e = explain(total.sum(), x, backend=None)
    assert len(e.nodes) > 200
    page = e.html()
    assert len(page) < 1_500_000
    found = Checked(page)
    boxes = [one for one in found.of("g") if one.get("class") == "box group"]
    assert len(boxes) == 2 * 12
    assert len(found.values("data-group")) == 12
    assert "18 steps" in found.text()
    assert "111 terms" in found.text()


def test_inside_of_an_op():
    x, h = pt.vector("x", shape=(3,)), pt.scalar("h")
    from pytensor import scan

    states = scan(
        lambda x, h: pt.tanh(x * h), sequences=[x], outputs_info=[h], return_updates=False
    )
    said = Checked(explain(states[-1] ** 2, h, backend=None).html()).text()
    assert "one step, at time t" in said
    assert "backpropagation through time" in said


SUFFIXES = {
    ".html": "<!doctype html>", ".svg": "<svg", ".md": "# $", ".mmd": "flowchart", ".json": "{",
    ".txt": "z3, diff",
}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_by_suffix(suffix, tmp_path):
    path = tmp_path / f"page{suffix}"
    scalar().save(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(SUFFIXES[suffix])
    assert text.endswith("\n")
    scalar().save(str(path))
    if suffix == ".json":
        assert json.loads(text)["cost"] == "n3"


def test_another_suffix_is_refused(tmp_path):
    for name in ("page.pdf", "page"):
        path = tmp_path / name
        with pytest.raises(sg.errors.HyperparameterError, match=r"\.html, \.svg, \.md, \.mmd"):
            scalar().save(path)
        assert not path.exists()


def test_the_command_writes_pages(tmp_path):
    script = tmp_path / "model.py"
    script.write_text("import pytensor.tensor as pt\nx = pt.dvector('x')\ncost = (x**2).sum()\n")
    for suffix in (".html", ".svg"):
        out = tmp_path / f"page{suffix}"
        assert run(f"{script}:cost", [f"{script}:x"], out) == 0
        assert out.read_text().startswith(SUFFIXES[suffix])
    with pytest.raises(sg.errors.HyperparameterError, match="end it in"):
        run(f"{script}:cost", [], tmp_path / "page.docx")


def test_styles_and_script_are_packaged():
    config = Path(sg.__file__).parents[1] / "setup.cfg"
    if config.exists():
        assert "symgrad.explain.render = *.css, *.js" in config.read_text()
    for name in ("page.css", "graph.css", "document.css", "page.js"):
        assert (Path(sg.__file__).parent / "explain" / "render" / name).stat().st_size
