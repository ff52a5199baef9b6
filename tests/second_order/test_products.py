"""Products with the Hessian and the Gauss-Newton matrix, against dense matrices."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from symgrad.second_order import gauss_newton_vp, hvp
from tests.conftest import compile_on
from tests.second_order.curved import (
    MIX,
    ROWS,
    cost_of,
    dense,
    dense_gauss_newton,
    index,
    loss_of,
    output_of,
    table,
    vectors,
)


class TestHvp:
    def test_of_a_subset(self, backend):
        W, v = table(), np.random.default_rng(3).normal(size=(4, 2))
        subset = W[index]
        f = compile_on(backend, [index, vectors], hvp(cost_of(subset), subset, vectors))
        expected = dense(W.get_value()[ROWS])[2] @ v.ravel()
        np.testing.assert_allclose(f(ROWS, v).ravel(), expected, rtol=1e-10)

    def test_of_a_list_has_cross_terms(self):
        W, b = table(), sg.shared(np.array([0.3, -0.2]), name="b")
        subset, u = W[index], pt.dvector("u")
        cost = pt.sum((subset * b) ** 2)
        f = sg.function([index, vectors, u], hvp(cost, [subset, b], [vectors, u]))
        rng = np.random.default_rng(4)
        v, w = rng.normal(size=(4, 2)), rng.normal(size=2)
        rows, bias = W.get_value()[ROWS], b.get_value()
        of_rows, of_bias = f(ROWS, v, w)
        np.testing.assert_allclose(of_rows, 2 * bias**2 * v + 4 * rows * bias * w)
        expected = 4 * (rows * bias * v).sum(0) + 2 * (rows**2).sum(0) * w
        np.testing.assert_allclose(of_bias, expected)

    def test_of_all_reads_of_a_table(self):
        W = table()
        cost = pt.sum(W[index] ** 3) + pt.sum(W[0] ** 2)
        reads = sg.lookups(cost, W)
        given = [pt.ones_like(read.variable) for read in reads.reads]
        results = sg.function([index], hvp(cost, reads, given))(ROWS)
        expected = {2: 6 * W.get_value()[ROWS], 1: np.full(2, 2.0)}
        for result in results:
            np.testing.assert_allclose(result, expected[result.ndim])

    def test_vectors_are_constant(self):
        W = table()
        subset = W[index]
        f = sg.function([index], hvp(pt.sum(subset**3), subset, subset))
        np.testing.assert_allclose(f(ROWS), 6 * W.get_value()[ROWS] ** 2)

    def test_a_linear_cost_has_none(self):
        subset = table()[index]
        f = sg.function(
            [index, vectors], hvp(pt.sum(3 * subset), subset, vectors), on_unused_input="ignore"
        )
        assert np.array_equal(f(ROWS, np.ones((4, 2))), np.zeros((4, 2)))

    def test_has_the_checks_of_grad(self):
        W = table()
        subset = W[index]
        with pytest.raises(errors.SubsetRebuiltError):
            hvp(cost_of(subset), W[index], vectors)
        with pytest.raises(errors.OtherPathError):
            hvp(cost_of(subset) + W.sum(), subset, vectors)
        with pytest.raises(errors.DisconnectedError):
            hvp(cost_of(subset), table("V")[index], vectors)

    def test_vectors_must_fit(self):
        subset = table()[index]
        with pytest.raises(errors.HyperparameterError, match="2 blocks where 1"):
            hvp(cost_of(subset), [subset], [vectors, vectors])
        with pytest.raises(errors.HyperparameterError, match="1 dimensions"):
            hvp(cost_of(subset), subset, pt.dvector())


class TestGaussNewton:
    def test_of_a_subset(self, backend):
        W, v = table(), np.random.default_rng(3).normal(size=(4, 2))
        subset = W[index]
        output = output_of(subset)
        product = gauss_newton_vp(loss_of(output), output, subset, vectors)
        f = compile_on(backend, [index, vectors], product)
        expected = dense_gauss_newton(W.get_value()[ROWS]) @ v.ravel()
        np.testing.assert_allclose(f(ROWS, v).ravel(), expected, rtol=1e-10)

    def test_an_output_may_be_made_of_another(self):
        W, v = table(), np.random.default_rng(3).normal(size=(4, 2))
        subset = W[index]
        output = output_of(subset)
        cost = loss_of(output) + 5 * pt.sum(subset**2)
        product = gauss_newton_vp(cost, [output, subset], subset, vectors)
        expected = dense_gauss_newton(W.get_value()[ROWS]) @ v.ravel() + 10 * v.ravel()
        f = sg.function([index, vectors], product)
        np.testing.assert_allclose(f(ROWS, v).ravel(), expected, rtol=1e-10)

    def test_is_the_hessian_behind_a_linear_output(self):
        W, v = table(), np.random.default_rng(3).normal(size=(4, 2))
        subset = W[index]
        output = subset @ MIX
        cost = pt.sum(output**4)
        both = [gauss_newton_vp(cost, output, subset, vectors), hvp(cost, subset, vectors)]
        first, second = sg.function([index, vectors], both)(ROWS, v)
        np.testing.assert_allclose(first, second, rtol=1e-10)

    def test_a_way_around_the_output(self):
        subset = table()[index]
        output = output_of(subset)
        with pytest.raises(errors.OtherPathError, match=r"output=\[output, subset\]"):
            gauss_newton_vp(loss_of(output) + pt.sum(subset**2), output, subset, vectors)

    def test_an_output_that_is_none(self):
        subset = table()[index]
        cost = loss_of(output_of(subset))
        with pytest.raises(errors.DisconnectedError, match="not built from the output"):
            gauss_newton_vp(cost, output_of(subset), subset, vectors)
