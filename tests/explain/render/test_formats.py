"""Text, Markdown, Mermaid and JSON."""

import json

import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.explain import explain
from tests.explain.costs import explained, lookup

FAQ = """\
cost, differentiated with respect to subset

Forward
  W                   (5, 2)   shared
  index               (n,)     input
  subset = W[index]   (n, 2)   wrt
  z1 = subset - 1     (n, 2)
  z2 = z1²            (n, 2)
  cost = sum(z2)      ()       cost

Backward
  bar(cost) = 1           ()       where it starts
  z̄2 += bar(cost)         (n, 2)   from cost: sum rule: every entry receives it
  z̄1 += z̄2·2·z1^(2 - 1)   (n, 2)   from z2: power rule
      = 2·z̄2·z1           (n, 2)   simplified
  bar(subset) += z̄1·1     (n, 2)   from z1: sum rule
               = z̄1       (n, 2)   simplified

In closed form
  bar(subset) = 2·(subset - 1)   (n, 2)

Subset subset
  subset = W[index] selects rows
  bar(W) = scatter_add(0[index], bar(subset)) would take them back to all 5 rows, 10 entries
  kept is bar(subset) of shape (n, 2)
  a row that is read twice: inc adds each of them: the row receives the sum
                            set writes one after the other: the last one wins, the others are lost"""  # noqa: E501


def test_the_faq_as_text():
    _, _, subset, cost = lookup()
    assert str(explained(cost, subset)) == FAQ


HOSTILE = ["</script>", "<b>", 'a"b', "$x$", "a|b", "a_b", "naïve", "x\\y", "`"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name):
    x = pt.dvector(name)
    e = explained((x**2).sum(), values={x: [1.0, 2.0]})
    assert json.loads(e.json())["nodes"][0]["name"] == name
    chart = e.mermaid()
    assert chart.count('"') == 2 * sum(line.count('"') // 2 for line in chart.splitlines())
    assert "<" not in chart.replace("-->", "").replace(".->", "")
    for line in e.markdown().splitlines():
        if line.startswith("| $"):
            assert line.count(" | ") in (2, 3)
    assert name in e.text()


def test_markdown_and_json_hold_the_formulas():
    _, _, subset, cost = lookup()
    e = explain(cost, subset, rule=sg.adam, values={"index": [3, 1, 3]})
    page = e.markdown()
    assert r"\overline{\mathrm{subset}} = 2\, \left(\mathrm{subset} - 1\right)" in page
    assert page.count("$$") % 2 == 0
    assert e._repr_markdown_() == page
    data = json.loads(e.json())
    assert data["gradients"][0][1]["text"] == "2·(subset - 1)"
    assert data["gradients"][0][1]["tree"]["head"] == "product"
    assert data["compilation"]["backend"] == "c"
    assert not any(key.startswith("_") for key in data)


def test_a_chart_for_mermaid():
    x = pt.dscalar("x")
    assert explained(pt.sin(x), x).mermaid().splitlines() == [
        "flowchart TB",
        '  n0{{"x  ()"}}',
        '  n1(("z1 = sin(x)  ()"))',
        "  n0 --> n1",
        '  n1 -. "z̄1·cos(x)" .-> n0',
    ]
