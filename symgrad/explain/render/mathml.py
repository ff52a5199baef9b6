"""Formulas as MathML, which browsers draw by themselves."""

import itertools
import re
import unicodedata
from collections.abc import Callable

from symgrad.explain.maths import GREEK, Maths, binds_less, name_parts
from symgrad.explain.render.markup import Markup, join, tag

__all__ = ["mathml", "set_formula"]

_RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "and": "∧", "or": "\N{LOGICAL OR}"}
_BIG = {"sum": "∑", "prod": "∏"}
_MINUS = "\N{MINUS SIGN}"
_APPLY, _TIMES = "\N{FUNCTION APPLICATION}", "\N{INVISIBLE TIMES}"


def mathml(*parts: Maths | str) -> Markup:
    """A ``math`` element of formulas and signs: ``mathml(x, "+=", y)``."""
    children = (_operator(part) if isinstance(part, str) else _row(part) for part in parts)
    return tag("math", *children)


def set_formula(formula: Maths, widest: int = 80) -> Markup:
    """A ``math`` element; text that wraps if it has more letters than `widest`."""
    if len(plain := formula.plain()) > widest:
        return tag("code", plain, class_="long")
    return mathml(formula)


def _row(formula: Maths) -> Markup:
    return _MATHML[formula.head](formula)


def _operator(sign, **attributes):
    return sign if isinstance(sign, Markup) else tag("mo", sign, **attributes)


def _fenced(content, left="(", right=")"):
    fence = {"stretchy": "true", "fence": "true"}
    return tag("mrow", tag("mo", left, **fence), content, tag("mo", right, **fence))


def _inside(formula, binds):
    """An argument, in brackets if its context binds more tightly."""
    return _fenced(_row(formula)) if binds_less(formula, binds) else _row(formula)


def _listed(args, sign=","):
    parts = [part for arg in args for part in (_operator(sign), _row(arg))]
    return join(parts[1:])


def _identifier(text):
    """A name. `mi` sets names of several letters upright by itself."""
    if text in GREEK:
        text = unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if text == 'lambda' else text}")
    return tag("mi", text) if text.isidentifier() else tag("mtext", text, class_="name")


def _symbol(text, over=False):
    if not text:
        return tag("mrow")
    if text.isdigit():
        return tag("mn", text)
    head, subscript = name_parts(text)
    name = _identifier(head)
    # Few fonts have a bar that grows with a name, so the style sheet draws it.
    name = tag("mrow", name, class_="bar") if over else name
    return tag("msub", name, _subscript(subscript)) if subscript else name


def _subscript(text):
    """A number, a letter, or a time such as ``t-1``."""
    parts = [
        tag("mo", _MINUS if token == "-" else token) if token in "+-"
        else tag("mn" if token.isdigit() else "mi", token)
        for token in re.findall(r"\d+|[+-]|[^\d+-]+", text)
    ]  # fmt: skip
    return parts[0] if len(parts) == 1 else tag("mrow", *parts)


def _number(m):
    digits, _, exponent = m.text.partition("e")
    if not re.fullmatch(r"[+-]?\d+", exponent):
        return tag("mn", m.text)
    ten = tag("msup", tag("mn", "10"), tag("mn", str(int(exponent)).replace("-", _MINUS)))
    return tag("mrow", tag("mn", digits), tag("mo", "·"), ten)


def _sum(m):
    parts = [_inside(m.args[0], 1)]
    for term in m.args[1:]:
        is_negative = term.head == "negative"
        inner = term.args[0] if is_negative else term
        parts += [
            tag("mo", _MINUS if is_negative else "+"),
            _inside(inner, 2 if is_negative else 1),
        ]
    return tag("mrow", *parts)


def _product(m):
    parts = [_inside(m.args[0], 2)]
    for left, right in itertools.pairwise(m.args):
        if right.head in ("number", "negative") or _is_text(left) or _is_text(right):
            parts.append(tag("mo", "·"))
        elif m.text == "entries" and left.head != "number":
            parts.append(tag("mo", "⊙"))
        else:
            parts.append(_thin(_TIMES))
        parts.append(_inside(right, 2))
    return tag("mrow", *parts)


