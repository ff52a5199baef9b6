"""`grad`: its values, and the mistakes that it names."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import disconnected_grad

import symgrad as sg
from symgrad import errors


@pytest.fixture
def W():
    return sg.shared(np.arange(12.0).reshape(6, 2), name="W")


index = pt.lvector("index")


def test_the_gradient_of_a_subset(W):
    subset = W[index]
    g = sg.grad((subset**2).sum(), subset)
    assert g.eval({index: [5, 5]}).tolist() == [[20.0, 22.0], [20.0, 22.0]]


def test_several_wrt_give_a_list(W):
    a, b, x = W[index], W[0], pt.dscalar("x")
    gradients = sg.grad((a.sum() + b.sum()) * x, [a, b, x])
    assert [g.type.ndim for g in gradients] == [2, 1, 0]


def test_a_subset_object_stands_for_all_its_reads(W):
    cost = W[index].sum() + (W[0] * W[1]).sum()
    subset = sg.lookups(cost, W)
    assert len(subset.reads) == len(sg.grad(cost, subset)) == 3


def test_random_projection_of_the_gradient_is_the_difference_of_costs():
    rng = np.random.default_rng(0)
    W = sg.shared(rng.normal(size=(5, 3)), name="W")
    subset, x = W[index], pt.dvector("x")
    cost = pt.log1p(pt.exp(pt.dot(subset, x))).sum()
    f = pytensor.function([index, x], [cost, sg.grad(cost, subset)], mode="FAST_COMPILE")
    rows, value = np.array([1, 4]), rng.normal(size=3)
    direction, table, h = rng.normal(size=(2, 3)), W.get_value(), 1e-6
    costs = []
    for sign in (1, -1):
        moved = table.copy()
        moved[rows] += sign * h * direction
        W.set_value(moved)
        costs.append(f(rows, value)[0])
    W.set_value(table)
    slope = (costs[0] - costs[1]) / (2 * h)
    np.testing.assert_allclose((f(rows, value)[1] * direction).sum(), slope, rtol=1e-6)


def test_a_rebuilt_subset_is_named(W):
    with pytest.raises(errors.SubsetRebuiltError, match=r"second subset of W.*once"):
        sg.grad((W[index] ** 2).sum(), W[index])


@pytest.mark.parametrize(
    "other",
    [
        lambda W: (W**2).sum(),
        lambda W: W[index].sum(),
        lambda W: W.T[0].sum(),
        lambda W: pytensor.scan(
            lambda i, W: W[i].sum(), sequences=index, non_sequences=W, return_updates=False
        ).sum(),
    ],
    ids=["decay", "second read", "transpose", "scan"],
)
def test_another_path_of_the_table_is_named(W, other):
    subset = W[index]
    with pytest.raises(errors.OtherPathError, match=r"table W .*another way.*sg.adam\(cost"):
        sg.grad((subset**2).sum() + other(W), subset)


@pytest.mark.parametrize(
    "harmless",
    [
        lambda W: W.shape[0],
        lambda W: disconnected_grad(W).sum(),
        lambda W: pt.argmax(W),
        lambda W: pt.zeros_like(W).sum(),
    ],
    ids=["shape", "disconnected", "argmax", "zeros_like"],
)
def test_what_has_no_gradient_is_no_path(W, harmless):
    subset = W[index]
    cost = (subset**2).sum() * (1 + 0 * harmless(W))
    assert sg.grad(cost, subset).eval({index: [1]}).tolist() == [[4.0, 6.0]]
    assert sg.lookups(cost, W).dense == ()


def test_an_unconnected_variable_is_named(W):
    subset = W[index]
    with pytest.raises(errors.DisconnectedError, match="not zero but undefined"):
        sg.grad(pt.dvector().sum(), subset)
    with pytest.raises(errors.DisconnectedError, match="not zero but undefined"):
        sg.grad(pt.cast(pt.argmax(subset), "float64"), subset)


def test_a_cost_with_dimensions_is_named(W):
    subset = W[index]
    with pytest.raises(errors.DisconnectedError, match="sum or average"):
        sg.grad(subset, subset)


def test_a_table_of_integers_is_named():
    table = sg.shared(np.arange(4), name="counts")
    with pytest.raises(errors.IntegerTableError, match="counts holds int64.*astype"):
        sg.grad(table[index].sum() * 1.0, table[index])
    with pytest.raises(errors.IntegerTableError, match="counts holds int64"):
        sg.sgd(table[index].sum() * 1.0, table, 0.1)
