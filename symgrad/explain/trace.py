"""The reverse pass, with every contribution kept as an expression of named variables."""

from dataclasses import dataclass, field

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar.basic import Add, Cast, Mul, TrueDiv
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.shape import Shape

from symgrad.explain.indexing import is_into_empty, is_whole
from symgrad.explain.notation import Notation, Step, is_float, notation_of
from symgrad.explain.simplify import simplified
from symgrad.explain.tensors import Mean, is_transparent, undo_shuffle
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write
from symgrad.graph.replace import substitute
from symgrad.graph.walk import differentiable_inputs

__all__ = ["Line", "Term", "Trace", "trace"]

_NAMES_OF_PYTENSOR = {"mean", "var", "std"}


@dataclass(frozen=True)
class Line:
    """A step of the computation with the maths by which it is read."""

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
        Which of its inputs.
    raw, expression : variable
        The contribution as the law says it, and simplified, in terms of forward variables and of
        the adjoints (:attr:`Trace.bars`) of the consumer.
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
        Variable to its contributions, the consumers from last to first.
    adjoints : dict
        Variable to its adjoint as an expression of forward variables alone.
    """

    outputs: list
    wrt: list
    lines: list
    bars: dict = field(default_factory=dict)
    terms: dict = field(default_factory=dict)
    adjoints: dict = field(default_factory=dict)

    def known(self):
        """All variables that have names: inputs, results of lines, and adjoints."""
        found = set(self.bars.values()) | set(self.wrt)
        for line in self.lines:
            found.update(line.step.inputs, line.step.outputs)
        return found | set(self.counts())

    def counts(self):
        """For each number of terms of a mean, the line that has it."""
        lines = (line for line in self.lines if isinstance(line.notation, Mean))
        return {line.notation.count: line for line in lines}

    def shown(self, variable):
        """The variable as the user sees it: without axes of length 1 that come and go."""
        nodes = as_written(self.outputs)
        readers = [node for node in nodes if variable in node.inputs]
        if len(readers) != 1 or not is_transparent(readers[0]) or variable in self.outputs:
            return variable
        (shorter,) = readers[0].outputs
        return shorter if shorter.type.ndim < variable.type.ndim else variable


def trace(outputs, wrt, seeds=None):
    """Walk back from the outputs to `wrt`.

    Parameters
    ----------
    outputs, wrt : list of variables
    seeds : list of variables, optional
        The adjoints of the outputs; default: ones.

    Returns
    -------
    Trace
    """
    found = Trace(list(outputs), list(wrt), lines_of(outputs, wrt))
    active = _active(found)
    seeds = seeds or [pt.ones_like(one) for one in outputs]
    parts = {}
    for output, seed in zip(outputs, seeds, strict=True):
        parts.setdefault(output, []).append(seed)
    known = found.known()
    for line in reversed(found.lines):
        outs = line.step.outputs
        if not any(one in parts for one in outs):
            continue
        for one in outs:
            _close(found, one, parts)
        known.update(found.bars.values())
        bars = [found.bars.get(one) for one in outs]
        raw = line.notation.pull(line.step, bars)
        for position, (x, term) in enumerate(zip(line.step.inputs, raw, strict=True)):
            source, back = seen_through(x, found.wrt)
            if term is None or source not in active or not _reaches(line, position):
                continue
            term = _of_type(back(term), source)
            law = line.notation.law_of(line.step, position)
            made = Term(line, position, term, simplified(term, known), law)
            found.terms.setdefault(source, []).append(made)
            whole = {found.bars[o]: found.adjoints[o] for o in outs if o in found.bars}
            parts.setdefault(source, []).append(substitute([made.expression], whole)[0])
    for one in wrt:
        _close(found, one, parts)
    return found


def _close(found, variable, parts):
    """All consumers have been seen: the adjoint is the sum of their contributions."""
    if variable in parts and variable not in found.bars:
        terms = parts[variable]
        found.bars[variable] = variable.type()
        found.adjoints[variable] = pt.add(*reversed(terms)) if len(terms) > 1 else terms[0]


def _of_type(term, x):
    """A contribution in the type of its variable, whose static shape it may not know."""
    term = pt.cast(term, x.type.dtype)
    if term.type.shape != x.type.shape:
        shape = [a if b is None else b for a, b in zip(x.type.shape, term.type.shape, strict=True)]
        term = pt.specify_shape(term, shape) if any(shape) else term
    return term


def lines_of(outputs, wrt):
    """The lines of the computation, what `wrt` is made of included, without the uninteresting."""
    nodes = as_written(outputs)
    clients = _clients(nodes, outputs)
    means = {node: total for node in nodes if (total := mean_of(node, clients))}
    return [
        _line(node, means.get(node))
        for node in nodes
        if node not in means.values() and not _is_inline(node, outputs, wrt)
    ]


def as_written(outputs):
    """The nodes behind the outputs in the order in which one would write them: left to right."""
    found, stack = {}, [(one.owner, False) for one in reversed(outputs)]
    while stack:
        node, is_done = stack.pop()
        if node is None or node in found:
            continue
        if is_done:
            found[node] = None
        else:
            stack.append((node, True))
            stack.extend((one.owner, False) for one in reversed(node.inputs))
    return list(found)


def _line(node, total):
    if total is None:
        return Line(Step(node.op, tuple(node.inputs), tuple(node.outputs)), notation_of(node.op))
    entry = Mean(total.op, node.inputs[1])
    return Line(Step(node.op, tuple(total.inputs), tuple(node.outputs)), entry)


def _is_inline(node, outputs, wrt):
    """Is the node written where it is used: integers, constants, and axes of length 1?"""
    if any(one in outputs or one in wrt or has_name(one) for one in node.outputs):
        return False
    if _behind(node) or not any(is_float(one) for one in node.outputs):
        return True
    return _is_of_shapes(node)


def _is_of_shapes(node):
    """Is the node made of constants, shapes and integers alone?"""
    stack = list(node.inputs)
    while stack:
        one = stack.pop()
        if one.owner is None:
            if is_float(one) and not isinstance(one, Constant):
                return False
        elif is_float(one):
            stack.extend(one.owner.inputs)
    return True


def has_name(variable):
    """Did the user name it? PyTensor names some of its own."""
    node = variable.owner
    if node is None or not variable.name:
        return bool(variable.name)
    inner = node.inputs[0].name
    begins = "(d", f"{inner}["  # as gradients and the slices of a scan are named
    given = variable.name not in (*_NAMES_OF_PYTENSOR, f"{inner}.T")
    return given and not variable.name.startswith(begins)


def mean_of(node, clients):
    """The sum whose mean the node is, or None."""
    if not isinstance(node.op, Elemwise) or not isinstance(node.op.scalar_op, TrueDiv):
        return None
    total = node.inputs[0].owner
    if total is None or not isinstance(total.op, CAReduce) or clients[total.outputs[0]] != 1:
        return None
    is_sum = isinstance(total.op.scalar_op, Add)
    return total if is_sum and _counts(node.inputs[1], total) else None


def _counts(divisor, total):
    """Is this the product of the lengths of the axes that were summed?"""
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
        elif _is_arithmetic(node, (Mul, Cast)) or is_transparent(node):
            stack.extend(node.inputs)
        else:
            return False
    summed = range(x.type.ndim) if total.op.axis is None else total.op.axis
    return sorted(axes) == sorted(summed)


def _is_shape_of(variable, x):
    node = variable.owner
    if node is not None and _is_arithmetic(node, Cast):
        node = node.inputs[0].owner
    return node is not None and isinstance(node.op, Shape) and node.inputs[0] is x


def _is_arithmetic(node, kinds):
    return isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, kinds)


def _clients(nodes, outputs):
    count = dict.fromkeys(outputs, 1)
    for node in nodes:
        for one in node.inputs:
            count[one] = count.get(one, 0) + 1
    return count


def seen_through(variable, wrt=()):
    """What is behind axes that were only added or dropped, and how an adjoint gets there."""
    node = variable.owner
    if node is None or variable in wrt or has_name(variable) or (inner := _behind(node)) is None:
        return variable, lambda term: term
    source, back = seen_through(inner[0], wrt)
    return source, lambda term: back(inner[1](term))


def _behind(node):
    """The variable that a node hands on, with the way back; None if it does more than that."""
    if is_transparent(node):
        return node.inputs[0], lambda term: undo_shuffle(node, term)
    if is_index_read(node) and is_whole(node):
        return node.inputs[0], lambda term: term
    if is_index_write(node) and is_into_empty(node):
        return node.inputs[1], lambda term: term[indices_of(node)]
    return None


def _active(found):
    """The variables that depend on `wrt`."""
    active = set(found.wrt)
    for line in found.lines:
        sources = [seen_through(one, found.wrt)[0] for one in line.step.inputs]
        if any(one in active for one in sources):
            active.update(one for one in line.step.outputs if is_float(one))
    return active


def _reaches(line, position):
    """May a gradient flow into this input?"""
    allowed = differentiable_inputs(line.step)
    return any(one is line.step.inputs[position] for one in allowed)
