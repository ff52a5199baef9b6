"""An expression to its textbook form: still an expression, which can be computed and checked."""

import pytensor.tensor as pt
from pytensor.graph.basic import Constant
from pytensor.scalar import basic as scalar
from pytensor.tensor.elemwise import DimShuffle, Elemwise

from symgrad.explain.scalars import constant_of

__all__ = ["simplified"]


def simplified(expression, known):
    """The expression without factors of one, terms of zero, and exponents that are ones.

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
            self.done[variable] = _like(self._step(rebuilt), variable)
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
        return variable

    def _shuffle(self, variable, node):
        """Axes added and dropped again; and numbers, that have no axes to speak of."""
        (inner,) = node.inputs
        if inner.owner is not None and isinstance(inner.owner.op, DimShuffle):
            order = [
                one if one == "x" else inner.owner.op.new_order[one] for one in node.op.new_order
            ]
            source = inner.owner.inputs[0]
            if inner not in self.known and _keeps(order, source):
                return source.dimshuffle(*order) if order != list(range(source.ndim)) else source
        expands = all(k in node.op.new_order for k in range(inner.type.ndim))
        if (
            expands
            and inner not in self.known
            and _is(inner, (scalar.TrueDiv, scalar.Mul, scalar.Neg))
        ):
            parts = [self._step(_shuffled(one, node)) for one in inner.owner.inputs]
            return self._step(inner.owner.op(*parts))
        return variable

    def second(self, variable, model, value):
        return value if value.type.broadcastable == variable.type.broadcastable else variable

    def product(self, variable, *factors):
        return self._fraction(variable, factors, ())

    def _fraction(self, variable, factors, divisors):
        """One sign and one number in front, one quotient, and no ones."""
        number, above, below, stack = 1, [], [], [*reversed(list(self._flat(factors)))]
        below.extend(one for one in self._flat(divisors) if constant_of(one) != 1)
        while stack:
            one = stack.pop()
            value = constant_of(one)
            if value is not None:
                number *= value
            elif one in self.known:
                above.append(one)
            elif _is(one, scalar.Neg):
                number = -number
                stack.extend(reversed(list(self._flat(one.owner.inputs))))
            elif _is(one, scalar.TrueDiv):
                top, bottom = one.owner.inputs
                below.extend(self._flat([bottom]))
                stack.extend(reversed(list(self._flat([top]))))
            else:
                above.append(self._unfilled(one))
        return self._joined(variable, number, above, below)

    def _joined(self, variable, number, above, below):
        """The sign, the number and the factors put together again, if they have the shape."""
        if number == 0:
            return pt.zeros_like(variable)
        for one in list(below):
            value = constant_of(one)
            if value and abs(number) > 1 and number % value == 0:
                number /= value
                below.remove(one)
        above, below = _powers(above, below)
        if not _broadcasts_to([*above, *below], variable):
            return variable
        if abs(number) != 1 or not above:
            above.insert(0, _number(abs(number), variable))
        found = _times(above) / _times(below) if below else _times(above)
        return -found if number < 0 else found

    def _flat(self, factors):
        for one in factors:
            if _is(one, scalar.Mul) and one not in self.known:
                yield from self._flat(one.owner.inputs)
            else:
                yield one

    def _unfilled(self, factor):
        """A value that was filled into a shape broadcasts as well without."""
        if _is(factor, scalar.Second) and factor not in self.known:
            return factor.owner.inputs[1]
        return factor

    def total(self, variable, *terms):
        kept = [one for one in terms if constant_of(one) != 0]
        if not kept or not _broadcasts_to(kept, variable):
            return variable
        return pt.add(*kept) if len(kept) > 1 else kept[0]

    def difference(self, variable, a, b):
        values = constant_of(a), constant_of(b)
        if None not in values:
            return _number(values[0] - values[1], variable)
        if values[1] == 0 and _broadcasts_to([a], variable):
            return a
        return variable

    def negative(self, variable, x):
        if _is(x, scalar.Neg) and x not in self.known:
            return x.owner.inputs[0]
        value = constant_of(x)
        return _number(-value, variable) if value is not None else variable

    def power(self, variable, x, y):
        exponent = constant_of(y)
        if exponent == 1 and _broadcasts_to([x], variable):
            return x
        base = constant_of(x)
        if base is not None and exponent is not None:
            return _number(base**exponent, variable)
        return variable

    def quotient(self, variable, x, y):
        values = constant_of(x), constant_of(y)
        if None not in values and values[1] != 0:
            return _number(values[0] / values[1], variable)
        return self._fraction(variable, [x], [y])


_RULES = {
    scalar.Second: _Simplifier.second,
    scalar.Mul: _Simplifier.product,
    scalar.Add: _Simplifier.total,
    scalar.Sub: _Simplifier.difference,
    scalar.Neg: _Simplifier.negative,
    scalar.Pow: _Simplifier.power,
    scalar.TrueDiv: _Simplifier.quotient,
}


def _is(variable, kind):
    node = variable.owner
    return (
        node is not None and isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, kind)
    )


def _powers(above, below):
    """Factors that come several times as powers, without those that stand above and below."""
    count = dict.fromkeys([*above, *below], 0)
    for one in above:
        count[one] += 1
    for one in below:
        count[one] -= 1
    top = [one if n == 1 else one ** _number(n, one) for one, n in count.items() if n > 0]
    bottom = [one if n == -1 else one ** _number(-n, one) for one, n in count.items() if n < 0]
    return top, bottom


def _times(factors):
    return pt.mul(*factors) if len(factors) > 1 else factors[0]


def _broadcasts_to(variables, like):
    """Do the variables together have the shape of `like`?"""
    shape = zip(*(one.type.broadcastable for one in variables), strict=True)
    return tuple(map(all, shape)) == like.type.broadcastable or not like.type.ndim


def _keeps(order, source):
    """Is every axis of the source that is left out of length 1?"""
    return all(source.type.shape[k] == 1 for k in range(source.type.ndim) if k not in order)


def _shuffled(variable, node):
    return variable.dimshuffle(*node.op.new_order)


def _number(value, like):
    """A number that broadcasts as `like` does."""
    made = pt.constant(value, dtype=like.type.dtype)
    return made.dimshuffle(*["x"] * like.type.ndim) if like.type.ndim else made


def _like(new, old):
    """The new variable in the dtype of the old, if they have the same axes; else the old."""
    if isinstance(new, Constant) or new.type.dtype == old.type.dtype:
        return new
    return pt.cast(new, old.type.dtype)
