"""Pages: well-formed, self-contained, and safe whatever names say."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.explain import explain
from tests.explain.costs import (
    explained,
    explained_chains,
    explained_lookup,
    explained_scalar,
    lookup,
    scan_of,
)

VOID = {"meta", "br"}


class Checked(HTMLParser):
    """Elements in order, with their attributes; an error if they are not nested."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.said = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        assert len(attributes) == len(dict(attributes))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, text):
        self.said.append(text)

    def of(self, name):
        return [attributes for element, attributes in self.elements if element == name]

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    def text(self):
        return "".join(self.said)


@pytest.fixture(scope="module")
def full():
    """An explanation that has something of everything."""
    return explained_lookup()


@pytest.fixture(scope="module")
def page(full):
    return Checked(full.html())


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
    assert [attributes["lang"] for attributes in page.of("html")] == ["en"]
    assert page.of("title")
    assert len(page.of("h1")) == 1
    assert page.of("button")
    assert all(attributes["type"] == "button" for attributes in page.of("button"))


def test_boxes_are_linked_with_lines(full, page):
    ids = {node.id for node in full.nodes}
    lines = [attributes["data-of"] for attributes in page.of("li") if "data-of" in attributes]
    assert lines == [*(node.id for node in full.nodes), "n5", "n4", "n3", "n2"]
    assert set(page.values("data-of")) == ids
    assert {end for value in page.values("data-from") for end in value.split()} <= ids
    assert {end for value in page.values("data-to") for end in value.split()} <= ids
    boxes = [box for box in page.of("g") if box.get("role") == "button"]
    assert all(box["tabindex"] == "0" and box["aria-label"] for box in boxes)


def test_nothing_is_fetched(page, full):
    for text in (full.html(), full._repr_html_()):
        assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=|<link|fetch\(", text)
    assert {href for href in page.values("href") if not href.startswith("#")} == set()
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.values("href")} <= set(ids)
    (policy,) = (meta["content"] for meta in page.of("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'")


def test_pages_are_the_same_again(full):
    assert full.html() == full.html()
    assert full.svg() == full.svg()
    assert explained_scalar().html() == explained_scalar().html()


def test_pieces_of_a_notebook_do_not_share_ids(full):
    pieces = [full._repr_html_(), full._repr_html_(), explained_scalar()._repr_html_()]
    ids = [set(Checked(piece).values("id")) for piece in pieces]
    assert all(ids)
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]
    same = [re.sub("symgrad-[0-9a-f]{12}", "", piece) for piece in pieces]
    assert same[0] == same[1]


def test_styles_do_not_leak(full):
    (style,) = re.findall("(?s)<style>(.*?)</style>", full._repr_html_())
    style = re.sub(r"(?s)/\*.*?\*/|@(?:media|container)[^{]*", "", style)
    rules = [rule for rule in re.findall(r"(?:^|[}{])([^{}]+)\{", style) if rule.strip()]
    assert len(rules) > 50
    for selectors in rules:
        for selector in re.split(r",(?![^(]*\))", selectors):
            assert re.match(r"\s*(\[data-jp-theme-light=\"\w+\"\] )?\.symgrad\b", selector), (
                selector
            )


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
    return {(element, key) for element, attributes in page.elements for key in [*attributes, ""]}


@pytest.fixture(scope="module")
def harmless():
    return kinds(Checked(with_names("x").html()))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names(name, harmless):
    e = with_names(name)
    page = Checked(e.html())
    spelling = {("mtext", "class"), ("mtext", ""), ("mi", ""), ("code", ""), ("code", "class")}
    assert kinds(page) <= harmless | spelling | {("tspan", "class"), ("tspan", "dy")}
    assert len(page.of("script")) == 1
    ElementTree.fromstring(e.svg().encode())
    shown = "".join(
        letter if letter.isprintable() or ord(letter) > 0x2000 else "\ufffd" for letter in name
    )
    assert re.sub("[\ud800]", "\ufffd", shown) in page.text()


def test_rows_that_are_not_known():
    _, _, subset, cost = lookup()
    said = Checked(explained(cost, subset).html()).text()
    assert "n \N{MULTIPLICATION SIGN} 2 entries" in said
    assert "read 2 times" not in said
    many = sg.shared(np.zeros((1000, 2)), name="many")
    index = pt.lvector("index")
    subset = many[index]
    e = explain((subset**2).sum(), subset, values={index: [7, 999, 7]}, backend=None)
    page = Checked(e.html())
    assert "row 999" in page.text()
    assert "⋮" in page.text()
    assert "row 8" not in page.text()
    subset = many[index]
    rows = np.arange(20) * 3
    page = explain((subset**2).sum(), subset, values={index: rows}, backend=None).html()
    said = Checked(page).text()
    assert "row 33" in said
    assert "row 36" not in said


def test_two_hundred_nodes():
    e = explained_chains()
    assert len(e.nodes) > 200
    page = e.html()
    assert len(page) < 1_500_000
    checked = Checked(page)
    boxes = [group for group in checked.of("g") if group.get("class") == "box group"]
    assert len(boxes) == 2 * 12
    assert len(checked.values("data-group")) == 12
    assert "18 steps" in checked.text()
    assert "111 terms" in checked.text()


def test_inside_of_an_op():
    x, h = pt.vector("x", shape=(3,)), pt.scalar("h")
    said = Checked(explained(scan_of(x, h)[-1] ** 2, h).html()).text()
    assert "one step, at time t" in said
    assert "backpropagation through time" in said


def test_styles_and_script_are_packaged():
    config = Path(sg.__file__).parents[1] / "setup.cfg"
    if config.exists():
        assert "symgrad.explain.render = *.css, *.js" in config.read_text()
    for name in ("page.css", "graph.css", "document.css", "page.js"):
        assert (Path(sg.__file__).parent / "explain" / "render" / name).stat().st_size
