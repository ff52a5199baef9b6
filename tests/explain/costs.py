"""Costs that several tests explain."""

from functools import partial

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph

import symgrad as sg
from symgrad.explain import explain


def subclasses(kind):
    """All classes below a class."""
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def explained(cost, wrt=None, **options):
    return explain(cost, wrt, **{"backend": None} | options)


def assert_true(e):
    """Every line holds, and there are some."""
    result = e.check()
    assert result.lines
    assert result, str(result)


def A(*shape, name="A"):
    return pt.tensor(name, dtype="float64", shape=shape)


def B(*shape):
    return A(*shape, name="B")


def scan_of(x, h):
    return pytensor.scan(
        lambda x, h: pt.tanh(x * h), sequences=[x], outputs_info=[h], return_updates=False
    )


def inner(a, b):
    x, y = a.type(), b.type()
    return OpFromGraph([x, y], [x * pt.exp(y)])(a, b)


def lookup():
    """The lookup table of Theano's FAQ: table, index, subset and cost."""
    W, index = sg.shared(np.arange(10.0).reshape(5, 2), name="W"), pt.lvector("index")
    subset = W[index]
    subset.name = "subset"
    cost = ((subset - 1) ** 2).sum()
    cost.name = "cost"
    return W, index, subset, cost


def chain(length, names=0):
    """The explanation of a long chain, with a name after every so many links."""
    x = pt.tensor("x", dtype="float64", shape=(3,))
    z = x
    for k in range(length):
        z = pt.tanh(z) * x
        if names and k % names == names - 1:
            z.name = f"layer_{k // names}"
    cost = z.sum()
    cost.name = "cost"
    return explain(cost, x, backend=None)


def explained_lookup():
    """The lookup table with a rule, numbers and the compiler's rewrites."""
    _, _, subset, cost = lookup()
    rule = partial(sg.momentum, learning_rate=0.1)
    return explain(cost, subset, rule=rule, values={"index": [3, 1, 3]}, backend="c")


def explained_scalar():
    """A function of one number, with its value."""
    x = pt.dscalar("x")
    return explain(x**2 * pt.sin(x), x, values={"x": 0.7}, backend=None)


def explained_chains():
    """More than two hundred nodes: named chains that start at the same variable."""
    x = pt.tensor("x", dtype="float64", shape=(3,))
    total = x
    for k in range(11):
        z = x
        for _ in range(9):
            z = pt.tanh(z) * x
        z.name = f"chain_{k}"
        total = total + z
    return explain(total.sum(), x, backend=None)
