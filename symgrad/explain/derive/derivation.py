"""The derivation as plain data: a node for each variable, with all that flows back to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.explain.derive.names import Names
from symgrad.explain.derive.rebuild import values_at
from symgrad.explain.derive.simplify import simplified
from symgrad.explain.derive.trace import Line, Term, Trace, reverse_pass
from symgrad.explain.graph import has_name, is_float, op_name
from symgrad.explain.laws.loops import Body, body_of
from symgrad.explain.maths import Maths, number

__all__ = ["Contribution", "Derivation", "Inside", "Node", "derive", "derive_inside"]

# Formulas with more symbols than this explain nothing.
_READABLE = 60


@dataclass(frozen=True)
class Contribution:
    """A term of the sum that makes an adjoint.

    Attributes
    ----------
    consumer : str
        Id of the node that passes it back.
    law : str
        The law by which the consumer is differentiated.
    local : Maths or None
        The local derivative, if the Op works entry by entry.
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
    """The computation inside an Op: a step of a loop, or a named computation.

    Attributes
    ----------
    title : str
        What the computation is.
    nodes : tuple of Node
    """

    title: str
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
        True for inputs, and for results that the user named.
    kind : {"input", "shared", "wrt", "step", "cost"}
    op : str
        The Op that makes it; empty for inputs.
    dtype : str
    shape : tuple of str
        Numbers, and a letter for each length that is open.
    inputs : tuple of str
        Ids of the nodes it is made of: the edges of the forward graph.
    forward : Maths or None
    law : str
        The law by which its adjoint goes back to its inputs.
    contributions : tuple of Contribution
        The edges of the gradient graph, last consumer first.
    adjoint : Maths or None
        The sum of the contributions.
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


@dataclass(frozen=True)
class Derivation:
    """A reverse pass with names, and its description.

    Attributes
    ----------
    trace : Trace
    names : Names
    ids : dict
        Variable to the id of its node.
    nodes : tuple of Node
        In the order of computation.
    """

    trace: Trace
    names: Names
    ids: dict[Variable, str]
    nodes: tuple[Node, ...]

    def closed_form(self, variable: Variable) -> Maths | None:
        """The adjoint in terms of inputs and of what the user named, if it can be read."""
        if variable not in self.trace.adjoints:
            return None
        results = (result for result in self.names.names if result.owner is not None)
        hidden = {result for result in results if not has_name(result)}
        fewer = self.names.without(hidden - set(self.trace.wrt))
        known = set(fewer.names) | set(self.names.counts) | set(self.names.means)
        formula = fewer.formula(simplified(self.trace.adjoints[variable], known))
        return formula.ordered() if formula.size() <= _READABLE else None


def derive(
    outputs: Sequence[Variable],
    wrt: Sequence[Variable],
    given: Mapping[Variable, str] | None = None,
    prefix: str = "n",
    point: Mapping[Variable, Any] | None = None,
) -> Derivation:
    """Derive the gradients of outputs, and describe the derivation.

    Parameters
    ----------
    outputs, wrt : list of variables
    given : mapping, optional
        Names that come before those that variables have.
    prefix : str
        The beginning of all ids.
    point : mapping, optional
        Values of the inputs. Shapes are then numbers.
    """
    trace = reverse_pass(outputs, wrt)
    names = Names(trace, given, point)
    variables = list(names.names)
    ids = {variable: f"{prefix}{k}" for k, variable in enumerate(variables)}
    shown = [trace.shown(variable) for variable in variables]
    if point is None:
        shapes = [names.lengths.of(variable) for variable in shown]
    else:
        shapes = [tuple(map(str, np.shape(value))) for value in values_at(point, shown)]
    makers = {result: line for line in trace.lines for result in line.step.outputs}
    describe = _Describer(trace, names, ids)
    nodes = tuple(
        describe.node(variable, makers.get(variable), shape)
        for variable, shape in zip(variables, shapes, strict=True)
    )
    return Derivation(trace, names, ids, nodes)


def derive_inside(line: Line, names: Names, prefix: str = "") -> Derivation | None:
    """Derive the computation inside the Op of a line; None if there is none.

    Parameters
    ----------
    line : Line
    names : Names
        The names of the trace that the line belongs to.
    prefix : str
        The beginning of all ids.
    """
    body = _body(line, names)
    return body and _derive_body(body, prefix)


def _body(line, names):
    return body_of(line.step, [names.formula(x).plain() for x in line.step.inputs])


def _derive_body(body: Body, prefix: str) -> Derivation:
    wrt = [variable for variable in body.inputs if is_float(variable)]
    return derive(body.outputs, wrt, body.names, prefix=f"{prefix}.")


class _Describer:
    """Makes nodes of the variables of a trace."""

    def __init__(self, trace, names, ids):
        self.trace, self.names, self.ids = trace, names, ids

    def node(self, variable, line, shape):
        terms = self.trace.terms.get(variable, ())
        contributions = tuple(self._contribution(term) for term in terms)
        return Node(
            id=self.ids[variable],
            name=self.names.names[variable],
            is_named=variable.owner is None or has_name(variable),
            kind=self._kind(variable),
            op=op_name(line.step.op) if line else "",
            dtype=getattr(variable.type, "dtype", ""),
            shape=shape,
            inputs=self._inputs(line) if line else (),
            forward=self._forward(variable, line) if line else None,
            law=self._law(line) if line else "",
            contributions=contributions,
            adjoint=self._adjoint(variable, contributions),
            inside=self._inside(line, self.ids[variable]) if line else None,
        )

    def _kind(self, variable):
        if variable in self.trace.outputs:
            return "cost"
        if variable in self.trace.wrt:
            return "wrt"
        if isinstance(variable, SharedVariable):
            return "shared"
        return "input" if variable.owner is None else "step"

    def _inputs(self, line):
        sources: dict[str, None] = {}
        stack = list(reversed(line.step.inputs))
        while stack:
            variable = stack.pop()
            if variable in self.ids:
                sources[self.ids[variable]] = None
            elif variable.owner is not None:
                stack.extend(reversed(variable.owner.inputs))
        return tuple(sources)

    def _forward(self, variable, line):
        written = self.names.forward(line)
        if len(line.step.outputs) > 1:
            return Maths("index", (written, number(line.step.outputs.index(variable))))
        return written

    def _law(self, line):
        """The law of the first input that something goes back to."""
        for position, source in enumerate(self.trace.sources(line)):
            for term in self.trace.terms_of(line, source):
                if term.position == position:
                    return term.law
        return ""

    def _contribution(self, term: Term) -> Contribution:
        step = term.line.step
        consumer = next(result for result in step.outputs if result in self.ids)
        local = term.line.notation.local(step, term.position)
        return Contribution(
            consumer=self.ids[consumer],
            law=term.law,
            local=None if local is None else self._local_formula(local),
            by_law=self.names.formula(term.raw),
            term=self.names.formula(term.expression),
        )

    def _local_formula(self, local):
        return self.names.formula(simplified(local, self.trace.known()))

    def _adjoint(self, variable, contributions):
        if not contributions:
            return number(1) if variable in self.trace.outputs else None
        terms: list[Maths] = []
        for contribution in reversed(contributions):
            term = contribution.term
            terms.extend(term.args if term.head == "sum" else (term,))
        return terms[0] if len(terms) == 1 else Maths("sum", tuple(terms))

    def _inside(self, line, prefix):
        body = _body(line, self.names)
        return body and Inside(body.title, _derive_body(body, prefix).nodes)
