"""The command line."""

import pytest

import symgrad as sg
from symgrad.explain.command import run

SCRIPT = """
import pytensor.tensor as pt

x, y = pt.dvector("x"), pt.dvector("y")
cost = (x * y).sum()
"""


def test_the_command(tmp_path, capsys):
    script = tmp_path / "model.py"
    script.write_text(SCRIPT)
    assert run(f"{script}:cost", ["x"]) == 0
    assert "x̄ += z̄1·y" in capsys.readouterr().out
    for suffix, start in ((".md", "# $"), (".mmd", "flowchart"), (".json", "{"), (".txt", "z2, ")):
        out = tmp_path / f"page{suffix}"
        run(f"{script}:cost", [f"{script}:x", "y"], out)
        assert out.read_text().startswith(start)
    for wrong in ("cost", f"{script}.no:cost", f"{script}:no", f"{script}:cost.no"):
        with pytest.raises(sg.errors.HyperparameterError, match="names no variable|has no"):
            run(wrong)
    other = tmp_path / "other.py"
    other.write_text(SCRIPT)
    with pytest.raises(sg.errors.HyperparameterError, match="of another script"):
        run(f"{script}:cost", [f"{other}:x"])


def test_the_command_writes_pages(tmp_path):
    script = tmp_path / "model.py"
    script.write_text("import pytensor.tensor as pt\nx = pt.dvector('x')\ncost = (x**2).sum()\n")
    for suffix, start in ((".html", "<!doctype html>"), (".svg", "<svg")):
        out = tmp_path / f"page{suffix}"
        assert run(f"{script}:cost", [f"{script}:x"], out) == 0
        assert out.read_text().startswith(start)
    with pytest.raises(sg.errors.HyperparameterError, match="end it in"):
        run(f"{script}:cost", [], tmp_path / "page.docx")
