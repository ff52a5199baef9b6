"""Functions of one number, differentiated as in a textbook: rule by rule, then simplified."""

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.elemwise import Elemwise

from symgrad.explain.derive.names import Names
from symgrad.explain.derive.simplify import simplified
from symgrad.explain.derive.trace import Trace
from symgrad.explain.maths import Maths, number
from symgrad.graph.replace import substitute

__all__ = ["CalculusLine", "derivative_lines", "is_scalar_calculus"]

# The chain rule is part of these laws.
_WITH_CHAIN_RULE = ("sum rule", "product rule", "quotient rule", "factor rule")


@dataclass(frozen=True)
class CalculusLine:
    """One application of a rule.

    Attributes
    ----------
    law : str
    of : Maths
        The derivative that is asked for.
    by_rule : Maths
        What the rule makes of it.
    result : Maths
        The same simplified, with all derivatives in it carried out.
    """

    law: str
    of: Maths
    by_rule: Maths
    result: Maths


def is_scalar_calculus(trace: Trace) -> bool:
    """Is the output one number, as a function of one number?"""
    if len(trace.wrt) != 1 or len(trace.outputs) != 1 or not trace.lines:
        return False
    if not all(isinstance(line.step.op, Elemwise) for line in trace.lines):
        return False
    variables = [*trace.wrt, *(x for line in trace.lines for x in line.step.inputs)]
    return all(variable.type.ndim == 0 for variable in variables)


def derivative_lines(
    trace: Trace, names: Names
) -> tuple[tuple[CalculusLine, ...], dict[Variable, Variable]]:
    """The lines, inner functions first, and the derivatives as expressions, by variable.

    Parameters
    ----------
    trace : Trace
        One for which :func:`is_scalar_calculus` holds.
    names : Names
    """
    (x,) = trace.wrt
    hidden = {result for result in names.names if result.owner is not None and result is not x}
    written_out = names.without(hidden)
    derivatives: dict[Variable, Variable] = {x: pt.ones_like(x)}
    lines = []
    for line in trace.lines:
        (z,) = line.step.outputs
        parts = _parts(line, trace)
        if not parts:
            continue
        terms = [local * derivatives[source] for source, local, _ in parts]
        total = pt.add(*terms) if len(terms) > 1 else terms[0]
        derivatives[z] = simplified(total, set(written_out.names))
        lines.append(
            CalculusLine(
                _law(parts, x),
                Maths("derivative", (written_out.formula(z),), names.names[x]),
                _by_rule(parts, x, written_out, names.names[x]),
                written_out.formula(derivatives[z]).ordered(),
            )
        )
    return tuple(lines), derivatives


def _parts(line, trace):
    """Inner variable, local derivative and term, for each input that depends on x."""
    (z,) = line.step.outputs
    parts = []
    for position, source in enumerate(trace.sources(line)):
        for term in trace.terms_of(line, source):
            if term.position == position:
                z_bar = {trace.bars[z]: pt.constant(np.array(1.0, z.type.dtype))}
                local = substitute([term.expression], z_bar)[0]
                parts.append((source, simplified(local, trace.known()), term))
    return parts


def _law(parts, x):
    law = ", ".join(dict.fromkeys(term.law for _, _, term in parts))
    is_chain = any(source is not x for source, _, _ in parts)
    return f"chain rule, {law}" if is_chain and law not in _WITH_CHAIN_RULE else law


def _by_rule(parts, x, names, x_name):
    """The sum over the inputs of local derivative times derivative of the input."""
    terms = []
    for source, local, term in parts:
        outer = names.formula(local).ordered()
        if source is x:
            terms.append(outer)
            continue
        inner = Maths("derivative", (names.formula(source),), x_name)
        if outer == number(1):
            terms.append(inner)
        elif outer == number(-1):
            terms.append(Maths("negative", (inner,)))
        else:
            is_left = term.position == 0 and len(parts) > 1
            terms.append(Maths("product", (inner, outer) if is_left else (outer, inner)))
    return terms[0] if len(terms) == 1 else Maths("sum", tuple(terms))