def _is_text(formula):
    """Is it a name with spaces or signs, which would run into its neighbours?"""
    is_name = formula.head in ("symbol", "bar") and bool(formula.text)
    return is_name and not name_parts(formula.text)[0].isidentifier()


def _thin(sign):
    return tag("mo", sign, lspace="0.12em", rspace="0.12em")


def _matmul(m):
    parts = [part for factor in m.args for part in (_thin(_TIMES), _inside(factor, 3))]
    return tag("mrow", *parts[1:])


def _call(m):
    name = (
        tag("mi", m.text, mathvariant="normal") if m.text.isidentifier() else tag("mtext", m.text)
    )
    return tag("mrow", name, tag("mo", _APPLY), _fenced(_listed(m.args)))


def _total(m):
    kind, _, axes = m.text.partition(":")
    sign = tag("mo", _BIG[kind], movablelimits="false") if kind in _BIG else tag("mi", kind)
    if axes:
        below = axes if axes.startswith("of ") else f"axis {axes}"
        sign = tag("munder", sign, tag("mtext", below))
    body = _inside(m.args[0], 2) if kind in _BIG else _fenced(_row(m.args[0]))
    return tag("mrow", sign, body)


def _index(m):
    index = tag("mrow", tag("mo", "["), _listed(m.args[1:]), tag("mo", "]"))
    return tag("msub", _inside(m.args[0], 5), index)


def _derivative(m):
    below = tag("mrow", tag("mo", "d", form="prefix", rspace="0"), _symbol(m.text))
    quotient = tag("mfrac", tag("mi", "d", mathvariant="normal"), below)
    return tag("mrow", quotient, _fenced(_row(m.args[0]), "[", "]"))


def _partial(m):
    return tag("mfrac", *(tag("mrow", tag("mo", "∂", form="prefix"), _row(z)) for z in m.args))


def _relation(m):
    sign = tag("mo", _RELATIONS.get(m.text, m.text))
    parts = [part for arg in m.args for part in (sign, _inside(arg, 1))]
    return tag("mrow", *parts[1:])


def _cases(m):
    condition, yes, no = map(_row, m.args)
    rows = [(yes, condition), (no, tag("mtext", "else"))]
    lines = [tag("mtr", *(tag("mtd", cell) for cell in row)) for row in rows]
    return tag("mrow", tag("mo", "{", stretchy="true"), tag("mtable", *lines))


_MATHML: dict[str, Callable[[Maths], Markup]] = {
    "symbol": lambda m: _symbol(m.text),
    "bar": lambda m: _symbol(m.text, over=True),
    "number": _number,
    "sum": _sum,
    "negative": lambda m: tag("mrow", tag("mo", _MINUS, form="prefix"), _inside(m.args[0], 2)),
    "product": _product,
    "quotient": lambda m: tag("mfrac", *map(_row, m.args)),
    "power": lambda m: tag("msup", _inside(m.args[0], 5), _row(m.args[1])),
    "matmul": _matmul,
    "transpose": lambda m: tag("msup", _inside(m.args[0], 5), tag("mo", "\N{DOWN TACK}")),
    "root": lambda m: tag("msqrt", _row(m.args[0])),
    "abs": lambda m: _fenced(_row(m.args[0]), "|", "|"),
    "call": _call,
    "total": _total,
    "index": _index,
    "derivative": _derivative,
    "attribute": lambda m: tag("mrow", _inside(m.args[0], 5), tag("mtext", f".{m.text}")),
    "slice": lambda m: tag("mrow", _listed(m.args, ":")),
    "partial": _partial,
    "relation": _relation,
    "bracket": lambda m: _fenced(_row(m.args[0]), "[", "]"),
    "cases": _cases,
}
