"""The cost as a function of its distinct rows."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.graph.traversal import ancestors

import symgrad as sg
from symgrad.second_order import hvp
from symgrad.second_order.rows import problem_of
from tests.conftest import evaluated
from tests.second_order.curved import (
    DISTINCT,
    ROWS,
    cost_of,
    dense_on_rows,
    index,
    loss_of,
    output_of,
    table,
)


class TestFaq:
    """'Using Hessian-Free, you will get many zero rows and columns.'"""

    def hessian(self, cost, wrt, size, inputs):
        direction = pt.dmatrix("direction")
        f = sg.function([*inputs, direction], hvp(cost, wrt, direction), audit="off")
        shape = (size // 2, 2)
        return lambda *values: np.stack(
            [f(*values, unit.reshape(shape)).ravel() for unit in np.eye(size)]
        )

    def test_the_table_is_singular_and_the_subset_is_not(self):
        W = table()
        subset = W[index]
        cost = cost_of(subset)
        rows = [4, 1, 3, 5]
        whole = self.hessian(cost, W, 12, [index])(rows)
        unused = np.repeat([0, 2], 2) * 2 + [0, 1, 0, 1]
        assert not whole[unused].any()
        assert not whole[:, unused].any()
        assert np.linalg.matrix_rank(whole) == 8
        with pytest.raises(np.linalg.LinAlgError):
            np.linalg.inv(whole)
        of_rows = self.hessian(cost, subset, 8, [index])(rows)
        assert np.linalg.matrix_rank(of_rows) == 8
        assert np.linalg.cond(of_rows) < 100


class TestProblem:
    def test_no_table_is_left_in_it(self):
        W, b = table(), sg.shared(np.ones(2), name="b")
        problem = problem_of(cost_of(W[index] + b), [W, b])
        assert problem.tables == [W, b]
        assert b not in ancestors([problem.cost])
        # Only the shape of a table counts, not what it holds.
        assert sg.lookups(problem.cost, W) == sg.Subset(W, (), ())
        assert [unknown.type.ndim for unknown in problem.unknowns] == [2, 1]

    def test_is_the_cost_at_the_values_of_the_rows(self):
        W = table()
        cost = cost_of(W[index])
        problem = problem_of(cost, W)
        (settled,) = problem.settled([problem.cost])
        given = {index: ROWS}
        np.testing.assert_allclose(evaluated(settled, given), evaluated(cost, given))
        (rows,) = (evaluated(value, given) for value in problem.values)
        assert len(rows) == len(DISTINCT)

    def test_gradients_and_products_are_those_over_the_distinct_rows(self):
        W = table()
        problem = problem_of(cost_of(W[index]), W)
        values, given = W.get_value(), {index: ROWS}
        rows = evaluated(problem.values[0], given)
        # The rows in the order of the problem, as positions in DISTINCT.
        order = [np.flatnonzero((values[DISTINCT] == row).all(axis=1)).item() for row in rows]
        _, gradient, hessian = dense_on_rows(values)
        direction = np.random.default_rng(4).normal(size=rows.shape)
        expected = np.empty_like(direction)
        expected[order] = direction
        (ours,) = problem.settled(problem.gradients)
        np.testing.assert_allclose(evaluated(ours, given), gradient.reshape(-1, 2)[order])
        (ours,) = problem.settled(problem.hessian_product([pt.constant(direction)]))
        product = (hessian @ expected.ravel()).reshape(-1, 2)[order]
        np.testing.assert_allclose(evaluated(ours, given), product)

    def test_steps_are_added_and_rows_are_written(self):
        W = table()
        problem = problem_of(cost_of(W[index]), W)
        given = {index: ROWS}
        ones = [pt.ones_like(value) for value in problem.values]
        expected = W.get_value()
        expected[DISTINCT] += 1
        (added,) = problem.updates(ones).values()
        np.testing.assert_allclose(evaluated(added, given), expected)
        expected[DISTINCT] = 1
        (written,) = problem.written(ones).values()
        np.testing.assert_allclose(evaluated(written, given), expected)

    def test_slots_have_the_shape_of_their_table(self):
        W, b = table(dtype="float32"), sg.shared(np.ones(2))
        problem = problem_of(cost_of(W[index] + b), [W, b])
        slots = problem.slots("direction")
        assert list(slots) == ["direction/W", "direction/param1"]
        assert slots["direction/W"].get_value().shape == (6, 2)
        assert slots["direction/W"].type.dtype == "float32"

    def test_outputs_are_functions_of_the_rows_too(self):
        W = table()
        output = output_of(W[index])
        problem = problem_of(loss_of(output), W, [output])
        (of_rows,) = problem.outputs
        assert sg.lookups(of_rows, W) == sg.Subset(W, (), ())
        (settled,) = problem.settled([of_rows])
        given = {index: ROWS}
        np.testing.assert_allclose(evaluated(settled, given), evaluated(output, given))
