"""An explanation as a page, or as a piece of a notebook."""

from symgrad.explain.maths import Maths, bar, symbol
from symgrad.explain.render.graphs import graphs
from symgrad.explain.render.markup import Markup, join, resource, tag
from symgrad.explain.render.mathml import mathml
from symgrad.explain.render.sections import compiled, rule, subset, values
from symgrad.explain.render.steps import backward, calculus, forward, inside
from symgrad.explain.render.svg import COLOURS
from symgrad.explain.report import Report

__all__ = ["as_html", "as_piece"]

# Formulas with more symbols are not shown at the head of the page.
_READABLE = 100
_COMMA = tag("small", ", ")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def as_html(report: Report) -> str:
    """A page that loads nothing, which its own security policy enforces."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"The gradient of {report.node(report.cost).name}"),
        tag("style", resource("document.css")),
    )
    body = tag("body", tag("main", as_piece(report, "page"), class_="symgrad-page"))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def as_piece(report: Report, scope: str) -> Markup:
    """The explanation as a piece of a page that may hold others.

    Parameters
    ----------
    report : Report
    scope : str
        The beginning of all ids.
    """
    sections = _sections(report)
    article = tag(
        "article",
        _header(report),
        _contents(sections, scope),
        *(_section(*section, scope) for section in sections),
        class_="symgrad", lang="en",
    )  # fmt: skip
    style = tag("style", _colours(), resource("graph.css"), resource("page.css"))
    return join([style, article, tag("script", resource("page.js"))])


def _sections(report: Report) -> list[tuple[str, str, str]]:
    """``(id, title, content)`` of the sections that are not empty."""
    nodes = report.nodes
    sections = [
        ("graphs", "Forward and back", graphs(report)),
        ("calculus", "Rule by rule", calculus(report)),
        ("forward", "Forward", forward(nodes)),
        ("backward", "Backward", backward(nodes)),
        ("inside", "Inside", join(inside(node) for node in nodes if node.inside)),
        ("subset", "The rows", join(map(subset, report.subsets))),
        ("rule", "The rule", join(map(rule, report.rules))),
        ("values", "With numbers", values(report)),
        ("compiler", "The compiler", compiled(report)),
    ]
    return [(name, title, content) for name, title, content in sections if content]


def _section(name, title, content, scope):
    heading = tag("h2", title, id=f"{scope}-{name}")
    return tag("section", heading, content, class_=name, aria_labelledby=f"{scope}-{name}")


def _contents(sections, scope):
    links = [tag("a", title, href=f"#{scope}-{name}") for name, title, _ in sections]
    return tag("nav", *links, aria_label="Sections")


def _header(report):
    cost = mathml(symbol(report.node(report.cost).name))
    names = (mathml(symbol(report.node(x).name)) for x in report.wrt)
    listed = [part for name in names for part in (_COMMA, name)][1:]
    title = tag("h1", cost, tag("small", " differentiated with respect to "), *listed)
    gradients = [_gradient(report, name, formula) for name, formula in report.gradients]
    return tag("header", title, tag("div", *gradients, class_="result"))


def _gradient(report: Report, name: str, formula: Maths | None) -> str:
    """The gradient in closed form, or if that is too long, in terms of other adjoints."""
    node = report.node(name)
    formula = formula or node.adjoint
    if formula is None:
        return ""
    if formula.size() > _READABLE:
        return tag("p", mathml(bar(name)), f" is a sum of {len(node.contributions)} terms")
    return tag("p", mathml(bar(name), "=", formula), class_="wide")


def _colours():
    variables = (
        f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in COLOURS.items()
    )
    return Markup(f".symgrad {{{''.join(variables)}}}\n")
