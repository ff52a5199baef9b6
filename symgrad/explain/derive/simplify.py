"""From an expression to its textbook form, which is still an expression that can be computed."""

from collections.abc import Callable, Collection
from math import prod

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar import basic as scalar
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.special import LogSoftmax

from symgrad.explain.derive.factors import Factors, broadcasts_to, number_like
from symgrad.explain.derive.merge import Merger
from symgrad.explain.laws.scalars import constant_of
from symgrad.graph.index_reads import indices_of, is_index_write

__all__ = ["simplified"]

# Higher powers are not multiplied out for cancelling.
_POWERS = range(2, 10)
_ENTRYWISE = (scalar.TrueDiv, scalar.Mul, scalar.Neg, scalar.Second)


def simplified(expression: Variable, known: Collection[Variable]) -> Variable:
    """The expression without factors of 1, terms of 0 and exponents of 1.

    Equal factors cancel or become powers, equal terms become multiples, and numbers come to the
    front of products, sums and matrix products.

    Parameters
    ----------
    expression : variable
    known : collection of variables
        Variables with names. They are taken as they are.

    Returns
    -------
    variable
        Of the same type.
    """
    return _Simplifier(known).simplified(expression)


class _Simplifier:
    def __init__(self, known):
        self.known = known
        self.done = {}
        self.merger = Merger(known)
        self.values = {}

    def simplified(self, variable):
        node = variable.owner
        if node is None or variable in self.known:
            return variable
        if variable not in self.done:
            inputs = [self.simplified(source) for source in node.inputs]
            rebuilt = variable
            if inputs != node.inputs:
                clone = node.clone_with_new_inputs(inputs, strict=False)
                rebuilt = clone.outputs[node.outputs.index(variable)]
            self.done[variable] = self.merger.merged(_cast_like(self._step(rebuilt), variable))
        return self.done[variable]

    def _step(self, variable):
        node = variable.owner
        if node is None:
            return variable
        if isinstance(node.op, Elemwise):
            method = _METHODS.get(type(node.op.scalar_op))
            return method(self, variable, *node.inputs) if method else variable
        if isinstance(node.op, DimShuffle):
            return self._shuffle(variable, node)
        if isinstance(node.op, CAReduce) and isinstance(node.op.scalar_op, scalar.Add):
            return self._sum(variable, node)
        return self._matmul(variable, node) if _is_matmul(node.op) else variable

    def _value(self, variable):
        """The number that all entries are known to be, or None."""
        if variable not in self.values:
            self.values[variable] = constant_of(variable)
        return self.values[variable]

    def _is_unnamed(self, variable, kind):
        """Is this an unnamed result of a scalar Op of a kind?"""
        node = variable.owner
        return (
            node is not None
            and variable not in self.known
            and isinstance(node.op, Elemwise)
            and isinstance(node.op.scalar_op, kind)
        )

    # Axes, sums and matrix products.

    def _shuffle(self, variable, node):
        """Cancel axes that are added and dropped again; move shuffles into entrywise Ops."""
        (inner,), order = node.inputs, node.op.new_order
        if inner.owner is None or inner in self.known:
            return variable
        if isinstance(inner.owner.op, DimShuffle):
            order = [axis if axis == "x" else inner.owner.op.new_order[axis] for axis in order]
            source = inner.owner.inputs[0]
            if _keeps_all_entries(order, source):
                return source.dimshuffle(*order) if order != list(range(source.ndim)) else source
        if _is_matmul(inner.owner.op) and order == (1, 0):
            a, b = (self._step(factor.T) for factor in inner.owner.inputs)
            return inner.owner.op(b, a)
        is_entrywise = self._is_unnamed(inner, _ENTRYWISE)
        if is_entrywise and all(_keeps_all_entries(order, x) for x in inner.owner.inputs):
            parts = [self._step(part.dimshuffle(*order)) for part in inner.owner.inputs]
            return self._step(inner.owner.op(*parts))
        return variable

    def _sum(self, variable, node):
        """Take numbers out of a sum. The sum of a scatter-add is that of what was scattered."""
        (x,) = node.inputs
        if self._is_scatter(x) and variable.type.ndim == 0:
            base, value = x.owner.inputs[:2]
            read = base[indices_of(x.owner)]
            if value.type.broadcastable == read.type.broadcastable:
                return self._step(value.sum()) if value.type.ndim else value
        axes = node.op.axis if node.op.axis is not None else range(x.type.ndim)
        front, rest = self._taken_out(x, axes)
        if rest is x:
            return variable
        kept = [axis for axis in range(x.type.ndim) if axis not in axes]
        powers = {
            self._step(factor.dimshuffle(*kept)): power for factor, power in front.powers.items()
        }
        front = Factors(front.number, front.divisor, powers)
        return front.times(Factors(1, 1, {node.op(rest): 1})).joined(variable)

    def _matmul(self, variable, node):
        """Take numbers out of a matrix product."""
        (of_a, a), (of_b, b) = (self._taken_out(x, range(x.ndim)) for x in node.inputs)
        if [a, b] == node.inputs:
            return variable
        return of_a.times(of_b).times(Factors(1, 1, {node.op(a, b): 1})).joined(variable)

    def _taken_out(self, variable, axes):
        """The factors that are the same along axes, and the rest."""
        parts = self._split([variable])
        same = {
            factor: power for factor, power in parts.powers.items()
            if all(factor.type.broadcastable[axis] for axis in axes)
        }  # fmt: skip
        others = {factor: n for factor, n in parts.powers.items() if factor not in same}
        rest = Factors(1, 1, others)
        if not rest.above or not broadcasts_to(list(others), variable):
            return Factors(1, 1, {}), variable
        is_whole = not same and parts.number == parts.divisor
        left = variable if is_whole else rest.joined(variable)
        return Factors(parts.number, parts.divisor, same), left

    # Products and quotients.

    def product(self, variable, *factors):
        return self._fraction(variable, factors)

    def quotient(self, variable, x, y):
        return variable if self._value(y) == 0 else self._fraction(variable, [x], [y])

    def _fraction(self, variable, factors, divisors=()):
        """Write a product with one sign, one number in front, and at most one quotient."""
        parts = self._split(factors, divisors)
        if parts.number == 0:
            return pt.zeros_like(variable)
        parts = self._gathered(parts)
        result = self._distributed(variable, parts)
        if result is None:
            result = parts.joined(variable)
        fits = result.type.broadcastable == variable.type.broadcastable
        return result if fits else pt.second(variable, result)

    def _split(self, factors, divisors=()):
        """Take products, quotients and powers apart."""
        number, divisor = 1, 1
        powers: dict[Variable, int] = {}
        stack = [*((x, -1) for x in divisors), *((x, 1) for x in reversed(factors))]
        while stack:
            factor, power = stack.pop()
            value = self._value(factor)
            inputs = factor.owner.inputs if factor.owner else []
            if self._is_unnamed(factor, scalar.TrueDiv):
                stack += [(inputs[1], -power), (inputs[0], power)]
            elif value is not None and power > 0:
                number *= prod([value] * power)  # infinite rather than an error
            elif value:
                divisor *= prod([value] * -power)
            elif self._is_unnamed(factor, scalar.Neg):
                number *= (-1) ** abs(power)
                stack.append((inputs[0], power))
            elif self._is_unnamed(factor, scalar.Second):
                # A value that fills a shape broadcasts just as well without filling it.
                stack.append((inputs[1], power))
            elif self._is_unnamed(factor, scalar.Mul):
                stack += [(x, power) for x in reversed(inputs)]
            elif self._is_low_power(factor, abs(power)):
                stack.append((inputs[0], power * int(self._value(inputs[1]))))
            else:
                factor = self.merger.merged(factor)
                powers[factor] = powers.get(factor, 0) + power
        return Factors.of(number, divisor, powers)

    def _is_low_power(self, variable, power):
        """Is this a power that is still low when it is raised to another?"""
        if not self._is_unnamed(variable, scalar.Pow):
            return False
        exponent = self._value(variable.owner.inputs[1])
        return exponent in _POWERS and power * exponent in _POWERS

    def _distributed(self, variable, parts):
        """``p·(a/p + b)`` as ``a + p·b``: multiply a factor into a sum if it cancels there."""
        for factor in parts.above:
            terms, others = self._terms(factor), parts.without(factor)
            if len(terms) == 1 or parts.powers[factor] != 1:
                continue
            split = [self._split([term]) for _, term in terms]
            products = [self._gathered(others.times(term)) for term in split]
            size = others.size()
            pairs = zip(products, split, strict=True)
            if all(product.size() == term.size() + size for product, term in pairs):
                continue
            joined = [product.joined(variable) for product in products]
            signed = [
                -term if sign < 0 else term for (sign, _), term in zip(terms, joined, strict=True)
            ]
            if broadcasts_to(signed, variable):
                return self.total(pt.add(*signed), *signed)
        return None

    def _gathered(self, parts):
        """``p·scatter_add(0[i], a/p[i])`` as ``scatter_add(0[i], a)``."""
        for scatter in filter(self._is_scatter, parts.above):
            base, value, *index = scatter.owner.inputs
            inside, others = self._split([value]), parts.without(scatter)
            for factor in others.above:
                if factor.type.broadcastable != scatter.type.broadcastable:
                    continue
                read = self.merger.merged(factor[indices_of(scatter.owner)])
                product = inside.times(Factors(1, 1, {read: 1})).joined(value)
                fits = product.type.broadcastable == value.type.broadcastable
                if read in inside.below and fits:
                    whole = scatter.owner.clone_with_new_inputs([base, product, *index])
                    rest = others.times(Factors(1, 1, {factor: -1}))
                    return rest.times(Factors(1, 1, {whole.outputs[0]: 1}))
        return parts

    def _is_scatter(self, variable):
        node = variable.owner
        return (
            node is not None
            and variable not in self.known
            and is_index_write(node)
            and not node.op.set_instead_of_inc
            and self._value(node.inputs[0]) == 0
        )

    # Sums and differences.

    def total(self, variable, *terms):
        kept = [term for term in terms if self._value(term) != 0]
        kept = self._collected(variable, kept) or kept
        if not kept or not broadcasts_to(kept, variable):
            return variable
        return pt.add(*kept) if len(kept) > 1 else kept[0]

    def difference(self, variable, a, b):
        of_a, of_b = self._value(a), self._value(b)
        if of_a is not None and of_b is not None:
            return number_like(of_a - of_b, variable)
        if of_b == 0 and broadcasts_to([a], variable):
            return a
        if of_b is not None and of_b < 0:
            return pt.add(a, number_like(-of_b, b))
        kept = self._collected(variable, [a, -b])
        return self.total(variable, *kept) if kept else variable

    def _terms(self, variable):
        """``(sign, term)`` for each term of a sum or difference; of any other variable, itself."""
        inputs = variable.owner.inputs if variable.owner else []
        if self._is_unnamed(variable, scalar.Add):
            return [pair for term in inputs for pair in self._terms(term)]
        if self._is_unnamed(variable, scalar.Sub):
            a, b = inputs
            return [*self._terms(a), *((-sign, term) for sign, term in self._terms(b))]
        if self._is_unnamed(variable, scalar.Neg):
            return [(-sign, term) for sign, term in self._terms(*inputs)]
        return [(1, variable)]

    def _collected(self, variable, terms):
        """The terms with like terms added up; None if there are none."""
        groups: dict[tuple, list] = {}
        flat = [pair for term in terms for pair in self._terms(term)]
        for sign, term in flat:
            parts = self._split([term])
            key = (term.type.broadcastable, frozenset(parts.powers.items()))
            groups.setdefault(key, []).append((sign * parts.number / parts.divisor, sign, term))
        if len(groups) == len(flat):
            return None
        collected = []
        for (_, powers), group in groups.items():
            if len(group) == 1:
                ((_, sign, term),) = group
                collected.append(-term if sign < 0 else term)
            elif coefficient := sum(number for number, _, _ in group):
                collected.append(Factors.of(coefficient, 1, dict(powers)).joined(variable))
        return collected or [number_like(0, variable)]

    # Signs, powers and functions.

    def second(self, variable, model, value):
        return value if value.type.broadcastable == variable.type.broadcastable else variable

    def negative(self, variable, x):
        if self._is_unnamed(x, scalar.Neg):
            return x.owner.inputs[0]
        value = self._value(x)
        return number_like(-value, variable) if value is not None else variable

    def power(self, variable, x, y):
        exponent = self._value(y)
        if exponent == 1 and broadcasts_to([x], variable):
            return x
        base = self._value(x)
        if base is not None and exponent is not None:
            return number_like(base**exponent, variable)
        return variable

    def exponential(self, variable, x):
        node = x.owner
        if node is None or x in self.known or not isinstance(node.op, LogSoftmax):
            return variable
        return pt.special.softmax(node.inputs[0], axis=node.op.axis)


_METHODS: dict[type, Callable[..., Variable]] = {
    scalar.Second: _Simplifier.second,
    scalar.Mul: _Simplifier.product,
    scalar.Add: _Simplifier.total,
    scalar.Sub: _Simplifier.difference,
    scalar.Neg: _Simplifier.negative,
    scalar.Pow: _Simplifier.power,
    scalar.TrueDiv: _Simplifier.quotient,
    scalar.Exp: _Simplifier.exponential,
}


def _is_matmul(op):
    return isinstance(op, Dot) or (isinstance(op, Blockwise) and isinstance(op.core_op, Dot))


def _keeps_all_entries(order, source):
    """Does every axis that is left out of the order have length 1?"""
    shape = source.type.shape
    return all(size == 1 for axis, size in enumerate(shape) if axis not in order)


def _cast_like(new, old):
    """The new variable in the dtype of the old. Constants stay as they are."""
    if isinstance(new, Constant) or new.type.dtype == old.type.dtype:
        return new
    return pt.cast(new, old.type.dtype)
