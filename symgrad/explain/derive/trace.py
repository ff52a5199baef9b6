"""The reverse pass, with every contribution kept as an expression of named variables."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar.basic import Add, Cast, Mul, TrueDiv
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.shape import Shape

from symgrad.explain.derive.simplify import simplified
from symgrad.explain.graph import has_name, is_float, nodes_as_written
from symgrad.explain.laws.indexing import is_into_empty, is_whole
from symgrad.explain.laws.notation import Notation, Step
from symgrad.explain.laws.table import notation_of
from symgrad.explain.laws.tensors import Mean, is_transparent, undo_shuffle
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write
from symgrad.graph.replace import substitute
from symgrad.graph.walk import differentiable_inputs

__all__ = ["Line", "Term", "Trace", "reverse_pass", "seen_through"]


@dataclass(frozen=True)
class Line:
    """A step of the computation with the notation in which it is written."""

    step: Step
    notation: Notation


@dataclass(frozen=True)
class Term:
    """What one consumer passes back to one variable.

    Attributes
    ----------
    line : Line
        The consumer.
    position : int
        Which of its inputs receives the term.
    raw, expression : variable
        The contribution as the law gives it, and simplified, in terms of forward variables and
        of the adjoints (:attr:`Trace.bars`) of the consumer.
    law : str
    """

    line: Line
    position: int
    raw: Variable
    expression: Variable
    law: str


@dataclass
class Trace:
    """A reverse pass.

    Attributes
    ----------
    outputs, wrt : list of variables
    lines : list of Line
        In the order of computation.
    bars : dict
        Variable to the placeholder of its adjoint.
    terms : dict
        Variable to its contributions, the last consumer first.
    adjoints : dict
        Variable to its adjoint as an expression of forward variables alone.
    """

    outputs: list[Variable]
    wrt: list[Variable]
    lines: list[Line]
    bars: dict[Variable, Variable] = field(default_factory=dict)
    terms: dict[Variable, list[Term]] = field(default_factory=dict)
    adjoints: dict[Variable, Variable] = field(default_factory=dict)

    def known(self) -> set[Variable]:
        """All variables with names: inputs, results of lines, and adjoints."""
        known = set(self.bars.values()) | set(self.wrt)
        for line in self.lines:
            known.update(line.step.inputs, line.step.outputs)
        return known | set(self.counts())

    def counts(self) -> dict[Variable, Line]:
        """The number of terms of each mean, with the line of the mean."""
        return {line.notation.count: line for line in self.lines if isinstance(line.notation, Mean)}

    def terms_of(self, line: Line, variable: Variable) -> list[Term]:
        """The terms that a line passes back to a variable."""
        return [term for term in self.terms.get(variable, ()) if term.line is line]

    def sources(self, line: Line) -> list[Variable]:
        """The variables that the inputs of a line stand for."""
        return [seen_through(variable, self.wrt)[0] for variable in line.step.inputs]

    def shown(self, variable: Variable) -> Variable:
        """The variable as the user sees it: without axes of length 1 that come and go."""
        nodes = nodes_as_written(self.outputs)
        readers = [node for node in nodes if variable in node.inputs]
        if len(readers) != 1 or not is_transparent(readers[0]) or variable in self.outputs:
            return variable
        (shorter,) = readers[0].outputs
        return shorter if shorter.type.ndim < variable.type.ndim else variable


def reverse_pass(outputs: Sequence[Variable], wrt: Sequence[Variable]) -> Trace:
    """Walk back from the outputs, whose adjoints are 1, to `wrt`."""
    trace = Trace(list(outputs), list(wrt), _lines(outputs, wrt))
    active = _active_variables(trace)
    parts: dict[Variable, list[Variable]] = {}
    for output in outputs:
        parts.setdefault(output, []).append(pt.ones_like(output))
    known = trace.known()
    for line in reversed(trace.lines):
        results = line.step.outputs
        if not any(result in parts for result in results):
            continue
        for result in results:
            _close(trace, result, parts)
        known.update(trace.bars.values())
        raw = line.notation.pull(line.step, [trace.bars.get(result) for result in results])
        adjoints = {
            trace.bars[result]: trace.adjoints[result] for result in results if result in trace.bars
        }
        for position, (x, term) in enumerate(zip(line.step.inputs, raw, strict=True)):
            source, back = seen_through(x, trace.wrt)
            if term is None or source not in active or not _may_receive(line, position):
                continue
            term = _with_type_of(source, back(term))
            law = line.notation.law_of(line.step, position)
            contribution = Term(line, position, term, simplified(term, known), law)
            trace.terms.setdefault(source, []).append(contribution)
            written_out = substitute([contribution.expression], adjoints)[0]
            parts.setdefault(source, []).append(written_out)
    for variable in wrt:
        _close(trace, variable, parts)
    return trace


def _close(trace, variable, parts):
    """Sum the contributions: all consumers of the variable have been seen."""
    if variable in parts and variable not in trace.bars:
        terms = parts[variable]
        trace.bars[variable] = variable.type()
        trace.adjoints[variable] = pt.add(*reversed(terms)) if len(terms) > 1 else terms[0]


def _with_type_of(x, term):
    """A contribution in the type of its variable, whose static shape it may not know."""
    term = pt.cast(term, x.type.dtype)
    if term.type.shape != x.type.shape:
        shape = [a if b is None else b for a, b in zip(x.type.shape, term.type.shape, strict=True)]
        term = pt.specify_shape(term, shape) if any(shape) else term
    return term


def _lines(outputs, wrt):
    """The lines of the computation, including those that make `wrt`; without inline steps."""
    nodes = nodes_as_written(outputs)
    clients = _client_counts(nodes, outputs)
    sums = {node: total for node in nodes if (total := _sum_of_mean(node, clients))}
    return [
        _line(node, sums.get(node))
        for node in nodes
        if node not in sums.values() and not _is_inline(node, outputs, wrt)
    ]


def _line(node, total):
    if total is None:
        return Line(Step(node.op, tuple(node.inputs), tuple(node.outputs)), notation_of(node.op))
    mean = Mean(total.op, node.inputs[1])
    return Line(Step(node.op, tuple(total.inputs), tuple(node.outputs)), mean)


def _is_inline(node, outputs, wrt):
    """Is the node written where it is used: integers, constants, and axes of length 1?"""
    results = node.outputs
    if any(result in outputs or result in wrt or has_name(result) for result in results):
        return False
    if _behind(node) or not any(is_float(result) for result in results):
        return True
    return _is_made_of_shapes(node)


def _is_made_of_shapes(node):
    """Is the node made of constants, shapes and integers alone?"""
    stack = list(node.inputs)
    while stack:
        variable = stack.pop()
        if variable.owner is None:
            if is_float(variable) and not isinstance(variable, Constant):
                return False
        elif is_float(variable):
            stack.extend(variable.owner.inputs)
    return True


def _sum_of_mean(node, clients):
    """The sum, if the node is a mean; else None."""
    if not isinstance(node.op, Elemwise) or not isinstance(node.op.scalar_op, TrueDiv):
        return None
    total = node.inputs[0].owner
    if total is None or not isinstance(total.op, CAReduce) or clients[total.outputs[0]] != 1:
        return None
    is_sum = isinstance(total.op.scalar_op, Add)
    return total if is_sum and _is_count_of(node.inputs[1], total) else None


def _is_count_of(divisor, total):
    """Is the divisor the product of the lengths of the axes that were summed?"""
    (x,), axes, stack = total.inputs, [], [divisor]
    while stack:
        node = stack.pop().owner
        if node is None:
            return False
        if is_index_read(node):
            (entry,) = indices_of(node)
            if not isinstance(entry, Constant) or not _is_shape_of(node.inputs[0], x):
                return False
            axes.append(int(entry.data))
        elif _is_elemwise_of(node, (Mul, Cast)) or is_transparent(node):
            stack.extend(node.inputs)
        else:
            return False
    summed = range(x.type.ndim) if total.op.axis is None else total.op.axis
    return sorted(axes) == sorted(summed)


def _is_shape_of(variable, x):
    node = variable.owner
    if node is not None and _is_elemwise_of(node, Cast):
        node = node.inputs[0].owner
    return node is not None and isinstance(node.op, Shape) and node.inputs[0] is x


def _is_elemwise_of(node, kinds):
    return isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, kinds)


def _client_counts(nodes, outputs):
    counts = dict.fromkeys(outputs, 1)
    for node in nodes:
        for variable in node.inputs:
            counts[variable] = counts.get(variable, 0) + 1
    return counts


def seen_through(
    variable: Variable, wrt: Collection[Variable] = ()
) -> tuple[Variable, Callable[[Variable], Variable]]:
    """The variable behind axes that come and go, and a function that takes an adjoint there."""
    node = variable.owner
    if node is None or variable in wrt or has_name(variable) or (behind := _behind(node)) is None:
        return variable, lambda term: term
    inner, undo = behind
    source, back = seen_through(inner, wrt)
    return source, lambda term: back(undo(term))


def _behind(node: Apply) -> tuple[Variable, Callable[[Variable], Variable]] | None:
    """The variable that a node hands on, with the way back; None if the node does more."""
    if is_transparent(node):
        return node.inputs[0], lambda term: undo_shuffle(node, term)
    if is_index_read(node) and is_whole(node):
        return node.inputs[0], lambda term: term
    if is_index_write(node) and is_into_empty(node):
        return node.inputs[1], lambda term: term[indices_of(node)]
    return None


def _active_variables(trace):
    """The variables that depend on `wrt`."""
    active = set(trace.wrt)
    for line in trace.lines:
        if any(source in active for source in trace.sources(line)):
            active.update(result for result in line.step.outputs if is_float(result))
    return active


def _may_receive(line, position):
    """May a gradient flow into this input?"""
    allowed = differentiable_inputs(line.step)
    return any(variable is line.step.inputs[position] for variable in allowed)
