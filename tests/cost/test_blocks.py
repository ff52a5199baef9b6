"""From parameters to blocks: which rows move, and the mistakes that are named."""

import logging

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from symgrad.cost.blocks import blocks, listed
from tests.conftest import evaluated

index = pt.lvector("index")


@pytest.fixture
def W():
    return sg.shared(np.arange(12.0).reshape(6, 2), name="W")


@pytest.fixture
def b():
    return sg.shared(np.ones(2), name="b")


def made(cost_or_grads, params, **options):
    defaults = {"require_lookups": False, "unused": "keep", "mask": None, "distinct": True}
    return blocks(cost_or_grads, params, **(defaults | options))


def test_one_block_for_each_table(W, b):
    cost = ((W[index] + b) ** 2).sum() + W[0].sum()
    first, second = made(cost, [W, b])
    assert (first.table, second.table) == (W, b)
    assert (first.dense, second.dense) == (False, False)
    assert first.place.indices
    assert second.place.indices == ()
    assert second.value is b


def test_the_gradient_of_a_row_is_the_sum_over_its_reads(W):
    (block,) = made((W[index] ** 2).sum() + W[0].sum(), W)
    given = {index: [5, 0, 5]}
    rows, gradient = evaluated(block.value, given), evaluated(block.gradient, given)
    by_row = {tuple(row): g.tolist() for row, g in zip(rows, gradient, strict=True)}
    assert by_row == {(0.0, 1.0): [1.0, 3.0], (10.0, 11.0): [40.0, 44.0]}


def test_rows_may_repeat_for_linear_rules(W):
    (block,) = made((W[index] ** 2).sum(), W, distinct=False)
    assert not block.place.distinct
    assert evaluated(block.gradient, {index: [5, 5]}).tolist() == [[20, 22], [20, 22]]


def test_parameters_of_every_form(W):
    subset = W[index]
    cost = (subset**2).sum()
    for param in (W, subset, sg.lookups(cost, W), [W]):
        (block,) = made(cost, param)
        assert block.table is W
        assert evaluated(block.gradient, {index: [1]}).tolist() == [[4.0, 6.0]]


def test_gradients_in_place_of_the_cost(W, b):
    subset = W[index]
    first, second = made([pt.ones_like(subset), pt.constant([2.0, 3.0])], [subset, b])
    assert evaluated(first.gradient, {index: [4, 4]}).tolist() == [[2.0, 2.0]]
    assert evaluated(second.gradient).tolist() == [2.0, 3.0]


def test_unused_rows_that_decay_make_a_dense_block(W):
    (block,) = made((W[index] ** 2).sum(), W, unused="decay")
    assert block.dense
    assert block.value is W
    gradient = evaluated(block.gradient, {index: [1, 1]})
    assert gradient.tolist() == [[0, 0], [8, 12], [0, 0], [0, 0], [0, 0], [0, 0]]


def test_exact_blocks_have_free_rows(W):
    (block,) = made((W[index] ** 2).sum(), W, unused="exact")
    assert block.value is block.spread.rows
    assert block.value.owner is None


def test_a_dense_read_is_told_or_an_error(W, caplog):
    cost = W[index].sum() + (W**2).sum()
    with caplog.at_level(logging.WARNING, "symgrad"):
        (block,) = made(cost, W)
    assert block.dense
    assert "its update is dense" in caplog.text
    with pytest.raises(errors.DenseReadError, match="lookups='require' was given"):
        made(cost, W, require_lookups=True)


def test_masks_of_a_table_and_of_a_subset(W):
    mask = np.arange(6)[:, None] != 4
    (block,) = made((W[index] ** 2).sum(), W, mask=[mask])
    rows = evaluated(block.value, {index: [4, 1]})[:, 0] / 2
    # Rows 1 and 4, of which the mask stops row 4.
    assert np.ravel(evaluated(block.mask, {index: [4, 1]})).tolist() == (rows != 4).tolist()
    subset = W[index]
    mask = pt.constant(np.array([[False, True], [False, False]]))
    (block,) = made((subset**2).sum(), subset, mask={subset: mask})
    given = {index: [3, 3]}
    assert evaluated(block.mask, given).tolist() == [[False, True]]
    assert evaluated(block.gradient, given).tolist() == [[0.0, 14.0]]


def test_the_mask_of_connected_entries(W):
    keep = pt.vector("keep", dtype="bool")
    cost = (W[index] * keep[:, None]).sum()
    (block,) = made(cost, W, mask="connected")
    values = {index: [2, 0], keep: [True, False]}
    rows, mask = evaluated(block.value, values), evaluated(block.mask, values)
    assert {row[0] / 2: m.tolist() for row, m in zip(rows, mask, strict=True)} == {
        0.0: [False, False],
        2.0: [True, True],
    }


def test_a_gradient_keeps_the_dtype_of_the_table():
    W = sg.shared(np.ones((3, 2), "float32"), name="W")
    (block,) = made((W[index] * pt.dscalar()).sum(), W)
    assert block.gradient.dtype == "float32"
    assert block.with_gradient(pt.dmatrix()).gradient.dtype == "float32"


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ("some", "the word 'connected'"),
        ([None, None], "2 entries for 1 parameters"),
        ({index: None}, "not among the parameters"),
        (np.ones(6, bool), "1 dimensions, the table has 2"),
    ],
)
def test_masks_that_do_not_fit(W, mask, message):
    with pytest.raises(errors.OptionError, match=message):
        made((W[index] ** 2).sum(), W, mask=mask)


def test_connected_needs_the_cost(W):
    with pytest.raises(errors.OptionError, match="the mask is made from the cost"):
        made([pt.dmatrix()], [W], mask="connected")


def test_gradients_that_do_not_fit(W):
    with pytest.raises(errors.GradientShapeError, match="2 gradients were given for 1"):
        made([pt.dmatrix(), pt.dmatrix()], [W])
    with pytest.raises(errors.GradientShapeError, match="1 dimensions, but the rows"):
        made([pt.dvector()], [W[index]])


def test_a_table_given_twice(W):
    subset = W[index]
    cost = (subset**2).sum()
    with pytest.raises(errors.DuplicateUpdateError, match="name table W twice"):
        made(cost, [W, subset])
    with pytest.raises(errors.DuplicateUpdateError, match="name table W twice"):
        made(cost, [subset, subset])
    other = W[0]
    assert len(made(cost + other.sum(), [subset, other])) == 1


def test_what_is_no_parameter(W):
    with pytest.raises(errors.NotSharedError, match="neither a shared variable nor a subset"):
        made((W[index] ** 2).sum(), [pt.dvector()])
    with pytest.raises(errors.NotSharedError, match="5 was given as parameters"):
        made((W[index] ** 2).sum(), 5)
    with pytest.raises(errors.DisconnectedError, match="does not depend on"):
        made((W[index] ** 2).sum(), sg.shared(1.0, name="other"))


def test_listed(W):
    subset = sg.lookups(W[index].sum(), W)
    assert listed(W) == [W]
    assert listed(subset) == [subset]
    assert listed((W, subset)) == [W, subset]
