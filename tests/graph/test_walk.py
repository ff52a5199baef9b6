"""The walk back from a cost: what a gradient reaches, and what it does not."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad, zero_grad

import symgrad as sg
from symgrad.graph.walk import differentiable_inputs, passes_gradient, paths

x, y = pt.dvector("x"), pt.dvector("y")


def reached(cost, blocked=()):
    return [variable for variable, _ in paths(cost, blocked)]


def test_starts_at_the_cost_with_no_consumer():
    cost = (x * y).sum()
    assert next(paths(cost)) == (cost, None)


def test_a_variable_comes_once_for_each_consumer():
    cost = (x * 2).sum() + (x * 3).sum()
    consumers = [consumer for variable, consumer in paths(cost) if variable is x]
    assert len(consumers) == len(set(consumers)) == 2


def test_is_in_the_order_in_which_the_graph_is_written():
    leaves = [variable for variable in reached((x * y).sum()) if variable in (x, y)]
    assert leaves == [x, y]


def test_does_not_look_behind_what_is_blocked():
    subset = x[1:]
    cost = (subset**2).sum()
    assert x in reached(cost)
    assert subset in reached(cost, blocked=[subset])
    assert x not in reached(cost, blocked=[subset])


def test_does_not_enter_indices():
    index = pt.cast(y.sum(), "int64")
    assert y not in reached(x[index] ** 2)
    assert y in reached((x[index] * y[0]) ** 2)


def test_does_not_pass_what_has_no_gradient():
    for cut in (disconnected_grad, zero_grad, pt.argmax):
        assert x not in reached(pt.cast(cut(x).sum(), "float64") + y.sum())


def test_of_a_fill_only_the_value_counts():
    assert x not in reached(pt.ones_like(x).sum() * y.sum())
    node = pt.second(x, y).owner
    assert differentiable_inputs(node) == [y]


def test_inputs_of_reads_are_tables_without_indices():
    W, index = sg.shared(np.ones((3, 2))), pt.lvector()
    assert differentiable_inputs(W[index].owner) == [W]
    assert differentiable_inputs((x * y).owner) == [x, y]


def test_passes_gradient():
    assert passes_gradient(x * 2)
    assert not passes_gradient(pt.argmax(x))
    assert not passes_gradient(disconnected_grad(x))
