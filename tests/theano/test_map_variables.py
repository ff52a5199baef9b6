"""Variables replaced in a graph and its loops: the result is that of the graph written so."""

import numpy as np
import pytest

import symgrad.theano as theano
import symgrad.theano.tensor as T
from symgrad.theano.scan_module.scan_utils import map_variables

VALUES = np.array([0.3, 0.9, -0.5]), 0.7, 0.2


def tagged(variable, instead):
    variable.tag.instead = instead
    return variable


def mapped(variable):
    (new,) = map_variables(lambda v: getattr(v.tag, "instead", v), [variable])
    return new


@pytest.fixture
def inputs():
    return T.dvector("x"), T.dscalar("w"), T.dscalar("start")


def assert_same(inputs, graph, other):
    gradients = [*T.grad(graph.sum(), inputs), *T.grad(other.sum(), inputs)]
    f = theano.function(inputs, [graph, other, *gradients], on_unused_input="ignore")
    value, other, *gradients = f(*VALUES)
    np.testing.assert_allclose(value, other, rtol=1e-14)
    for ours, expected in zip(gradients[:3], gradients[3:], strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-13)


def test_a_loop_in_a_loop(inputs):
    x, w, start = inputs
    scale = theano.shared(3.0, name="scale")

    def program(say):
        def inner(h):
            return say(h * w, h * w - scale)

        def step(entry, last, weight):
            states, _ = theano.scan(inner, outputs_info=[last], n_steps=2)
            new = entry + T.tanh(states[-1])
            return say(new, new * 2 + weight)

        y, _ = theano.scan(step, sequences=[x], outputs_info=[start], non_sequences=[w])
        hidden = y.sum() + w
        hidden = say(hidden, T.sqr(hidden))
        return say(hidden * y[-1], T.tanh(hidden * y[-1] * scale))

    assert_same(inputs, mapped(program(tagged)), program(lambda variable, instead: instead))


def test_an_input_of_a_loop(inputs):
    x, w, start = inputs

    def program(w):
        return theano.scan(lambda entry, last: entry * w - last, sequences=x, outputs_info=[start])[
            0
        ]

    (new,) = map_variables(lambda v: T.exp(w) if v is w else v, [program(w)])
    assert_same(inputs, new, program(T.exp(w)))


def test_the_end_of_a_loop_and_its_updates(inputs):
    *_, start = inputs
    total = theano.shared(0.0)

    def step(last):
        return last * 2, {total: total + last}, theano.scan_module.until(tagged(last > 2, last > 9))

    values, updates = theano.scan(step, outputs_info=[start], n_steps=20)
    new, new_total = map(mapped, (values, updates[total]))
    values, new, new_total = theano.function([start], [values, new, new_total])(1.0)
    assert (values.tolist(), new.tolist(), new_total) == ([2, 4, 8], [2, 4, 8, 16, 32], 31)


def test_a_graph_as_one_op(inputs):
    x, w, start = inputs
    scale = theano.shared(3.0)
    a, b = T.dscalars("a", "b")
    op = theano.OpFromGraph([a, b], [tagged(a + b, x.sum() * scale * (a - b)), a * b])
    first, second = op(w, start)
    assert_same(inputs, mapped(first * second), x.sum() * scale * (w - start) * (w * start))


def test_nothing_to_replace(inputs):
    x, w, start = inputs
    y, _ = theano.scan(lambda entry, last: entry * w + last, sequences=x, outputs_info=[start])
    cost = T.exp(y).sum()
    assert map_variables(lambda v: v, [cost, w]) == [cost, w]


def test_an_update_is_not_brought_into_a_loop(inputs):
    counter = theano.shared(0.0)
    counter.update = counter + 1
    y, _ = theano.map(lambda entry: tagged(entry * 2, entry * counter), inputs[0])
    with pytest.raises(NotImplementedError, match="which has an update"):
        mapped(y)


def test_a_loop_of_a_gradient_is_refused(inputs):
    x, w, start = inputs
    y, _ = theano.scan(lambda entry, last: entry * w + last, sequences=x, outputs_info=[start])
    with pytest.raises(NotImplementedError, match="before the gradient"):
        map_variables(lambda v: start if v is w else v, [T.grad(y[-1], x)])
