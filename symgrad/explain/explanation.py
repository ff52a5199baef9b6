"""An explanation: its data, and methods that print, save and check it."""

import uuid
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from symgrad.errors import OptionError
from symgrad.explain.check import CheckResult, check
from symgrad.explain.data import ExplanationData
from symgrad.explain.derive.derivation import Derivation
from symgrad.explain.render import (
    as_html,
    as_json,
    as_markdown,
    as_mermaid,
    as_piece,
    as_svg,
    as_text,
)
from symgrad.explain.sample import Point

__all__ = ["Explanation"]

_METHODS = {
    ".html": "html",
    ".svg": "svg",
    ".md": "markdown",
    ".mmd": "mermaid",
    ".json": "json",
    ".txt": "text",
}


@dataclass(frozen=True)
class Explanation(ExplanationData):
    """How a gradient was derived, what it is, and what the compiler made of it.

    ``print(e)`` gives the text, a notebook shows the page, and :meth:`save` writes either.

    Attributes
    ----------
    cost : str
        Id of the node that is differentiated.
    wrt : tuple of str
        Ids of the nodes with respect to which it is differentiated.
    nodes : tuple of Node
        In the order of computation. Forward edges are their ``inputs``, gradient edges the
        ``consumer`` of their ``contributions``.
    gradients : tuple of (str, Maths or None)
        The gradient with respect to each of `wrt` in closed form; None if it is too long to read.
    calculus : tuple of CalculusLine
        For functions of one number, the derivation as a textbook writes it.
    subsets : tuple of SubsetStory
    rules : tuple of RuleStory
    readings : tuple of Reading
        If values were given: value, adjoint and finite difference of each node.
    compilation : Compilation or None

    Examples
    --------
    >>> import pytensor.tensor as pt, symgrad as sg
    >>> x = pt.dscalar("x")
    >>> sg.explain(pt.sin(x), x, backend=None).gradients[0][1].plain()
    'cos(x)'
    """

    # Not data, but the expressions behind the formulas: `check` computes them.
    _derivation: Derivation = field(repr=False, compare=False, kw_only=True)
    _point: Point | None = field(repr=False, compare=False, kw_only=True)

    def check(self, seed: int = 0) -> CheckResult:
        """Compute every line at random inputs, and compare it.

        Each term, as the law gives it and simplified, is compared in float64 with central
        differences of its step and with PyTensor's gradient; so is each gradient from end to
        end. Inputs are taken near the values that were given, else from (0.3, 0.9).

        Parameters
        ----------
        seed : int

        Returns
        -------
        CheckResult
            It is true if all lines agree.
        """
        return check(self._derivation, self._point, seed)

    def text(self) -> str:
        """The explanation as text."""
        return as_text(self)

    def markdown(self) -> str:
        """The explanation in Markdown, with its formulas in LaTeX between ``$$``."""
        return as_markdown(self)

    def mermaid(self) -> str:
        """The forward and the gradient graph in the language of Mermaid."""
        return as_mermaid(self)

    def json(self) -> str:
        """All data as JSON, with each formula as text, as LaTeX and as a tree."""
        return as_json(self)

    def svg(self) -> str:
        """The forward and the gradient graph side by side, as a drawing."""
        return as_svg(self)

    def html(self) -> str:
        """The explanation as one page, which needs no network and no other file."""
        return as_html(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the explanation to a file.

        Parameters
        ----------
        path : path
            The suffix chooses the format: ``.html``, ``.svg``, ``.md``, ``.mmd`` (Mermaid),
            ``.json`` or ``.txt``.

        Raises
        ------
        HyperparameterError
            For another suffix.
        """
        method = _METHODS.get(Path(path).suffix)
        if method is None:
            raise OptionError(
                f"{str(path)!r} has no suffix that says what to write: end it in "
                f"{', '.join(_METHODS)}"
            )
        page = getattr(self, method)()
        Path(path).write_text(page.rstrip("\n") + "\n", encoding="utf-8")

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        # One page may show the outputs of several cells and runs.
        return as_piece(self, f"symgrad-{uuid.uuid4().hex[:12]}")

    def _repr_markdown_(self) -> str:
        return self.markdown()
