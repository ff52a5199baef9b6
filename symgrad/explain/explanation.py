"""An explanation: plain data, and the ways to print it."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from symgrad.errors import HyperparameterError
from symgrad.explain import check as checking
from symgrad.explain.calculus import CalculusLine
from symgrad.explain.compiler import Compilation
from symgrad.explain.derivation import Node
from symgrad.explain.maths import Maths
from symgrad.explain.render import (
    as_html,
    as_json,
    as_markdown,
    as_mermaid,
    as_piece,
    as_svg,
    as_text,
)
from symgrad.explain.rule import RuleStory
from symgrad.explain.story import SubsetStory
from symgrad.explain.values import Reading

__all__ = ["Explanation"]

_FORMATS = {
    ".html": "html",
    ".svg": "svg",
    ".md": "markdown",
    ".mmd": "mermaid",
    ".json": "json",
    ".txt": "text",
}


@dataclass(frozen=True)
class Explanation:
    """How a gradient was derived, what it is, and what the compiler made of it.

    ``print(e)`` gives it as text, a notebook shows it as a page, and :meth:`save` writes either.

    Attributes
    ----------
    cost : str
        Id of the node that is differentiated.
    wrt : tuple of str
        Ids of the nodes with respect to which.
    nodes : tuple of Node
        In the order of computation. Forward edges are their ``inputs``, gradient edges the
        ``consumer`` of their ``contributions``.
    gradients : tuple of (str, Maths or None)
        For each of `wrt` the gradient in closed form; None if it is too long to be read.
    calculus : tuple of CalculusLine
        For functions of one number, the derivation as a textbook writes it.
    subsets : tuple of SubsetStory
    rules : tuple of RuleStory
    readings : tuple of Reading
        For values that were given: value, adjoint and finite difference of each node.
    compilation : Compilation or None

    Examples
    --------
    >>> import pytensor.tensor as pt, symgrad as sg
    >>> x = pt.dscalar("x")
    >>> sg.explain(pt.sin(x), x, backend=None).gradients[0][1].plain()
    'cos(x)'
    """

    cost: str
    wrt: tuple[str, ...]
    nodes: tuple[Node, ...]
    gradients: tuple[tuple[str, Maths | None], ...]
    calculus: tuple[CalculusLine, ...] = ()
    subsets: tuple[SubsetStory, ...] = ()
    rules: tuple[RuleStory, ...] = ()
    readings: tuple[Reading, ...] = ()
    compilation: Compilation | None = None
    # Not data but the expressions behind the formulas: what `check` computes.
    _found: object = field(default=None, repr=False, compare=False)
    _names: object = field(default=None, repr=False, compare=False)
    _point: object = field(default=None, repr=False, compare=False)

    def node(self, id_or_name):
        """The node with an id or a name."""
        return next(one for one in self.nodes if id_or_name in (one.id, one.name))

    def check(self, seed=0):
        """Compute every line at random inputs, and compare it.

        Parameters
        ----------
        seed : int

        Returns
        -------
        Check
            True if every term, as the law gives it and simplified, agrees in float64 with central
            differences of its step and with PyTensor's gradient, and so does every gradient from
            end to end. Inputs are taken near the values that were given, else from (0.3, 0.9).
        """
        return checking.check(self._found, self._names, self._point, seed)

    def text(self):
        """The explanation as text."""
        return as_text(self)

    def markdown(self):
        """The explanation in Markdown, with its formulas in LaTeX between ``$$``."""
        return as_markdown(self)

    def mermaid(self):
        """Forward and gradient graph in the language of Mermaid."""
        return as_mermaid(self)

    def json(self):
        """All of it as JSON; each formula as text, as LaTeX and as a tree."""
        return as_json(self)

    def svg(self):
        """Forward and gradient graph side by side, as a drawing of its own."""
        return as_svg(self)

    def html(self):
        """All of it as one page, which needs no network, no other file and no other program."""
        return as_html(self)

    def save(self, path):
        """Write it to a file.

        Parameters
        ----------
        path : path
            Its suffix says what is written: ``.html``, ``.svg``, ``.md``, ``.mmd`` (Mermaid),
            ``.json`` or ``.txt``.

        Raises
        ------
        HyperparameterError
            For another suffix.
        """
        kind = _FORMATS.get(Path(path).suffix)
        if kind is None:
            raise HyperparameterError(
                f"{str(path)!r} has no suffix that says what to write: end it in "
                f"{', '.join(_FORMATS)}"
            )
        page = getattr(self, kind)()
        Path(path).write_text(page.rstrip("\n") + "\n", encoding="utf-8")

    def __str__(self):
        return self.text()

    def _repr_html_(self):
        # Several outputs may come to stand on one page, also of other runs.
        return as_piece(self, f"symgrad-{uuid.uuid4().hex[:12]}")

    def _repr_markdown_(self):
        return self.markdown()
