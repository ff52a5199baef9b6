"""Indices out of range on JAX, which would clamp them: the function reports them, and raises.

The report is one more output, the last. It holds ``(bad, index, length)`` for each index, and its
name says what else the function returns. Updates are held back when an index is bad. Graphs with a
loop are not checked: JAX needs static lengths there, and a check hides constants.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.io import Out
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.scan.op import Scan

from symgrad.theano.core import checked_indices, substitute
from symgrad.theano.rewriting.set_to_inc import sets_to_incs

__all__ = ["check_report", "returned_beside_report", "with_report"]

Pairs = list[tuple[Variable, Any]]

NAME = "symgrad_index_report beside "


def with_report(outputs: Any, updates: Pairs, givens: Pairs) -> tuple[Any, Pairs]:
    """Outputs and updates with checked indices; the report is the last output, if there is one.

    `givens` are replaced in the graph first, because an index is often among them.
    """
    given_outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    given_outputs = [] if outputs is None else given_outputs
    news = {shared: _as_variable(shared, new) for shared, new in updates}
    if not all(isinstance(shared, SharedVariable) for shared in news):
        return outputs, list(news.items())  # PyTensor raises for them
    variables = [*map(_variable, given_outputs), *news.values()]
    # A write that is held back no longer shows what Theano would have made of it.
    variables = sets_to_incs(_with_givens(variables, givens))
    news = dict(zip(news, variables[len(given_outputs) :], strict=True))
    variables = variables[: len(given_outputs)]
    if _has_loop([*variables, *news.values()]):
        return outputs, list(news.items())
    variables, checked_news, report = checked_indices(variables, news)
    if not report:
        return outputs, list(news.items())
    checked = [
        Out(new, borrow=output.borrow) if isinstance(output, Out) else new
        for output, new in zip(given_outputs, variables, strict=True)
    ]
    stacked = pt.stack(report)
    stacked.name = NAME + _form(outputs)
    return [*checked, stacked], list(checked_news.items())


def returned_beside_report(outputs: Sequence[Out]) -> str | None:
    """What a function returns beside its report: "nothing", "one" or "several" outputs.

    None if it has no report.
    """
    name = (outputs[-1].variable.name if outputs else None) or ""
    return name[len(NAME) :] if name.startswith(NAME) else None


def check_report(report: np.ndarray) -> None:
    """Raise IndexError if an index of the report is out of range."""
    for bad, index, length in report.reshape(-1, 3).tolist():
        if bad:
            raise IndexError(f"index {index} is out of bounds for an axis of length {length}")


def _form(outputs):
    if outputs is None:
        return "nothing"
    return "several" if isinstance(outputs, (list, tuple)) else "one"


def _with_givens(variables, givens):
    """`variables` with `givens` replaced; PyTensor refuses those that do not fit."""
    fitting = {}
    for old, new in givens:
        if isinstance(new, Variable) and new.type.is_super(old.type) | old.type.is_super(new.type):
            fitting[old] = old.type.filter_variable(new)
    return substitute(variables, fitting)


def _has_loop(variables: Iterable[Variable]) -> bool:
    return any(
        variable.owner and isinstance(variable.owner.op, Scan) for variable in ancestors(variables)
    )


def _variable(output):
    return output.variable if isinstance(output, Out) else output


def _as_variable(shared, new):
    return new if isinstance(new, Variable) else shared.type.filter_variable(new)
