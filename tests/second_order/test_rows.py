"""The cost as a function of its distinct rows."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.second_order import hvp
from tests.second_order.curved import cost_of, index, table


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
