"""Labels are cut to their width."""

from symgrad.explain.maths import Maths, bar, symbol
from symgrad.explain.render.label import fitted, label, label_width


def test_labels_are_cut_to_their_width():
    line = label(
        symbol("a_very_long_name_of_a_variable"), " = ", Maths("sum", (bar("z1"), symbol("x")))
    )
    short = fitted(line, 120, 16)
    assert label_width(short, 16) <= 120
    assert short[-1].text == "…"
    assert fitted(line, 1000, 16) == line
    assert [run.style for run in line] == ["name", "", "bar", "sub", "", "name"]
