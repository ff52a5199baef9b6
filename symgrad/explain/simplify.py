"""An expression to its textbook form: still an expression, which can be computed and checked."""

from math import prod

import pytensor.tensor as pt
from pytensor.graph.basic import Constant
from pytensor.scalar import basic as scalar
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.special import LogSoftmax

from symgrad.explain.factors import Factors, Same, broadcasts_to, number_like
from symgrad.explain.scalars import constant_of
from symgrad.graph.index_reads import indices_of, is_index_write

__all__ = ["simplified"]

# Higher powers are not multiplied out to be cancelled.
_POWERS = range(2, 10)
_ENTRYWISE = (scalar.TrueDiv, scalar.Mul, scalar.Neg, scalar.Second)


def simplified(expression, known):
    """The expression without factors of one, terms of zero, and exponents that are ones.

    Equal factors are cancelled or become powers, equal terms become multiples, and numbers come to
    the front of products, sums and matrix products.

    Parameters
    ----------
    expression : variable
    known : collection of variables
        Those that have names: nothing is looked for behind them.

    Returns
    -------
    variable
        Of the same type.
    """
    return _Simplifier(known).of(expression)


class _Simplifier:
    def __init__(self, known):
        self.known = known
        self.done = {}
        self.same = Same(known)
        self.values = {}

    def of(self, variable):
        node = variable.owner
        if node is None or variable in self.known:
            return variable
        if variable not in self.done:
            inputs = [self.of(one) for one in node.inputs]
            rebuilt = variable
            if inputs != node.inputs:
                rebuilt = node.clone_with_new_inputs(inputs, strict=False)
                rebuilt = rebuilt.outputs[node.outputs.index(variable)]
            self.done[variable] = self.same.of(_like(self._step(rebuilt), variable))
        return self.done[variable]

    def _step(self, variable):
        node = variable.owner
        if node is None:
            return variable
        if isinstance(node.op, Elemwise):
            rule = _RULES.get(type(node.op.scalar_op))
            return rule(self, variable, *node.inputs) if rule else variable
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

    def _hides(self, variable, kind):
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
        """Axes added and dropped again; and numbers, that have no axes to speak of."""
        (inner,), order = node.inputs, node.op.new_order
        if inner.owner is None or inner in self.known:
            return variable
        if isinstance(inner.owner.op, DimShuffle):
            order = [one if one == "x" else inner.owner.op.new_order[one] for one in order]
            source = inner.owner.inputs[0]
            if _keeps(order, source):
                return source.dimshuffle(*order) if order != list(range(source.ndim)) else source
        if _is_matmul(inner.owner.op) and order == (1, 0):
            a, b = (self._step(one.T) for one in inner.owner.inputs)
            return inner.owner.op(b, a)
        if self._hides(inner, _ENTRYWISE) and all(_keeps(order, x) for x in inner.owner.inputs):
            parts = [self._step(one.dimshuffle(*order)) for one in inner.owner.inputs]
            return self._step(inner.owner.op(*parts))
        return variable

    def _sum(self, variable, node):
        """A number times a sum; and the sum of a scatter-add is that of what was scattered."""
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
        front = Factors(
            front.number, front.divisor,
            {self._step(one.dimshuffle(*kept)): power for one, power in front.count.items()},
        )  # fmt: skip
        return front.times(Factors(1, 1, {node.op(rest): 1})).joined(variable)

    def _matmul(self, variable, node):
        """Numbers times a product."""
        (front, a), (more, b) = (self._taken_out(one, range(one.ndim)) for one in node.inputs)
        if [a, b] == node.inputs:
            return variable
        return front.times(more).times(Factors(1, 1, {node.op(a, b): 1})).joined(variable)

    def _taken_out(self, variable, axes):
        """The factors that are the same along axes, and the rest."""
        parts = self._split([variable])
        same = {
            one: power for one, power in parts.count.items()
            if all(one.type.broadcastable[axis] for axis in axes)
        }  # fmt: skip
        rest = Factors(1, 1, {one: n for one, n in parts.count.items() if one not in same})
        if not rest.above or not broadcasts_to(rest.count, variable):
            return Factors(1, 1, {}), variable
        is_whole = len(rest.count) == len(parts.count) and parts.number == parts.divisor
        left = variable if is_whole else rest.joined(variable)
        return Factors(parts.number, parts.divisor, same), left

    # Products and quotients.

    def product(self, variable, *factors):
        return self._fraction(variable, factors)

    def quotient(self, variable, x, y):
        return variable if self._value(y) == 0 else self._fraction(variable, [x], [y])

    def _fraction(self, variable, factors, divisors=()):
        """One sign and one number in front, one quotient, and no ones."""
        parts = self._split(factors, divisors)
        if parts.number == 0:
            return pt.zeros_like(variable)
        parts = self._gathered(parts)
        found = self._distributed(variable, parts)
        if found is None:
            found = parts.joined(variable)
        fits = found.type.broadcastable == variable.type.broadcastable
        return found if fits else pt.second(variable, found)

    def _split(self, factors, divisors=()):
        """Products, quotients and powers taken apart."""
        number, divisor, count = 1, 1, {}
        stack = [*((one, -1) for one in divisors), *((one, 1) for one in reversed(factors))]
        while stack:
            one, power = stack.pop()
            value = self._value(one)
            inputs = one.owner.inputs if one.owner else ()
            if self._hides(one, scalar.TrueDiv):
                stack += [(inputs[1], -power), (inputs[0], power)]
            elif value is not None and power > 0:
                number *= prod([value] * power)  # infinite rather than an error
            elif value:
                divisor *= prod([value] * -power)
            elif self._hides(one, scalar.Neg):
                number *= (-1) ** abs(power)
                stack.append((inputs[0], power))
            elif self._hides(one, scalar.Second):
                # What was filled into a shape broadcasts as well without.
                stack.append((inputs[1], power))
            elif self._hides(one, scalar.Mul):
                stack += [(each, power) for each in reversed(inputs)]
            elif self._is_power(one, abs(power)):
                stack.append((inputs[0], power * int(self._value(inputs[1]))))
            else:
                one = self.same.of(one)
                count[one] = count.get(one, 0) + power
        return Factors.of(number, divisor, count)

    def _is_power(self, variable, power):
        """Is this a power that is still low when it is raised to another?"""
        if not self._hides(variable, scalar.Pow):
            return False
        exponent = self._value(variable.owner.inputs[1])
        return exponent in _POWERS and power * exponent in _POWERS

    def _distributed(self, variable, parts):
        """``p·(a/p + b)`` as ``a + p·b``: a factor goes into a sum if it cancels there."""
        for one in parts.above:
            terms, others = self._terms(one), parts.without(one)
            if len(terms) == 1 or parts.count[one] != 1:
                continue
            split = [self._split([term]) for _, term in terms]
            made = [self._gathered(others.times(term)) for term in split]
            size = others.size()
            if all(m.size() == t.size() + size for m, t in zip(made, split, strict=True)):
                continue
            made = [part.joined(variable) for part in made]
            made = [-part if s < 0 else part for (s, _), part in zip(terms, made, strict=True)]
            if broadcasts_to(made, variable):
                return self.total(pt.add(*made), *made)
        return None

    def _gathered(self, parts):
        """``p·scatter_add(0[i], a/p[i])`` as ``scatter_add(0[i], a)``."""
        for scatter in filter(self._is_scatter, parts.above):
            base, value, *index = scatter.owner.inputs
            inside, others = self._split([value]), parts.without(scatter)
            for one in others.above:
                if one.type.broadcastable != scatter.type.broadcastable:
                    continue
                read = self.same.of(one[indices_of(scatter.owner)])
                made = inside.times(Factors(1, 1, {read: 1})).joined(value)
                if read in inside.below and made.type.broadcastable == value.type.broadcastable:
                    whole = scatter.owner.clone_with_new_inputs([base, made, *index])
                    rest = others.times(Factors(1, 1, {one: -1}))
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
        kept = [one for one in terms if self._value(one) != 0]
        kept = self._collected(variable, kept) or kept
        if not kept or not broadcasts_to(kept, variable):
            return variable
        return pt.add(*kept) if len(kept) > 1 else kept[0]

    def difference(self, variable, a, b):
        values = self._value(a), self._value(b)
        if None not in values:
            return number_like(values[0] - values[1], variable)
        if values[1] == 0 and broadcasts_to([a], variable):
            return a
        if values[1] is not None and values[1] < 0:
            return pt.add(a, number_like(-values[1], b))
        kept = self._collected(variable, [a, -b])
        return self.total(variable, *kept) if kept else variable

    def _terms(self, variable):
        """``(sign, term)`` of a sum or difference; itself, if it is none."""
        inputs = variable.owner.inputs if variable.owner else ()
        if self._hides(variable, scalar.Add):
            return [pair for one in inputs for pair in self._terms(one)]
        if self._hides(variable, scalar.Sub):
            a, b = inputs
            return [*self._terms(a), *((-sign, one) for sign, one in self._terms(b))]
        if self._hides(variable, scalar.Neg):
            return [(-sign, one) for sign, one in self._terms(*inputs)]
        return [(1, variable)]

    def _collected(self, variable, terms):
        """The terms, those that differ by a number alone as one; None if there are no such."""
        groups = {}
        flat = [pair for one in terms for pair in self._terms(one)]
        for sign, term in flat:
            parts = self._split([term])
            key = (term.type.broadcastable, frozenset(parts.count.items()))
            groups.setdefault(key, []).append((sign * parts.number / parts.divisor, sign, term))
        if len(groups) == len(flat):
            return None
        found = []
        for (_, count), group in groups.items():
            (number, sign, term), *rest = group
            if rest:
                number = sum(one for one, _, _ in group)
                found += [Factors.of(number, 1, dict(count)).joined(variable)] if number else []
            else:
                found.append(-term if sign < 0 else term)
        return found or [number_like(0, variable)]

    # Signs, powers and functions.

    def second(self, variable, model, value):
        return value if value.type.broadcastable == variable.type.broadcastable else variable

    def negative(self, variable, x):
        if self._hides(x, scalar.Neg):
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


_RULES = {
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


def _keeps(order, source):
    """Is every axis of the source that is left out of length 1?"""
    return all(source.type.shape[k] == 1 for k in range(source.type.ndim) if k not in order)


def _like(new, old):
    """The new variable in the dtype of the old, if they have the same axes; else the old."""
    if isinstance(new, Constant) or new.type.dtype == old.type.dtype:
        return new
    return pt.cast(new, old.type.dtype)
