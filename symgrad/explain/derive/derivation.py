"""The derivation as plain data: a node for each variable, with all that flows back to it."""

from dataclasses import dataclass

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.explain.loops import body_of
from symgrad.explain.maths import Maths
from symgrad.explain.names import Names
from symgrad.explain.notation import is_float, name_of
from symgrad.explain.rebuild import values_at
from symgrad.explain.simplify import simplified
from symgrad.explain.trace import has_name, seen_through, trace

__all__ = ["Contribution", "Inside", "Node", "derive", "derive_inside", "gradient_of"]

# A formula with more signs than this explains nothing.
_READABLE = 60


@dataclass(frozen=True)
class Contribution:
    """One term of the sum that an adjoint is.

    Attributes
    ----------
    consumer : str
        Id of the node that passes it back.
    law : str
    local : Maths or None
        The local derivative, of an Op that works entry by entry.
    by_law : Maths
        The term as the law gives it.
    term : Maths
        The term simplified.
    """

    consumer: str
    law: str
    local: Maths | None
    by_law: Maths
    term: Maths


@dataclass(frozen=True)
class Inside:
    """The computation inside an Op: a step of a loop, or a named computation."""

    law: str
    nodes: tuple["Node", ...]


@dataclass(frozen=True)
class Node:
    """A variable, how it was made, and its adjoint.

    Attributes
    ----------
    id : str
        ``n0``, ``n1``... in the order of computation.
    name : str
    is_named : bool
        By the user, or as an input.
    kind : {"input", "shared", "wrt", "step", "cost"}
    op : str
        The Op that makes it; nothing for inputs.
    dtype : str
    shape : tuple of str
        Numbers, and a letter for each length that is open.
    inputs : tuple of str
        Ids of the nodes it is made of: the edges of the forward graph.
    forward : Maths or None
    law : str
        By which its adjoint goes back to its inputs.
    contributions : tuple of Contribution
        Edges of the gradient's graph, last consumer first.
    adjoint : Maths or None
        Their sum.
    inside : Inside or None
    """

    id: str
    name: str
    is_named: bool
    kind: str
    op: str
    dtype: str
    shape: tuple[str, ...]
    inputs: tuple[str, ...]
    forward: Maths | None
    law: str
    contributions: tuple[Contribution, ...]
    adjoint: Maths | None
    inside: Inside | None


def derive(outputs, wrt, given=(), prefix="n", point=None):
    """Derive, and describe.

    Parameters
    ----------
    outputs, wrt : list of variables
    given : mapping, optional
        Names, before those that variables have.
    prefix : str
        What ids begin with.
    point : dict, optional
        Values of the inputs, for the shapes.

    Returns
    -------
    tuple
        The :class:`~symgrad.explain.trace.Trace`, the :class:`Names`, ids by variable, and the
        nodes in order.
    """
    found = trace(outputs, wrt)
    names = Names(found, given, point or ())
    variables = list(names.names)
    ids = {one: f"{prefix}{k}" for k, one in enumerate(variables)}
    shown = [found.shown(one) for one in variables]
    shapes = [names.lengths.of(one) for one in shown]
    if point is not None:
        shapes = [tuple(map(str, np.shape(one))) for one in values_at(point, shown)]
    makers = {one: line for line in found.lines for one in line.step.outputs}
    nodes = tuple(
        _node(one, found, names, ids, makers.get(one), shape)
        for one, shape in zip(variables, shapes, strict=True)
    )
    return found, names, ids, nodes


def _node(variable, found, names, ids, line, shape):
    contributions = tuple(
        _contribution(term, found, names, ids) for term in found.terms.get(variable, ())
    )
    return Node(
        id=ids[variable],
        name=names.names[variable],
        is_named=variable.owner is None or has_name(variable),
        kind=_kind(variable, found),
        op=name_of(line.step.op) if line else "",
        dtype=getattr(variable.type, "dtype", ""),
        shape=shape,
        inputs=_inputs(line, ids),
        forward=_forward(variable, line, names),
        law=_law(line, found),
        contributions=contributions,
        adjoint=_adjoint(variable, contributions, found),
        inside=_inside(line, ids[variable], names),
    )


def _kind(variable, found):
    if variable in found.outputs:
        return "cost"
    if variable in found.wrt:
        return "wrt"
    if isinstance(variable, SharedVariable):
        return "shared"
    return "input" if variable.owner is None else "step"


def _inputs(line, ids):
    if line is None:
        return ()
    sources, stack = {}, list(reversed(line.step.inputs))
    while stack:
        one = stack.pop()
        if one in ids:
            sources[ids[one]] = None
        elif one.owner is not None:
            stack.extend(reversed(one.owner.inputs))
    return tuple(sources)


def _forward(variable, line, names):
    if line is None:
        return None
    written = names.forward(line)
    if len(line.step.outputs) > 1:
        return Maths(
            "index", (written, Maths("number", text=str(line.step.outputs.index(variable))))
        )
    return written


def _law(line, found):
    """The law of the first input that something goes back to."""
    if line is None:
        return ""
    for position, x in enumerate(line.step.inputs):
        source, _ = seen_through(x, found.wrt)
        for term in found.terms.get(source, ()):
            if term.line is line and term.position == position:
                return term.law
    return ""


def _contribution(term, found, names, ids):
    consumer = next(one for one in term.line.step.outputs if one in ids)
    local = term.line.notation.local(term.line.step, term.position)
    if local is not None:
        local = names.formula(simplified(local, found.known()))
    return Contribution(
        ids[consumer], term.law, local, names.formula(term.raw), names.formula(term.expression)
    )


def _adjoint(variable, contributions, found):
    if not contributions:
        return Maths("number", text="1") if variable in found.outputs else None
    terms = []
    for one in reversed(contributions):
        terms.extend(one.term.args if one.term.head == "sum" else (one.term,))
    return terms[0] if len(terms) == 1 else Maths("sum", tuple(terms))


def _inside(line, name, names):
    found = derive_inside(line, names, name) if line else None
    return found and Inside(line.notation.inside, found[-1])


def derive_inside(line, names, name=""):
    """What :func:`derive` says of the computation inside the Op of a line; None if there is none.

    Parameters
    ----------
    line : Line
    names : Names
        Of the trace that the line is of.
    name : str
        Of the line's result, which ids begin with.
    """
    body = body_of(line.step, [names.formula(one).plain() for one in line.step.inputs])
    if body is None:
        return None
    wrt = [one for one in body.inputs if is_float(one)]
    return derive(body.outputs, wrt, body.names, prefix=f"{name}.")


def gradient_of(variable, found, names):
    """The adjoint of a variable in terms of inputs and of what the user named, if readable."""
    if variable not in found.adjoints:
        return None
    hidden = {one for one in names.names if one.owner is not None and not has_name(one)}
    fewer = names.without(hidden - set(found.wrt))
    known = set(fewer.names) | set(names.counts) | set(names.means)
    formula = fewer.formula(simplified(found.adjoints[variable], known))
    return formula.ordered() if formula.size() <= _READABLE else None
