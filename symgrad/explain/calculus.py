"""Functions of one number, differentiated as a textbook does: rule by rule, then simplified."""

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.elemwise import Elemwise

from symgrad.explain.maths import Maths
from symgrad.explain.simplify import simplified
from symgrad.explain.trace import seen_through
from symgrad.graph.replace import substitute

__all__ = ["CalculusLine", "derivative_lines", "is_scalar_calculus"]

# These laws are chains themselves.
_OWN = ("sum rule", "product rule", "quotient rule", "factor rule")


@dataclass(frozen=True)
class CalculusLine:
    """One application of a rule.

    Attributes
    ----------
    law : str
    of, by_rule, result : Maths
        The derivative that is looked for; what the rule makes of it; and that simplified, with
        all derivatives in it carried out.
    """

    law: str
    of: Maths
    by_rule: Maths
    result: Maths


def is_scalar_calculus(found):
    """Is this one number as a function of one number?"""
    if len(found.wrt) != 1 or len(found.outputs) != 1:
        return False
    variables = [*found.wrt, *(one for line in found.lines for one in line.step.inputs)]
    elementwise = all(isinstance(line.step.op, Elemwise) for line in found.lines)
    numbers = all(one.type.ndim == 0 for one in variables)
    return elementwise and numbers and bool(found.lines)


def derivative_lines(found, names):
    """The lines, inner functions first, and the derivatives as expressions, by variable.

    Parameters
    ----------
    found : Trace
        For which :func:`is_scalar_calculus` holds.
    names : Names
    """
    (x,) = found.wrt
    hidden = {one for one in names.names if one.owner is not None and one is not x}
    written_out = names.without(hidden)
    derivatives: dict[Variable, Variable] = {x: pt.ones_like(x)}
    lines = []
    for line in found.lines:
        (z,) = line.step.outputs
        parts = _parts(line, found)
        if not parts:
            continue
        whole = [local * derivatives[source] for source, local, _ in parts]
        total = pt.add(*whole) if len(whole) > 1 else whole[0]
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


def _parts(line, found):
    """Inner variable, local derivative and term, for each input that depends on x."""
    (z,) = line.step.outputs
    parts = []
    for position, one in enumerate(line.step.inputs):
        source, _ = seen_through(one, found.wrt)
        for term in found.terms.get(source, ()):
            if term.line is line and term.position == position:
                one_bar = {found.bars[z]: pt.constant(np.array(1.0, z.type.dtype))}
                local = substitute([term.expression], one_bar)[0]
                parts.append((source, simplified(local, found.known()), term))
    return parts


def _law(parts, x):
    laws = dict.fromkeys(term.law for _, _, term in parts)
    law = ", ".join(laws)
    inner = any(source is not x for source, _, _ in parts)
    return f"chain rule, {law}" if inner and law not in _OWN else law


def _by_rule(parts, x, names, name):
    """Local derivative times the derivative of what is inside, for each part."""
    terms = []
    for source, local, term in parts:
        outer = names.formula(local).ordered()
        if source is x:
            terms.append(outer)
            continue
        inner = Maths("derivative", (names.formula(source),), name)
        if outer == Maths("number", text="1"):
            terms.append(inner)
        elif outer == Maths("negative", (Maths("number", text="1"),)):
            terms.append(Maths("negative", (inner,)))
        else:
            pair = (inner, outer) if term.position == 0 and len(parts) > 1 else (outer, inner)
            terms.append(Maths("product", pair))
    return terms[0] if len(terms) == 1 else Maths("sum", tuple(terms))
