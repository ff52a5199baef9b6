"""Explanations are saved by suffix."""

import json

import pytest

import symgrad as sg
from tests.explain.costs import explained_scalar

SUFFIXES = {
    ".html": "<!doctype html>", ".svg": "<svg", ".md": "# $", ".mmd": "flowchart", ".json": "{",
    ".txt": "z3, diff",
}  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_by_suffix(suffix, tmp_path):
    path = tmp_path / f"page{suffix}"
    explained_scalar().save(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(SUFFIXES[suffix])
    assert text.endswith("\n")
    explained_scalar().save(str(path))
    if suffix == ".json":
        assert json.loads(text)["cost"] == "n3"


def test_another_suffix_is_refused(tmp_path):
    for name in ("page.pdf", "page"):
        path = tmp_path / name
        with pytest.raises(sg.errors.HyperparameterError, match=r"\.html, \.svg, \.md, \.mmd"):
            explained_scalar().save(path)
        assert not path.exists()
