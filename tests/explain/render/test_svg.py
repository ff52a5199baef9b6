"""Drawings are files of their own."""

import xml.etree.ElementTree as ElementTree

from tests.explain.costs import explained_lookup, explained_scalar


def test_a_drawing_is_a_file_of_its_own():
    drawing = explained_lookup().svg()
    root = ElementTree.fromstring(drawing)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    elements = root.iter("{http://www.w3.org/2000/svg}text")
    texts = ["".join(text.itertext()) for text in elements]
    assert {"Forward", "Gradient", "z1 = subset \N{MINUS SIGN} 1", "z2 = z1²", "127"} <= set(texts)
    assert "var(" not in drawing
    assert "tabindex" not in drawing
    assert "prefers-color-scheme: dark" in drawing


def test_gradient_of_a_sum_flows_together():
    root = ElementTree.fromstring(explained_scalar().svg())
    groups = {element.get("class"): element for element in root.iter() if element.get("class")}
    ends = [
        (element.get("data-from"), element.get("data-to"))
        for element in groups["backward"].iter()
        if element.get("class") == "edge"
    ]
    assert sorted(ends) == [("n0", "n1"), ("n0", "n2"), ("n1", "n3"), ("n2", "n3")]
    labels = [
        "".join(element[-1].itertext()) for element in groups["backward"].iter()
        if element.get("class") == "label"
    ]  # fmt: skip
    assert sorted(labels) == ["2·x", "cos(x)", "z1", "z2"]
