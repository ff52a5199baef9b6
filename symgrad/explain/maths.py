"""Formulas as plain data, spelled as text and as LaTeX."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["GREEK", "Maths", "bar", "binds_less", "call", "name_parts", "number", "symbol"]

# How tightly a head binds its arguments. A formula that binds less than its context needs brackets.
_BINDS = {"relation": 0, "sum": 1, "negative": 1, "product": 2, "quotient": 2, "matmul": 2}
_BINDS |= {"power": 4, "transpose": 4, "derivative": 2}
_ORDER = {"number": 0, "symbol": 1, "bar": 1, "power": 2}
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "and": r"\wedge", "or": r"\vee"}
GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "nu"}
GREEK |= {"pi", "rho", "sigma", "tau", "phi", "psi", "omega"}
_FUNCTIONS = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "det", "max", "min"}
_NAME_PATTERNS = [r"([^\W\d_])_(\w)", r"([^\W\d_]\w*)\[(t(?:[+-]\d+)?)\]", r"(?s)(.+?)_?(\d+)"]
_MACRON = "\N{COMBINING MACRON}"


@dataclass(frozen=True)
class Maths:
    r"""A node of a formula.

    Attributes
    ----------
    head : str
        ``"symbol"``, ``"bar"``, ``"number"``, ``"sum"``, ``"negative"``, ``"product"``,
        ``"quotient"``, ``"power"``, ``"matmul"``, ``"transpose"``, ``"root"``, ``"abs"``,
        ``"call"``, ``"total"`` (a reduction), ``"index"``, ``"attribute"``, ``"slice"``,
        ``"relation"``, ``"bracket"`` (1 where a relation holds, else 0), ``"cases"`` or
        ``"derivative"``.
    args : tuple of Maths
    text : str
        The name of a symbol or function, the digits of a number, the axes of a reduction, the
        sign of a relation.

    Examples
    --------
    >>> from symgrad.explain import Maths, call, number, symbol
    >>> x = symbol("x")
    >>> formula = Maths("product", (number(2), x, call("sin", Maths("power", (x, number(2))))))
    >>> formula.plain(), formula.latex()
    ('2·x·sin(x²)', '2\\, x\\, \\sin\\left(x^{2}\\right)')
    """

    head: str
    args: tuple["Maths", ...] = ()
    text: str = ""

    def plain(self) -> str:
        """The formula as a line of text."""
        return _PLAIN[self.head](self)

    def latex(self) -> str:
        """The formula as LaTeX, without dollars."""
        return _LATEX[self.head](self)

    def size(self) -> int:
        """The number of symbols and signs; counting stops above 1000."""
        stack, count = [self], 0
        while stack and count <= 1000:
            count += 1
            stack.extend(stack.pop().args)
        return count

    def with_symbols(self, meanings: Mapping[str, "Maths"]) -> "Maths":
        """The formula with symbols replaced: ``{name: Maths}``."""
        if self.head == "symbol":
            return meanings.get(self.text, self)
        args = tuple(arg.with_symbols(meanings) for arg in self.args)
        return Maths(self.head, args, self.text)

    def ordered(self) -> "Maths":
        """The formula with the factors of products from short to long: ``2·x·sin(x)``."""
        args = tuple(arg.ordered() for arg in self.args)
        if self.head == "product":
            args = tuple(sorted(args, key=lambda factor: _ORDER.get(factor.head, 3)))
        return Maths(self.head, args, self.text)

    def data(self) -> dict:
        """The formula as nested dictionaries, lists and strings."""
        data: dict = {"head": self.head}
        if self.args:
            data["args"] = [arg.data() for arg in self.args]
        return data | ({"text": self.text} if self.text else {})


def symbol(name: str) -> Maths:
    """A variable."""
    return Maths("symbol", text=name)


def bar(name: str) -> Maths:
    """The adjoint of a variable."""
    return Maths("bar", text=name)


def number(value: float) -> Maths:
    """A number, rounded to 6 digits."""
    text = f"{value or 0:.6g}" if isinstance(value, float) else str(value)  # no "-0"
    if text.startswith("-"):
        return Maths("negative", (Maths("number", text=text[1:]),))
    return Maths("number", text=text)


def call(name: str, *args: Maths) -> Maths:
    """A function applied to its arguments."""
    return Maths("call", args, name)


def binds_less(formula: Maths, binds: int) -> bool:
    """Does a formula need brackets in a context that binds this tightly?"""
    return _BINDS.get(formula.head, 9) < binds


def name_parts(text: str) -> tuple[str, str]:
    """A name and its subscript: ``("z", "1")`` for z1; W_i and h[t-1] are split likewise."""
    for pattern in _NAME_PATTERNS:
        if match := re.fullmatch(pattern, text):
            return match[1], match[2]
    return text, ""


def _inside(formula: Maths, binds: int, spelling: str) -> str:
    """An argument, in brackets if its context binds more tightly."""
    text = getattr(formula, spelling)()
    if not binds_less(formula, binds):
        return text
    return f"({text})" if spelling == "plain" else rf"\left({text}\right)"


def _factors(m: Maths, spelling: str) -> list[str]:
    """The factors of a product. A matrix product has brackets, unless all others are numbers."""
    others = sum(factor.head != "number" for factor in m.args) - 1
    return [
        _inside(factor, 3 if others and factor.head == "matmul" else 2, spelling)
        for factor in m.args
    ]


def _bare(args: Sequence[Maths], spelling: str, separator: str = ", ") -> str:
    return separator.join(getattr(arg, spelling)() for arg in args)


def _plain_bar(m):
    head = m.text.rstrip("0123456789")
    digits = m.text[len(head) :]
    return f"{head}{_MACRON}{digits}" if len(head) == 1 else f"bar({m.text})"


def _sum(m, spelling):
    text = _inside(m.args[0], 1, spelling)
    for term in m.args[1:]:
        if term.head == "negative":
            text += f" - {_inside(term.args[0], 2, spelling)}"
        else:
            text += f" + {_inside(term, 1, spelling)}"
    return text


def _plain_power(m):
    base, exponent = m.args
    text = _inside(base, 5, "plain")
    if exponent.head == "number" and exponent.text.isdigit():
        return text + exponent.text.translate(_SUPERSCRIPTS)
    return f"{text}^{_inside(exponent, 5, 'plain')}"


def _total(m, spelling):
    kind, _, axes = m.text.partition(":")
    body = _bare(m.args, spelling)
    if spelling == "plain":
        return f"{kind}({body}, axis {axes})" if axes else f"{kind}({body})"
    below = rf"_{{\text{{axis }}{axes}}}" if axes else ""
    sign = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}.get(kind)
    sign = sign or rf"\operatorname{{{kind}}}"
    return rf"{sign}{below} {_inside(m.args[0], 2, 'latex')}"


def _latex_symbol(text):
    if not text or text == "…":
        return r"\dots" if text else ""
    head, subscript = name_parts(text)
    if head in GREEK:
        head = "\\" + head
    elif len(head) != 1 or not head.isalpha():
        head = rf"\mathrm{{{_escaped(head)}}}"
    return f"{head}_{{{subscript}}}" if subscript else head


def _escaped(text):
    """A name with the special characters of TeX escaped."""
    special = {"\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim ", " ": r"\ "}
    escaped = (special.get(c, f"\\{c}" if c in "_$%&#{}" else c) for c in text)
    return "".join(escaped)


def _latex_call(m):
    name = f"\\{m.text}" if m.text in _FUNCTIONS else rf"\operatorname{{{_escaped(m.text)}}}"
    return rf"{name}\left({_bare(m.args, 'latex')}\right)"


def _latex_product(m):
    text, *rest = _factors(m, "latex")
    for (left, right), factor in zip(itertools.pairwise(m.args), rest, strict=True):
        entries = m.text == "entries" and left.head != "number"
        sign = r" \cdot " if right.head in ("number", "negative") else r"\, "
        text += (r" \odot " if entries else sign) + factor
    return text


def _relation(m, spelling):
    sign = _RELATIONS.get(m.text, m.text) if spelling == "latex" else m.text
    return f" {sign} ".join(_inside(arg, 1, spelling) for arg in m.args)


def _cases(m, spelling):
    condition, yes, no = (getattr(arg, spelling)() for arg in m.args)
    if spelling == "plain":
        return f"({yes} if {condition} else {no})"
    return rf"\begin{{cases}}{yes} & {condition} \\ {no} & \text{{else}}\end{{cases}}"


_PLAIN: dict[str, Callable[[Maths], str]] = {
    "symbol": lambda m: m.text,
    "bar": _plain_bar,
    "number": lambda m: m.text,
    "sum": lambda m: _sum(m, "plain"),
    "negative": lambda m: f"-{_inside(m.args[0], 2, 'plain')}",
    "product": lambda m: "·".join(_factors(m, "plain")),
    "quotient": lambda m: f"{_inside(m.args[0], 2, 'plain')}/{_inside(m.args[1], 3, 'plain')}",
    "power": _plain_power,
    "matmul": lambda m: " @ ".join(_inside(factor, 3, "plain") for factor in m.args),
    "transpose": lambda m: f"{_inside(m.args[0], 5, 'plain')}ᵀ",
    "root": lambda m: f"sqrt({m.args[0].plain()})",
    "abs": lambda m: f"|{m.args[0].plain()}|",
    "call": lambda m: f"{m.text}({_bare(m.args, 'plain')})",
    "total": lambda m: _total(m, "plain"),
    "index": lambda m: f"{_inside(m.args[0], 5, 'plain')}[{_bare(m.args[1:], 'plain')}]",
    "derivative": lambda m: f"d/d{m.text} ({m.args[0].plain()})",
    "attribute": lambda m: f"{_inside(m.args[0], 5, 'plain')}.{m.text}",
    "slice": lambda m: _bare(m.args, "plain", ":"),
    "relation": lambda m: _relation(m, "plain"),
    "bracket": lambda m: f"[{m.args[0].plain()}]",
    "cases": lambda m: _cases(m, "plain"),
}

_LATEX: dict[str, Callable[[Maths], str]] = {
    "symbol": lambda m: _latex_symbol(m.text),
    "bar": lambda m: rf"\overline{{{_latex_symbol(m.text)}}}",
    "number": lambda m: re.sub(r"e([+-])0*(\d+)", r"\\cdot 10^{\g<1>\2}", m.text).replace("+", ""),
    "sum": lambda m: _sum(m, "latex"),
    "negative": lambda m: f"-{_inside(m.args[0], 2, 'latex')}",
    "product": _latex_product,
    "quotient": lambda m: rf"\frac{{{m.args[0].latex()}}}{{{m.args[1].latex()}}}",
    "power": lambda m: f"{_inside(m.args[0], 5, 'latex')}^{{{m.args[1].latex()}}}",
    "matmul": lambda m: r"\, ".join(_inside(factor, 3, "latex") for factor in m.args),
    "transpose": lambda m: rf"{_inside(m.args[0], 5, 'latex')}^{{\top}}",
    "root": lambda m: rf"\sqrt{{{m.args[0].latex()}}}",
    "abs": lambda m: rf"\left|{m.args[0].latex()}\right|",
    "call": _latex_call,
    "total": lambda m: _total(m, "latex"),
    "index": lambda m: rf"{{{_inside(m.args[0], 5, 'latex')}}}_{{[{_bare(m.args[1:], 'latex')}]}}",
    "derivative": lambda m: (
        rf"\frac{{d}}{{d{_latex_symbol(m.text)}}}\left[{m.args[0].latex()}\right]"
    ),
    "attribute": lambda m: rf"\mathrm{{{m.text}}}\left({m.args[0].latex()}\right)",
    "slice": lambda m: _bare(m.args, "latex", ":"),
    "relation": lambda m: _relation(m, "latex"),
    "bracket": lambda m: rf"\left[{m.args[0].latex()}\right]",
    "cases": lambda m: _cases(m, "latex"),
}
