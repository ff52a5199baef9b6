"""How a gradient is derived, computed and compiled, line by line.

The package is a pipeline. Each module imports only from those listed before it:

1. ``maths``: formulas as plain data, spelled as text and as LaTeX.
2. ``graph``: questions to a PyTensor graph.
3. ``laws``: how each Op is written, and what it passes back to its inputs.
4. ``derive``: the reverse pass, its textbook form, names, shapes, and the evaluation of graphs.
5. ``sample``: the point at which an explanation is evaluated.
6. ``readings``, ``subset``, ``rule``, ``compiler``, ``check``: what is said about a derivation:
   its numbers, its rows, its update rule, its compilation, and whether it is true.
7. ``data``: all that an explanation shows, as plain data.
8. ``render``: the data as text, Markdown, HTML, SVG, Mermaid and JSON.
9. ``explanation``: the data with methods that render and check it.
10. ``pipeline``: from a cost to its explanation; ``command``: the same from the command line.

This module is the door. It imports the machinery when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytensor.graph.basic import Variable

    from symgrad.cost.lookups import Subset
    from symgrad.emit.updates import Updates
    from symgrad.explain.explanation import Explanation as Explanation
    from symgrad.explain.laws.notation import Notation as Notation
    from symgrad.explain.laws.notation import Step as Step
    from symgrad.explain.laws.table import notation as notation
    from symgrad.explain.laws.table import notation_of as notation_of
    from symgrad.explain.maths import Maths as Maths
    from symgrad.explain.maths import call as call
    from symgrad.explain.maths import number as number
    from symgrad.explain.maths import symbol as symbol

__all__ = [
    "Explanation",
    "Maths",
    "Notation",
    "Step",
    "call",
    "explain",
    "notation",
    "notation_of",
    "number",
    "symbol",
]

_MODULE_OF = {
    "Explanation": "explanation",
    "Maths": "maths",
    "Notation": "laws.notation",
    "Step": "laws.notation",
    "call": "maths",
    "notation": "laws.table",
    "notation_of": "laws.table",
    "number": "maths",
    "symbol": "maths",
}


def explain(
    cost: Variable,
    wrt: Variable | Subset | Sequence[Variable | Subset] | None = None,
    rule: Callable[..., Updates] | Updates | None = None,
    values: Mapping[Variable | str, Any] | None = None,
    backend: str | None = "c",
) -> Explanation:
    """Derive the gradient of a cost, and keep every step.

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, Subset, or sequence of them, optional
        As in :func:`symgrad.grad`. Default: all shared variables and inputs of floats.
    rule : callable or Updates, optional
        A function of cost and parameters, such as :func:`symgrad.adam`. The explanation then
        shows its formulas.
    values : mapping, optional
        Values of the inputs, by variable or by name. The explanation then shows numbers.
    backend : {"c", "numba", "jax"} or None
        The backend whose rewrites are shown; None for none.

    Returns
    -------
    Explanation

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, IntegerTableError
        For the same reasons as in :func:`symgrad.grad`.
    HyperparameterError
        If `values` do not fit the inputs, or `rule` is not a rule.
    BackendError
        If the backend does not exist.

    Notes
    -----
    Adjoints are made by the notations of the Ops (:func:`symgrad.explain.notation`), not by
    PyTensor's own gradient. :meth:`Explanation.check` compares the two. The rewrites are those of
    the backend, but no code is generated, and no shared variable is changed.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symgrad.explain import explain
    >>> x = pt.dscalar("x")
    >>> e = explain(x**2 * pt.sin(x), x, backend=None)
    >>> e.gradients[0][1].plain()
    '2·x·sin(x) + x²·cos(x)'
    >>> bool(e.check())
    True
    """
    from symgrad.explain.pipeline import explanation_of

    return explanation_of(cost, wrt, rule, values, backend)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
