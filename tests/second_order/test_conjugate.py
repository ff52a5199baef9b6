"""Conjugate gradients against solves in NumPy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.scan.op import Scan

import symgrad as sg
from symgrad import errors
from symgrad.second_order import conjugate_gradient, hvp
from tests.conftest import compile_on
from tests.second_order.curved import ROWS, cost_of, dense, index, table, vectors


class TestConjugateGradient:
    def spd(self, n=5):
        root = np.random.default_rng(5).normal(size=(n, n))
        return root @ root.T + np.eye(n)

    def test_against_solve(self, backend):
        matrix, right = pt.dmatrix("matrix"), pt.dvector("right")
        x = conjugate_gradient(lambda v: matrix @ v, right, iterations=5)
        f = compile_on(backend, [matrix, right], x)
        a, b = self.spd(), np.arange(5.0)
        np.testing.assert_allclose(f(a, b), np.linalg.solve(a, b), rtol=1e-8)

    def test_rows_of_a_table(self, backend):
        """The product reads a table and repeats rows; twelve rounds, for eight unknowns."""
        W = table()
        subset = W[index]
        cost = cost_of(subset)
        x = conjugate_gradient(lambda v: hvp(cost, subset, v), vectors, iterations=12)
        f = compile_on(backend, [index, vectors], x)
        v = np.random.default_rng(6).normal(size=(4, 2))
        expected = np.linalg.solve(dense(W.get_value()[ROWS])[2], v.ravel())
        np.testing.assert_allclose(f(ROWS, v).ravel(), expected, rtol=1e-8)

    def test_blocks(self):
        a, b = self.spd(), np.arange(5.0)

        def product(blocks):
            whole = a @ pt.concatenate([blocks[0].flatten(), blocks[1]])
            return [whole[:4].reshape((2, 2)), whole[4:]]

        right = [pt.constant(b[:4].reshape(2, 2)), pt.constant(b[4:])]
        first, second = conjugate_gradient(product, right, iterations=5)
        got = sg.function([], [first.flatten(), second])()
        np.testing.assert_allclose(np.concatenate(got), np.linalg.solve(a, b), rtol=1e-8)

    def test_start(self):
        a, b = self.spd(), np.arange(5.0)
        start = np.linalg.solve(a, b) + 1e-3
        x = conjugate_gradient(lambda v: a @ v, pt.constant(b), pt.constant(start), iterations=1)
        direction = b - a @ start
        alpha = direction @ direction / (direction @ a @ direction)
        np.testing.assert_allclose(sg.function([], x)(), start + alpha * direction)

    def test_tolerance_stops(self):
        a, b = np.diag([1.0, 2.0, 50.0]), np.ones(3)

        def solve(**options):
            return sg.function([], conjugate_gradient(lambda v: a @ v, pt.constant(b), **options))()

        rounds = {k: solve(iterations=k) for k in (1, 2, 3)}
        residuals = {k: np.linalg.norm(b - a @ x) / np.linalg.norm(b) for k, x in rounds.items()}
        between = (residuals[1] + residuals[2]) / 2
        assert residuals[2] < between < residuals[1]
        assert np.array_equal(solve(iterations=9, tolerance=between), rounds[2])

    def test_at_the_solution_nothing_is_nan(self):
        x = conjugate_gradient(lambda v: v, pt.constant(np.ones(3)), iterations=4)
        assert np.array_equal(sg.function([], x)(), np.ones(3))
        zero = conjugate_gradient(lambda v: v, pt.zeros(3), iterations=4)
        assert np.array_equal(sg.function([], zero)(), np.zeros(3))

    def test_stops_at_negative_curvature(self):
        start = pt.constant(np.full(3, 0.5))
        x = conjugate_gradient(lambda v: -v, pt.constant(np.ones(3)), start)
        assert np.array_equal(sg.function([], x)(), np.full(3, 0.5))

    def test_keeps_the_dtype(self):
        right = pt.fvector("right")
        x = conjugate_gradient(lambda v: 2 * v, right, tolerance=1e-3)
        assert x.type.dtype == "float32"
        assert np.allclose(sg.function([right], x)(np.ones(2, "float32")), 0.5)

    @pytest.mark.parametrize(
        "options", [{"iterations": 0}, {"iterations": 2.5}, {"tolerance": 0.0}]
    )
    def test_wrong_options(self, options):
        with pytest.raises(errors.HyperparameterError, match=next(iter(options))):
            conjugate_gradient(lambda v: v, pt.dvector(), **options)


def test_the_table_is_not_read_inside_the_loop():
    """What does not depend on the direction is computed once."""
    W = table()
    subset = W[index]
    x = conjugate_gradient(lambda v: hvp(cost_of(subset), subset, v), vectors)
    f = pytensor.function([index, vectors], x)
    loops = [node for node in f.maker.fgraph.apply_nodes if isinstance(node.op, Scan)]
    assert len(loops) == 1
    assert W not in loops[0].inputs
