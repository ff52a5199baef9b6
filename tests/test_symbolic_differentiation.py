"""The lessons: their figures, and their exercises."""

import importlib.util
import re
from pathlib import Path

import numpy as np

DOCS = Path(__file__).parents[1] / "docs"


PAGE = (DOCS / "symbolic-differentiation.md").read_text(encoding="utf-8")


SOLUTIONS = (DOCS / "symbolic-differentiation-solutions.md").read_text(encoding="utf-8")


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


EXERCISES = re.findall(r"^- \*\*(\d+\.\d+)\*\*", PAGE, re.MULTILINE)


def maker():
    """The script that draws the figures."""
    where = importlib.util.spec_from_file_location("make", DOCS / "figures" / "make.py")
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    return module


def is_same_drawing(drawing, other):
    """Places may differ in their last digit: sums of floats do, from Python to Python."""
    if NUMBER.sub("", drawing) != NUMBER.sub("", other):
        return False
    numbers = (np.array(NUMBER.findall(text), float) for text in (drawing, other))
    return np.allclose(*numbers, rtol=0, atol=0.11)


def test_figures_are_what_explain_draws():
    drawn = dict(maker().figures())
    stored = {path.name for path in (DOCS / "figures").glob("*.svg")}
    assert stored == set(drawn) == set(re.findall(r"\(figures/(\S+\.svg)\)", PAGE))
    old = [
        name
        for name, drawing in drawn.items()
        if not is_same_drawing((DOCS / "figures" / name).read_text(encoding="utf-8"), drawing)
    ]
    assert not old, f"run python docs/figures/make.py: {old} changed"


def test_every_exercise_is_solved():
    assert len(EXERCISES) >= 16
    assert re.findall(r"^\*\*(\d+\.\d+)\*\* ", SOLUTIONS, re.MULTILINE) == EXERCISES


def test_every_lesson_is_listed():
    lessons = re.findall(r"^## (\d)\. (.+)$", PAGE, re.MULTILINE)
    listed = re.findall(r"^\| (\d) \| \[(.+?)\]\(#(\S+)\)", PAGE, re.MULTILINE)
    assert [(number, title) for number, title, _ in listed] == lessons
    for number, title, anchor in listed:
        assert anchor == f"{number}-{title.lower().replace(' ', '-')}"
        assert any(exercise.startswith(f"{number}.") for exercise in EXERCISES)
