"""A softmax written out, ``exp(x) / exp(x).sum(...)``, and its gradient, where exp overflows.

With ``e = exp(x)`` and its sums `s` the gradient is ``e * (g / s - sum(g * e / (s * s)))``, which
is NaN where `e` is infinite. Theano took the factors of products apart until ``e / s`` stood there
alone, and read it as a softmax. So does this, on the graph as it was written: it looks at products
with `e` among their factors for another factor, or terms of one, that are divided by `s`.
"""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import in2out, node_rewriter
from pytensor.scalar.basic import Add, Exp, Mul, Neg, Second, Sub, TrueDiv
from pytensor.tensor.basic import constant
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Sum, add, mul, neg, true_div
from pytensor.tensor.special import Softmax, softmax

from symgrad.theano.compile.set_to_inc import TAG

__all__ = ["theano_written_softmax"]


@node_rewriter([mul, true_div])
def theano_written_softmax(fgraph, node):
    """``exp(x) * (g / s + h) -> softmax(x) * g + exp(x) * h``, for the sums `s` of ``exp(x)``."""
    (out,) = node.outputs
    over, under = _factors(out)
    for powers in over:
        if not _is(powers, Exp) or not powers.type.dtype.startswith("float"):
            continue
        rest = _without(over, powers)
        for sums in _sums_of(fgraph, powers):
            divided, others = _split(sums, rest, under)
            if divided:
                shares = _softmax(fgraph, powers.owner.inputs[0], sums.axis)
                terms = [_quotient([shares, *one], below) for one, below in divided]
                terms += [_quotient([powers, *one], below) for one, below in others]
                new = add(*terms) if len(terms) > 1 else terms[0]
                return [new] if _alike(new.type, out.type) else None
    return None


class _Sums:
    """The sums of a variable over some of its axes, as they appear among its other factors."""

    def __init__(self, node):
        (powers,), (self.sums,) = node.inputs, node.outputs
        every = tuple(range(powers.type.ndim))
        self.axis = _axis_of(node)
        self.kept = tuple(one for one in every if one not in self.axis)
        places = iter(range(len(every)))
        self.expand = tuple("x" if one in self.axis else next(places) for one in every)

    def is_divisor(self, variable, reduced):
        """Whether it is the sums, or (not `reduced`) the sums with axes of length one."""
        if reduced:
            return variable is self.sums
        node = variable.owner
        expanded = node is not None and isinstance(node.op, DimShuffle)
        return expanded and node.op.new_order == self.expand and node.inputs[0] is self.sums

    def not_divided(self, under, reduced=False):
        """What else it is divided by; None if the sums are not there."""
        for divisor in under:
            if self.is_divisor(divisor, reduced):
                return _without(under, divisor)
        return None

    def taken_from(self, variable, reduced=False):
        """`variable` times the sums, if that takes a division away; else None."""
        node = variable.owner
        if node is None:
            return None
        if isinstance(node.op, DimShuffle):
            return self._from_dimshuffle(node, reduced)
        if isinstance(node.op, Sum):
            summed = _axis_of(node) == self.axis and reduced
            inner = self.taken_from(node.inputs[0]) if summed else None
            return None if inner is None else node.op(inner)
        if _is(variable, Mul, TrueDiv):
            return self.taken_from_quotient(*_factors(variable), reduced)
        if _is(variable, Neg):
            inner = self.taken_from(node.inputs[0], reduced)
            return None if inner is None else neg(inner)
        if _is(variable, Second):
            inner = self.taken_from(node.inputs[1], reduced)
            return None if inner is None else node.op(node.inputs[0], inner)
        if _is(variable, Add, Sub):
            inner = [self.taken_from(one, reduced) for one in node.inputs]
            return None if None in inner else node.op(*inner)
        return None

    def taken_from_quotient(self, over, under, reduced):
        if (below := self.not_divided(under, reduced)) is not None:
            return _quotient(over, below)
        for factor in over:
            if (inner := self.taken_from(factor, reduced)) is not None:
                return _quotient([inner, *_without(over, factor)], under)
        return None

    def _from_dimshuffle(self, node, reduced):
        order = node.op.new_order
        steps = order == self.kept if reduced else order == self.expand
        if not steps or node.inputs[0].type.ndim != len(self.kept if not reduced else self.expand):
            return None
        inner = self.taken_from(node.inputs[0], not reduced)
        return None if inner is None else node.op(inner)


def _sums_of(fgraph, powers):
    """What is summed of `powers` anywhere in the graph."""
    for node, _ in fgraph.clients[powers]:
        if isinstance(node.op, Sum) and powers.type.ndim:
            yield _Sums(node)


def _split(sums, over, under):
    """What a product is made of, term by term: the divided ones times `sums`, and the others."""
    if (below := sums.not_divided(under)) is not None:
        return [(over, below)], []
    for factor in over:
        rest = _without(over, factor)
        terms = _terms(factor)
        taken = [sums.taken_from(one) for one in terms]
        if any(one is not None for one in taken):
            divided = [([one, *rest], under) for one in taken if one is not None]
            others = [one for one, inner in zip(terms, taken, strict=True) if inner is None]
            return divided, [([one, *rest], under) for one in others]
    return [], []


def _factors(variable):
    """What is multiplied to `variable`, and what it is divided by."""
    if _is(variable, Mul):
        over, under = [], []
        for one in variable.owner.inputs:
            more, less = _factors(one)
            over, under = over + more, under + less
        return over, under
    if _is(variable, TrueDiv):
        (over, less), (under, more) = map(_factors, variable.owner.inputs)
        return over + more, under + less
    if _is(variable, Neg):
        over, under = _factors(variable.owner.inputs[0])
        return [*over, constant(-1, dtype=variable.type.dtype)], under
    return [variable], []


def _quotient(over, under):
    return true_div(_product(over), _product(under)) if under else _product(over)


def _product(factors):
    return mul(*factors) if len(factors) > 1 else factors[0]


def _without(factors, one):
    """`factors` without the first that is this very variable."""
    place = next(index for index, other in enumerate(factors) if other is one)
    return factors[:place] + factors[place + 1 :]


def _terms(variable):
    if _is(variable, Add):
        return list(variable.owner.inputs)
    if _is(variable, Sub):
        first, second = variable.owner.inputs
        return [first, neg(second)]
    return [variable]


def _softmax(fgraph, x, axis):
    """The softmax of `x`: the one that is there already, if there is one."""
    for node, _ in fgraph.clients.get(x, ()):
        if isinstance(node.op, Softmax) and node.op.axis == axis:
            return node.outputs[0]
    return softmax(x, axis=axis)


def _axis_of(node):
    axis = node.op.axis
    return tuple(range(node.inputs[0].type.ndim)) if axis is None else tuple(axis)


def _alike(one, other):
    return one.dtype == other.dtype and one.broadcastable == other.broadcastable


def _is(variable, *kinds):
    op = getattr(variable.owner, "op", None)
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, kinds)


# Before the logarithm of such a softmax is looked at, at 0.11.
optdb.register("theano_written_softmax", in2out(theano_written_softmax), TAG, position=0.105)
