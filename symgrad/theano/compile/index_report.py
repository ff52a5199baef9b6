"""Indices that are out of range on JAX, which clamps them: the function reports, and raises.

One more output, whose name says what is asked for beside it, holds ``(bad, index, length)`` for an
index each; updates are held back when one is bad. Graphs with a loop are not checked: JAX wants the
lengths of their arrays to be static, and a check hides constants.
"""

import pytensor.tensor as pt
from pytensor.compile.io import Out
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.scan.op import Scan

from symgrad.compile.check_indices import check_indices
from symgrad.graph.replace import substitute
from symgrad.theano.compile.set_to_inc import with_incs

__all__ = ["check_report", "reported", "with_report"]

NAME = "symgrad_index_report beside "


def with_report(outputs, updates, givens):
    """Outputs and updates with checked indices, the report behind the outputs, if there is one.

    `givens` are put in, where they are reached: an index is often in them.
    """
    listed = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    listed = [] if outputs is None else listed
    updates = {old: _like(old, new) for old, new in updates}
    if not all(isinstance(old, SharedVariable) for old in updates):
        return outputs, list(updates.items())  # the error that follows says so
    # A write that is held back no longer shows what Theano would have made of it.
    variables = with_incs(_given([*map(_variable, listed), *updates.values()], givens))
    updates = dict(zip(updates, variables[len(listed) :], strict=True))
    variables = variables[: len(listed)]
    if _loops(variables, updates):
        return outputs, list(updates.items())
    guarded = check_indices(variables, updates, "jax")
    findings = [finding for finding in guarded.findings if finding.kind == "index"]
    if not findings:
        return outputs, list(updates.items())
    checked = [
        Out(new, borrow=one.borrow) if isinstance(one, Out) else new
        for one, new in zip(listed, guarded.outputs, strict=True)
    ]
    last = pt.stack([entry for finding in findings for entry in finding.variables])
    last.name = NAME + _kind(outputs)
    return [*checked, last], list(guarded.updates.items())


def reported(outputs):
    """What is beside the report, "nothing", "one" or "several"; None if the last is no report."""
    name = (outputs[-1].variable.name if outputs else None) or ""
    return name[len(NAME) :] if name.startswith(NAME) else None


def check_report(report):
    """Raise IndexError for what a report says."""
    for bad, index, length in report.reshape(-1, 3).tolist():
        if bad:
            raise IndexError(f"index {index} is out of bounds for an axis of length {length}")


def _kind(outputs):
    if outputs is None:
        return "nothing"
    return "several" if isinstance(outputs, (list, tuple)) else "one"


def _given(variables, givens):
    """Variables with what is given in place; what does not fit is left for PyTensor to refuse."""
    fitting = {}
    for old, new in givens:
        if isinstance(new, Variable) and new.type.is_super(old.type) | old.type.is_super(new.type):
            fitting[old] = old.type.filter_variable(new)
    return substitute(variables, fitting)


def _loops(variables, updates):
    whole = [*variables, *updates.values()]
    return any(one.owner and isinstance(one.owner.op, Scan) for one in ancestors(whole))


def _variable(output):
    return output.variable if isinstance(output, Out) else output


def _like(shared, new):
    return new if isinstance(new, Variable) else shared.type.filter_variable(new)
