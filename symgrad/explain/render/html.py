"""An explanation as a page, or as a piece of a notebook."""

from symgrad.explain.data import ExplanationData
from symgrad.explain.maths import Maths, bar, symbol
from symgrad.explain.render.graphs import graphs
from symgrad.explain.render.markup import Markup, join, resource, tag
from symgrad.explain.render.mathml import mathml
from symgrad.explain.render.sections import compiled, rule, subset, values
from symgrad.explain.render.steps import backward, calculus, forward, inside
from symgrad.explain.render.svg import COLOURS

__all__ = ["as_html", "as_piece"]

# Formulas with more symbols are not shown at the head of the page.
_READABLE = 100
_COMMA = tag("small", ", ")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def as_html(explanation: ExplanationData) -> str:
    """A page that loads nothing, which its own security policy enforces."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"The gradient of {explanation.node(explanation.cost).name}"),
        tag("style", resource("document.css")),
    )
    body = tag("body", tag("main", as_piece(explanation, "page"), class_="symgrad-page"))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def as_piece(explanation: ExplanationData, scope: str) -> Markup:
    """The explanation as a piece of a page that may hold others.

    Parameters
    ----------
    explanation : ExplanationData
    scope : str
        The beginning of all ids.
    """
    sections = _sections(explanation)
    article = tag(
        "article",
        _header(explanation),
        _contents(sections, scope),
        *(_section(*section, scope) for section in sections),
        class_="symgrad", lang="en",
    )  # fmt: skip
    style = tag("style", _colours(), resource("graph.css"), resource("page.css"))
    return join([style, article, tag("script", resource("page.js"))])


def _sections(explanation: ExplanationData) -> list[tuple[str, str, str]]:
    """``(id, title, content)`` of the sections that are not empty."""
    nodes = explanation.nodes
    sections = [
        ("graphs", "Forward and back", graphs(explanation)),
        ("calculus", "Rule by rule", calculus(explanation)),
        ("forward", "Forward", forward(nodes)),
        ("backward", "Backward", backward(nodes)),
        ("inside", "Inside", join(inside(node) for node in nodes if node.inside)),
        ("subset", "The rows", join(map(subset, explanation.subsets))),
        ("rule", "The rule", join(map(rule, explanation.rules))),
        ("values", "With numbers", values(explanation)),
        ("compiler", "The compiler", compiled(explanation)),
    ]
    return [(name, title, content) for name, title, content in sections if content]


def _section(name, title, content, scope):
    heading = tag("h2", title, id=f"{scope}-{name}")
    return tag("section", heading, content, class_=name, aria_labelledby=f"{scope}-{name}")


def _contents(sections, scope):
    links = [tag("a", title, href=f"#{scope}-{name}") for name, title, _ in sections]
    return tag("nav", *links, aria_label="Sections")


def _header(explanation):
    cost = mathml(symbol(explanation.node(explanation.cost).name))
    names = (mathml(symbol(explanation.node(x).name)) for x in explanation.wrt)
    listed = [part for name in names for part in (_COMMA, name)][1:]
    title = tag("h1", cost, tag("small", " differentiated with respect to "), *listed)
    gradients = [_gradient(explanation, name, formula) for name, formula in explanation.gradients]
    return tag("header", title, tag("div", *gradients, class_="result"))


def _gradient(explanation: ExplanationData, name: str, formula: Maths | None) -> str:
    """The gradient in closed form, or if that is too long, in terms of other adjoints."""
    node = explanation.node(name)
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
