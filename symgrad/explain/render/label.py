"""Formulas as a line of SVG text, cut to a width that holds in any font of a browser."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symgrad.explain.maths import GREEK, Maths, name_parts
from symgrad.explain.render.markup import Markup, join, tag

__all__ = ["Run", "fitted", "label", "label_width", "tspans"]

# Widths are fractions of the font size, for the widest of the common fonts.
_NARROW, _WIDE = set("iljtf.,:;'|!()[] ·"), set("mwMWQO@%&…")
_LOWERED = 0.75
# Letters for private use. They mark the start of a name, of a name with a bar, and its end.
_NAME, _BAR, _END = "\ue000", "\ue001", "\ue002"


@dataclass(frozen=True)
class Run:
    """A piece of a line. Its style is ``""``, ``"name"``, ``"bar"`` or ``"sub"``."""

    text: str
    style: str = ""


def label(*parts: str | Maths) -> tuple[Run, ...]:
    """The runs of texts and formulas, in sequence."""
    return tuple(run for part in parts for run in _runs(part))


def _runs(part):
    if isinstance(part, str):
        yield Run(_one_line(part))
        return
    for text, mark, name in re.findall(
        f"([^{_NAME}{_BAR}]+)|([{_NAME}{_BAR}])([^{_END}]*){_END}", _marked(part).plain()
    ):
        if text:
            yield Run(text.replace("-", "\N{MINUS SIGN}"))
        else:
            head, subscript = name_parts(name)
            yield Run(_spelled(head), "bar" if mark == _BAR else "name")
            if subscript:
                yield Run(subscript, "sub")


def _marked(formula):
    """The formula with marks around its names."""
    args = tuple(map(_marked, formula.args))
    if formula.head not in ("symbol", "bar") or not formula.text:
        return Maths(formula.head, args, formula.text)
    name = re.sub(f"[{_NAME}-{_END}]", "", _one_line(formula.text))
    return Maths("symbol", text=(_BAR if formula.head == "bar" else _NAME) + name + _END)


def _spelled(name):
    if name not in GREEK:
        return name
    return unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name}")


def _one_line(text):
    return " ".join(text.split()) if len(text.strip()) == len(text) else text


def label_width(runs: Iterable[Run], size: float) -> float:
    """An upper bound of the width of a line."""
    return sum(_run_width(run, size) for run in runs)


def _run_width(run, size):
    scale = _LOWERED if run.style == "sub" else 1
    return size * scale * sum(map(_letter_width, run.text))


def fitted(runs: Sequence[Run], width: float, size: float) -> tuple[Run, ...]:
    """The runs, or the beginning that fits into a width, with dots."""
    if label_width(runs, size) <= width:
        return tuple(runs)
    kept, left = [], width - label_width((Run("…"),), size)
    for run in runs:
        text = run.text
        while text and _run_width(Run(text, run.style), size) > left:
            text = text[:-1]
        kept.append(Run(text, run.style))
        left -= _run_width(kept[-1], size)
        if text != run.text:
            break
    return (*kept, Run("…"))


def _letter_width(letter):
    if unicodedata.combining(letter):
        return 0
    if letter in _NARROW:
        return 0.42
    if letter in _WIDE:
        return 1.05
    if letter.isascii() or unicodedata.category(letter) in ("Ll", "No", "Lm"):
        return 0.78 if letter.isupper() else 0.66
    return 1.2 if unicodedata.east_asian_width(letter) in "NAH" else 1.4


def tspans(runs: Iterable[Run]) -> Markup:
    """The runs as children of an SVG ``text``."""
    spans, is_low = [], False
    for run in runs:
        goes_low = run.style == "sub"
        shift = 3 * (goes_low - is_low) or None
        is_low = goes_low
        is_letter = run.style in ("name", "bar") and len(run.text) == 1 and run.text.isalpha()
        classes = " ".join(filter(None, [run.style, "letter" if is_letter else ""]))
        spans.append(tag("tspan", run.text, class_=classes or None, dy=shift))
    return join(spans)
