"""A softmax that is written out, ``exp(x) / exp(x).sum(...)``, and its gradient.

With ``e = exp(x)`` and its sums `s` the gradient is ``e * (g / s - sum(g * e / (s * s)))``, which
is NaN where `e` overflows. Theano expanded products until ``e / s`` stood alone, and recognised
that as a softmax. So does this, on the graph as it was written: in products with a factor `e` it
looks for another factor, or terms of one, that are divided by `s`.
"""

from pytensor.graph.basic import Variable
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.scalar.basic import Add, Exp, Mul, Neg, Second, Sub, TrueDiv
from pytensor.tensor.basic import constant
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Sum, add, mul, neg, true_div
from pytensor.tensor.special import Softmax, softmax

__all__ = ["theano_written_softmax"]


@node_rewriter([mul, true_div])
def theano_written_softmax(fgraph, node):
    """``exp(x) * (g / s + h) -> softmax(x) * g + exp(x) * h``, for the sums `s` of ``exp(x)``."""
    (out,) = node.outputs
    numerator, denominator = _factors(out)
    for exponentials in numerator:
        if not _is(exponentials, Exp) or not exponentials.type.dtype.startswith("float"):
            continue
        rest = _without(numerator, exponentials)
        for sums in _sums_of(fgraph, exponentials):
            divided, others = _split(sums, rest, denominator)
            if divided:
                shares = _softmax(fgraph, exponentials.owner.inputs[0], sums.axis)
                terms = [_quotient([shares, *over], under) for over, under in divided]
                terms += [_quotient([exponentials, *over], under) for over, under in others]
                new = add(*terms) if len(terms) > 1 else terms[0]
                return [new] if _same_kind(new.type, out.type) else None
    return None


class _Sums:
    """The sums of a variable over some of its axes, as they appear among other factors."""

    def __init__(self, node):
        (summed,), (self.sums,) = node.inputs, node.outputs
        axes = tuple(range(summed.type.ndim))
        self.axis = _axis_of(node)
        self.kept = tuple(axis for axis in axes if axis not in self.axis)
        kept_positions = iter(range(len(axes)))
        self.expand = tuple("x" if axis in self.axis else next(kept_positions) for axis in axes)

    def is_divisor(self, variable, reduced):
        """Whether it is the sums (`reduced`), or the sums with axes of length one."""
        if reduced:
            return variable is self.sums
        node = variable.owner
        expanded = node is not None and isinstance(node.op, DimShuffle)
        return expanded and node.op.new_order == self.expand and node.inputs[0] is self.sums

    def other_divisors(self, denominator, reduced=False):
        """The denominator without the sums; None if they are not in it."""
        for divisor in denominator:
            if self.is_divisor(divisor, reduced):
                return _without(denominator, divisor)
        return None

    def multiplied(self, variable, reduced=False):
        """`variable` times the sums, if that cancels a division; else None."""
        node = variable.owner
        if node is None:
            return None
        if isinstance(node.op, DimShuffle):
            return self._multiplied_dimshuffle(node, reduced)
        if isinstance(node.op, Sum):
            over_same_axes = _axis_of(node) == self.axis and reduced
            inner = self.multiplied(node.inputs[0]) if over_same_axes else None
            return None if inner is None else node.op(inner)
        if _is(variable, Mul, TrueDiv):
            numerator, denominator = _factors(variable)
            return self._multiplied_quotient(numerator, denominator, reduced)
        if _is(variable, Neg):
            inner = self.multiplied(node.inputs[0], reduced)
            return None if inner is None else neg(inner)
        if _is(variable, Second):
            inner = self.multiplied(node.inputs[1], reduced)
            return None if inner is None else node.op(node.inputs[0], inner)
        if _is(variable, Add, Sub):
            inner = [self.multiplied(term, reduced) for term in node.inputs]
            return None if None in inner else node.op(*inner)
        return None

    def _multiplied_quotient(self, numerator, denominator, reduced):
        if (others := self.other_divisors(denominator, reduced)) is not None:
            return _quotient(numerator, others)
        for factor in numerator:
            if (inner := self.multiplied(factor, reduced)) is not None:
                return _quotient([inner, *_without(numerator, factor)], denominator)
        return None

    def _multiplied_dimshuffle(self, node, reduced):
        order = node.op.new_order
        matches = order == self.kept if reduced else order == self.expand
        ndim = len(self.expand if reduced else self.kept)
        if not matches or node.inputs[0].type.ndim != ndim:
            return None
        inner = self.multiplied(node.inputs[0], not reduced)
        return None if inner is None else node.op(inner)


def _sums_of(fgraph, variable):
    """The sums of a variable anywhere in the graph."""
    for node, _ in fgraph.clients[variable]:
        if isinstance(node.op, Sum) and variable.type.ndim:
            yield _Sums(node)


def _split(sums, numerator, denominator):
    """The terms of a quotient, as pairs: the divided ones times `sums`, and the others."""
    if (others := sums.other_divisors(denominator)) is not None:
        return [(numerator, others)], []
    for factor in numerator:
        rest = _without(numerator, factor)
        terms = _terms(factor)
        products = [sums.multiplied(term) for term in terms]
        if any(product is not None for product in products):
            divided = [
                ([product, *rest], denominator) for product in products if product is not None
            ]
            others = [
                ([term, *rest], denominator)
                for term, product in zip(terms, products, strict=True)
                if product is None
            ]
            return divided, others
    return [], []


def _factors(variable):
    """The factors of a variable's numerator, and of its denominator."""
    if _is(variable, Mul):
        numerator: list[Variable] = []
        denominator: list[Variable] = []
        for factor in variable.owner.inputs:
            over, under = _factors(factor)
            numerator, denominator = numerator + over, denominator + under
        return numerator, denominator
    if _is(variable, TrueDiv):
        (over, under), (divisor_over, divisor_under) = map(_factors, variable.owner.inputs)
        return over + divisor_under, under + divisor_over
    if _is(variable, Neg):
        numerator, denominator = _factors(variable.owner.inputs[0])
        return [*numerator, constant(-1, dtype=variable.type.dtype)], denominator
    return [variable], []


def _quotient(numerator, denominator):
    if not denominator:
        return _product(numerator)
    return true_div(_product(numerator), _product(denominator))


def _product(factors):
    return mul(*factors) if len(factors) > 1 else factors[0]


def _without(factors, removed):
    """`factors` without the first that is this very variable."""
    position = next(index for index, factor in enumerate(factors) if factor is removed)
    return factors[:position] + factors[position + 1 :]


def _terms(variable):
    if _is(variable, Add):
        return list(variable.owner.inputs)
    if _is(variable, Sub):
        first, second = variable.owner.inputs
        return [first, neg(second)]
    return [variable]


def _softmax(fgraph, x, axis):
    """The softmax of `x`; if the graph has it already, that node."""
    for node, _ in fgraph.clients.get(x, ()):
        if isinstance(node.op, Softmax) and node.op.axis == axis:
            return node.outputs[0]
    return softmax(x, axis=axis)


def _axis_of(node):
    axis = node.op.axis
    return tuple(range(node.inputs[0].type.ndim)) if axis is None else tuple(axis)


def _same_kind(type_, other):
    return type_.dtype == other.dtype and type_.broadcastable == other.broadcastable


def _is(variable, *scalar_op_classes):
    op = getattr(variable.owner, "op", None)
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, scalar_op_classes)
