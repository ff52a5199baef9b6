"""An explanation as a page of its own, or as a piece of a notebook."""

from symgrad.explain.maths import bar, symbol
from symgrad.explain.render.graphs import graphs
from symgrad.explain.render.markup import Markup, join, resource, tag
from symgrad.explain.render.mathml import mathml
from symgrad.explain.render.steps import backward, calculus, forward, inside
from symgrad.explain.render.stories import compiled, rule, subset, values
from symgrad.explain.render.svg import COLOURS

__all__ = ["as_html", "as_piece"]

# Formulas with more signs are not shown at the head of the page.
_READABLE = 100
_COMMA = tag("small", ", ")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def as_html(explanation):
    """A page that needs nothing but itself, and is not let at anything else."""
    e = explanation
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"The gradient of {e.node(e.cost).name}"),
        tag("style", resource("document.css")),
    )
    body = tag("body", tag("main", as_piece(e, "page"), class_="symgrad-page"))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def as_piece(explanation, scope):
    """The explanation for a page with others.

    Parameters
    ----------
    explanation : Explanation
    scope : str
        What ids begin with.
    """
    article = tag(
        "article",
        _header(explanation),
        _contents(sections := _sections(explanation), scope),
        *(_section(*one, scope) for one in sections),
        class_="symgrad", lang="en",
    )  # fmt: skip
    style = tag("style", _colours(), resource("graph.css"), resource("page.css"))
    return join([style, article, tag("script", resource("page.js"))])


def _sections(e):
    """``(id, title, content)`` of what there is to say."""
    found = [("graphs", "Forward and back", graphs(e))]
    found += [("calculus", "Rule by rule", calculus(e))]
    found += [("forward", "Forward", forward(e.nodes)), ("backward", "Backward", backward(e.nodes))]
    found += [("inside", "Inside", join(inside(one) for one in e.nodes if one.inside))]
    found += [("subset", "The rows", join(map(subset, e.subsets)))]
    found += [("rule", "The rule", join(map(rule, e.rules)))]
    found += [("values", "With numbers", values(e)), ("compiler", "The compiler", compiled(e))]
    return [one for one in found if one[2]]


def _section(name, title, content, scope):
    made = tag("h2", title, id=f"{scope}-{name}")
    return tag("section", made, content, class_=name, aria_labelledby=f"{scope}-{name}")


def _contents(sections, scope):
    links = [tag("a", title, href=f"#{scope}-{name}") for name, title, _ in sections]
    return tag("nav", *links, aria_label="Sections")


def _header(e):
    names = [part for one in e.wrt for part in (_COMMA, mathml(symbol(e.node(one).name)))][1:]
    title = [mathml(symbol(e.node(e.cost).name)), tag("small", " differentiated with respect to ")]
    found = [_gradient(e, name, formula) for name, formula in e.gradients]
    return tag("header", tag("h1", *title, *names), tag("div", *found, class_="result"))


def _gradient(e, name, formula):
    """In closed form, or if that is too long by the adjoints of the lines below."""
    node = e.node(name)
    formula = formula or node.adjoint
    if formula is None:
        return ""
    if formula.size() > _READABLE:
        return tag("p", mathml(bar(name)), f" is a sum of {len(node.contributions)} terms")
    return tag("p", mathml(bar(name), "=", formula), class_="wide")


def _colours():
    made = "".join(f"--{name}: light-dark({on}, {off});" for name, (on, off) in COLOURS.items())
    return Markup(f".symgrad {{{made}}}\n")
