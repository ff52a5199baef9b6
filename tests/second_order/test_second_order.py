"""Second order on the rows, against dense matrices and solves in NumPy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pytensor.graph.traversal import toposort
from pytensor.scan.op import Scan
from scipy.optimize import minimize

import symgrad as sg
from symgrad import errors
from symgrad.second_order import (
    conjugate_gradient,
    gauss_newton_vp,
    hessian_free,
    hvp,
    lbfgs,
    newton,
)
from tests.conftest import compile_on

index = pt.lvector("index")
vectors = pt.dmatrix("vectors")
SLOW = pytest.mark.slow
# Numba compiles a solver for ten seconds.
SLOW_ON_NUMBA = pytest.mark.parametrize("backend", ["c", pytest.param("numba", marks=SLOW), "jax"])
ROWS = np.array([4, 1, 4, -1])
DISTINCT = [4, 1, 5]
# Which distinct row each occurrence is, for rows of two entries.
GATHER = np.kron([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], np.eye(2))
A, C = np.array([0.7, -0.4]), np.array([0.3, 0.5])
TARGETS = np.random.default_rng(2).normal(size=(4, 2))
MIX = np.array([[1.0, 0.5, -0.3], [0.2, -0.8, 0.6]])


def table(name="W", dtype="float64"):
    return sg.shared(np.random.default_rng(1).normal(size=(6, 2)).astype(dtype), name=name)


def cost_of(subset):
    """Curved, and with cross terms between all rows."""
    return (
        pt.sum((subset @ A) ** 4) / 4
        + pt.sum((subset - TARGETS) ** 2) / 2
        + pt.sum(subset @ C) ** 2 / 2
    )


def dense(occurrences):
    """``(cost, gradient, Hessian)`` of `cost_of` over the occurrences, by hand."""
    u, s = occurrences @ A, np.sum(occurrences @ C)
    cost = np.sum(u**4) / 4 + np.sum((occurrences - TARGETS) ** 2) / 2 + s**2 / 2
    gradient = (u**3)[:, None] * A + occurrences - TARGETS + s * C
    hessian = np.tile(np.outer(C, C), (4, 4)) + np.eye(8)
    for k in range(4):
        hessian[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] += 3 * u[k] ** 2 * np.outer(A, A)
    return cost, gradient.ravel(), hessian


def dense_on_rows(values):
    """The same over the distinct rows of a table with these values."""
    cost, gradient, hessian = dense(values[ROWS])
    return cost, GATHER.T @ gradient, GATHER.T @ hessian @ GATHER


def output_of(subset):
    return pt.tanh(subset @ MIX)


def loss_of(output):
    return pt.sum((output - 0.2) ** 2) / 2 + pt.sum(output) ** 2 / 2


def dense_gauss_newton(occurrences):
    z = np.tanh(occurrences @ MIX)
    jacobian = np.zeros((12, 8))
    for k in range(4):
        jacobian[3 * k : 3 * k + 3, 2 * k : 2 * k + 2] = (1 - z[k] ** 2)[:, None] * MIX.T
    return jacobian.T @ (np.eye(12) + 1) @ jacobian


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


class TestFaq:
    """'Using Hessian-Free, you will get many zero rows and columns.'"""

    def hessian(self, cost, wrt, size, inputs):
        one = pt.dmatrix("one")
        f = sg.function([*inputs, one], hvp(cost, wrt, one), audit="off")
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


class TestNewton:
    @SLOW_ON_NUMBA
    def test_against_solve(self, backend):
        W, damping = table(), pt.dscalar("damping")
        updates = newton(cost_of(W[index]), W, damping=damping)
        f = compile_on(backend, [index, damping], updates=updates)
        assert str(f.audit) == "W: rows touched"
        for number in (0.0, 0.7):
            start = W.get_value()
            _, gradient, hessian = dense_on_rows(start)
            f(ROWS, number)
            step = np.linalg.solve(hessian + number * np.eye(6), -gradient)
            expected = start.copy()
            expected[DISTINCT] += step.reshape(3, 2)
            np.testing.assert_allclose(W.get_value(), expected, rtol=1e-9)
            start = W.get_value()
        with pytest.raises(errors.IndexOutOfRangeError, match="index holds 6"):
            f([1, 6, 1, 2], 0.0)
        np.testing.assert_array_equal(W.get_value(), start)

    @SLOW_ON_NUMBA
    def test_tables_are_solved_together(self, backend):
        """A quadratic cost with cross terms is at its minimum after one step."""
        W, V, b = table("W"), table("V", "float32"), sg.shared(0.5, name="b")
        error = W[index] + V[index[::-1]] * 2 + b - TARGETS
        cost = pt.sum(error**2) + 0.1 * (pt.sum(W[index] ** 2) + pt.sum(V[index[::-1]] ** 2) + b**2)
        f = compile_on(backend, [index], updates=newton(cost, [W, V, b]))
        f(ROWS)
        first, second = W.get_value(), V.get_value()
        # By least squares: the errors, and the square roots of the penalties.
        of_w = np.vstack([GATHER, np.sqrt(0.1) * GATHER, np.zeros((9, 6))])
        of_v = np.vstack([2 * GATHER.reshape(4, 2, 6)[::-1].reshape(8, 6), np.zeros((17, 6))])
        of_v[16:24] = np.sqrt(0.1) * GATHER
        of_b = np.concatenate([np.ones(8), np.zeros(16), [np.sqrt(0.1)]])[:, None]
        wanted = np.concatenate([TARGETS.ravel(), np.zeros(17)])
        solution = np.linalg.lstsq(np.hstack([of_w, of_v, of_b]), wanted, rcond=None)[0]
        got = [first[DISTINCT].ravel(), second[DISTINCT].ravel(), [b.get_value()]]
        np.testing.assert_allclose(np.concatenate(got), solution, atol=1e-5)
        assert V.get_value().dtype == np.float32
        f(ROWS)
        np.testing.assert_allclose(W.get_value(), first, atol=1e-6)
        unused = table("V", "float32").get_value()[[0, 2, 3]]
        np.testing.assert_array_equal(V.get_value()[[0, 2, 3]], unused)

    def test_columns(self):
        W = table()
        f = sg.function([index], updates=newton(pt.sum((W[:, index] - 3) ** 2), W))
        f([1, 1])
        np.testing.assert_allclose(W.get_value()[:, 1], 3)
        np.testing.assert_array_equal(W.get_value()[:, 0], table().get_value()[:, 0])

    def test_a_row_that_does_not_matter_stays(self):
        """Row 1 is read, but sliced away again: it has neither gradient nor curvature."""
        W = table()
        start = W.get_value()
        updates = newton(pt.sum((W[index][1:] - 3) ** 2), W)
        sg.function([index], updates=updates)([1, 2, 2])
        np.testing.assert_allclose(W.get_value()[2], 3)
        np.testing.assert_array_equal(W.get_value()[[0, 1, 3, 4, 5]], start[[0, 1, 3, 4, 5]])

    def test_reads_of_all_kinds(self):
        """Rows, columns and entries of one table share unknowns; one step reaches the minimum."""
        W, columns = table(), pt.lvector("columns")
        cost = pt.sum((W[index] - 3) ** 2) + pt.sum((W[:, columns] - 2) ** 2)
        cost += pt.sum((W[index, columns] - 1) ** 2)
        f = sg.function([index, columns], updates=newton(cost, W))
        f([1, 2], [0, 0])
        # Entry (1, 0) is wanted to be 3 once, 2 twice and 1 once; entry (1, 1) to be 3.
        np.testing.assert_allclose(W.get_value()[1:3], [[2, 3], [2, 3]])
        once = W.get_value()
        f([1, 2], [0, 0])
        np.testing.assert_allclose(W.get_value(), once, atol=1e-9)

    def test_wrong_damping(self):
        W = table()
        with pytest.raises(errors.HyperparameterError, match="damping"):
            newton(cost_of(W[index]), W, damping=-1.0)


def conjugate_gradients(a, b, x, rounds):
    r = b - a @ x
    p = r
    for _ in range(rounds):
        alpha = r @ r / (p @ a @ p)
        x, new = x + alpha * p, r - alpha * a @ p
        p, r = new + new @ new / (r @ r) * p, new
    return x


class Mixture:
    """A curved cost of two tables and a whole parameter, and one step on it by NumPy.

    The prediction is linear, so its Jacobian is what it makes of unit vectors, and gradient and
    Hessian follow from the derivatives of the loss.
    """

    def __init__(self, backend, **options):
        rng = np.random.default_rng(7)
        self.mix = rng.normal(size=(3, 2)).astype("float32")
        self.targets = rng.normal(size=(4, 2)).astype("float32")
        self.shapes = [(6, 2), (5, 3), (2,)]
        self.params = [
            sg.shared(np.zeros(shape, "float32"), name=name)
            for shape, name in zip(self.shapes, ("W", "V", "b"), strict=True)
        ]
        W, V, b = self.params
        first, second = pt.lvector("first"), pt.lvector("second")
        z = W[first] + V[second] @ self.mix + b
        cost = pt.sum(z**4) / 4 + pt.sum((z - self.targets) ** 2) / 2
        updates = hessian_free(cost, self.params, damping=0.3, **options)
        self.slots = list(updates.slots.values())
        self.f = compile_on(backend, [first, second], cost, updates=updates)

    def predict(self, values, first, second):
        return values[0][first] + values[1][second] @ self.mix + values[2]

    def loss(self, z):
        return np.sum(z**4) / 4 + np.sum((z - self.targets) ** 2) / 2

    def jacobian(self, first, second):
        """Its columns are all entries of both tables and of the bias."""
        zeros = np.concatenate([np.zeros(np.prod(shape)) for shape in self.shapes])
        columns = []
        for k in range(len(zeros)):
            unit = zeros.copy()
            unit[k] = 1
            columns.append(self.predict(self.blocks(unit), first, second).ravel())
        return np.array(columns).T

    def blocks(self, flat):
        ends = np.cumsum([np.prod(shape) for shape in self.shapes])
        parts = np.split(flat, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def step(self, values, first, second, damping):
        """``(direction, change, ratio)``; the whole matrix, as damping makes it regular."""
        jacobian = self.jacobian(first, second)
        z = self.predict(values, first, second)
        gradient = jacobian.T @ (z**3 + z - self.targets).ravel()
        hessian = jacobian.T @ ((3 * z**2 + 1).ravel()[:, None] * jacobian)
        flat = np.linalg.solve(hessian + damping * np.eye(len(gradient)), -gradient)
        direction = self.blocks(flat)
        moved = [value + d for value, d in zip(values, direction, strict=True)]
        change = self.loss(self.predict(moved, first, second)) - self.loss(z)
        return direction, change, change / (gradient @ flat + flat @ hessian @ flat / 2)


class TestHessianFree:
    EXACT = {"iterations": 12, "tolerance": None}

    @pytest.mark.parametrize(
        "backend", [pytest.param("c", marks=SLOW), pytest.param("numba", marks=SLOW), "jax"]
    )
    def test_tables_and_a_bias_in_float32(self, backend):
        """Any indices, repeated and negative ones too, any values, any damping."""
        case = Mixture(backend, iterations=25, tolerance=None)
        audit = [f"{name}: rows touched" for name in ("W", "V", "direction/W", "direction/V")]
        assert set(audit) <= set(str(case.f.audit).splitlines())

        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            first=st.lists(st.integers(-6, 5), min_size=4, max_size=4),
            second=st.lists(st.integers(-5, 4), min_size=4, max_size=4),
            seed=st.integers(0, 99),
            scale=st.sampled_from([0.3, 1.0, 2.0]),
            damping=st.sampled_from([0.1, 1.0, 30.0]),
        )
        def one_step(first, second, seed, scale, damping):
            rng = np.random.default_rng(seed)
            values = [rng.normal(0, scale, shape).astype("float32") for shape in case.shapes]
            direction, change, ratio = case.step(values, first, second, damping)
            assume(abs(change) > 1e-3 and min(abs(ratio - 0.25), abs(ratio - 0.75)) > 1e-2)
            for shared, value in zip(case.params, values, strict=True):
                shared.set_value(value)
            for slot, value in zip(case.slots, [np.array(damping), *values], strict=True):
                slot.set_value(value * 0 if slot.type.ndim else value)
            case.f(first, second)
            level, *kept = [slot.get_value() for slot in case.slots]
            factor = 1.5 if ratio < 0.25 else 2 / 3 if ratio > 0.75 else 1
            np.testing.assert_allclose(level, damping * factor, rtol=1e-6)
            for shared, value, d, slot in zip(case.params, values, direction, kept, strict=True):
                np.testing.assert_allclose(slot, d, rtol=1e-3, atol=1e-3)
                expected = value + d if change <= 0 else value
                np.testing.assert_allclose(shared.get_value(), expected, rtol=1e-3, atol=1e-3)
                assert shared.get_value().dtype == slot.dtype == np.float32

        one_step()
        before = [one.get_value() for one in (*case.params, *case.slots)]
        with pytest.raises(errors.IndexOutOfRangeError, match="second holds 5"):
            case.f([0, 1, 2, 3], [0, 1, 2, 5])
        for one, value in zip((*case.params, *case.slots), before, strict=True):
            np.testing.assert_array_equal(one.get_value(), value)

    @SLOW_ON_NUMBA
    def test_against_solve(self, backend):
        W = table()
        start = W.get_value()
        cost, gradient, hessian = dense_on_rows(start)
        updates = hessian_free(cost_of(W[index]), W, damping=0.3, **self.EXACT)
        f = compile_on(backend, [index], updates=updates)
        assert str(f.audit) == "W: rows touched\ndirection/W: rows touched"
        f(ROWS)
        step = np.linalg.solve(hessian + 0.3 * np.eye(6), -gradient)
        expected = start.copy()
        expected[DISTINCT] += step.reshape(3, 2)
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-8)
        direction = updates.slots["direction/W"].get_value()
        np.testing.assert_allclose(direction[DISTINCT].ravel(), step, rtol=1e-7)
        assert not direction[[0, 2, 3]].any()
        change = dense_on_rows(expected)[0] - cost
        ratio = change / (gradient @ step + step @ hessian @ step / 2)
        assert ratio > 0.75
        np.testing.assert_allclose(updates.slots["damping"].get_value(), 0.2)

    def test_gauss_newton(self):
        W = table()
        start = W.get_value()
        output = output_of(W[index])
        updates = hessian_free(loss_of(output), W, damping=0.5, output=output, **self.EXACT)
        sg.function([index], updates=updates)(ROWS)
        subset = table()[index]
        slope = sg.function([index], sg.grad(loss_of(output_of(subset)), subset))(ROWS)
        matrix = GATHER.T @ dense_gauss_newton(start[ROWS]) @ GATHER + 0.5 * np.eye(6)
        step = np.linalg.solve(matrix, -GATHER.T @ slope.ravel())
        direction = updates.slots["direction/W"].get_value()
        np.testing.assert_allclose(direction[DISTINCT].ravel(), step, rtol=1e-6)

    def test_starts_from_the_last_solution(self):
        W, level = table(), 0.3
        updates = hessian_free(cost_of(W[index]), W, damping=level, iterations=2, tolerance=None)
        f = sg.function([index], updates=updates)
        direction = np.zeros(6)
        for _ in range(3):
            _, gradient, hessian = dense_on_rows(W.get_value())
            level = float(updates.slots["damping"].get_value())
            f(ROWS)
            direction = conjugate_gradients(hessian + level * np.eye(6), -gradient, direction, 2)
            got = updates.slots["direction/W"].get_value()[DISTINCT]
            np.testing.assert_allclose(got.ravel(), direction, rtol=1e-7)

    def test_a_step_that_raises_the_cost_is_not_taken(self):
        """Newton's step for log(1 + x^2) beyond its inflection overshoots."""
        w, level = sg.shared(np.array([0.9]), name="w"), sg.shared(1e-3, name="level")
        cost = pt.sum(pt.log(1 + w**2))
        f = sg.function([], cost, updates=hessian_free(cost, w, damping=level))
        first = f()
        assert w.get_value()[0] == 0.9
        assert level.get_value() == 1.5e-3
        costs = [f() for _ in range(40)]
        assert all(later <= earlier for earlier, later in zip([first, *costs], costs, strict=False))
        assert costs[-1] < 1e-6

    def test_at_the_minimum_nothing_moves(self):
        W = sg.shared(np.ones((4, 1)), name="W")
        updates = hessian_free(pt.sum((W[index] - 1) ** 2), W)
        sg.function([index], updates=updates)([0, 2])
        assert np.array_equal(W.get_value(), np.ones((4, 1)))
        assert updates.slots["damping"].get_value() == 1.0

    def test_a_cost_that_is_not_finite_is_forgotten(self):
        w = sg.shared(np.array([0.1]), name="w")
        updates = hessian_free(pt.sum(pt.sqrt(w)) + pt.sum(w**2), w, damping=5.0 + 8.0)
        sg.function([], updates=updates)()
        assert w.get_value()[0] == 0.1
        assert updates.slots["direction/w"].get_value()[0] == 0
        assert updates.slots["damping"].get_value() == 19.5

    def test_whole_parameters_and_float32(self):
        W = table(dtype="float32")
        b = sg.shared(np.zeros(2, "float32"), name="b")
        cost = pt.mean((W[index] + b - TARGETS.astype("float32")) ** 2)
        updates = hessian_free(cost, [W, b], damping=0.01)
        f = sg.function([index], cost, updates=updates)
        costs = [float(f(ROWS)) for _ in range(8)]
        assert costs[-1] < costs[0] / 2
        assert list(updates.slots) == ["damping", "direction/W", "direction/b"]
        assert updates.slots["direction/b"].type.dtype == "float32"

    @pytest.mark.parametrize("damping", [0.0, -1.0, pt.dscalar(), sg.shared(np.ones(2))])
    def test_wrong_damping(self, damping):
        W = table()
        with pytest.raises(errors.HyperparameterError, match="damping"):
            hessian_free(cost_of(W[index]), W, damping=damping)

    def test_a_way_around_the_output(self):
        W = table()
        output = output_of(W[index])
        with pytest.raises(errors.OtherPathError):
            hessian_free(loss_of(output) + pt.sum(W[index] ** 2), W, output=output)


class TestLbfgs:
    def test_against_scipy_on_the_rows(self):
        W = table()
        start = W.get_value()

        def dense_cost(flat):
            cost, gradient, _ = dense((GATHER @ flat).reshape(4, 2))
            return cost, GATHER.T @ gradient

        expected = minimize(dense_cost, start[DISTINCT].ravel(), jac=True, method="L-BFGS-B")
        result = lbfgs(cost_of(W[index]), W, [index], [ROWS])
        assert result.success
        np.testing.assert_allclose(result.fun, expected.fun)
        np.testing.assert_allclose(W.get_value()[DISTINCT].ravel(), expected.x, atol=1e-6)
        np.testing.assert_array_equal(W.get_value()[[0, 2, 3]], start[[0, 2, 3]])
        np.testing.assert_array_equal(W.get_value()[DISTINCT].ravel(), result.x)

    @SLOW_ON_NUMBA
    def test_rows_and_whole_parameters(self, backend):
        W, V, b = table(), table("V", "float32"), sg.shared(0.0, name="b")
        before = [one.get_value() for one in (W, V)]
        cost = pt.sum((W[index] * (1 + b) - 1) ** 2) + pt.sum((W[index] - 1) ** 2) + b**2
        cost += pt.sum((V[index] - W[index] - 1) ** 2)
        result = lbfgs(cost, [W, V, b], [index], [ROWS], backend=backend, gtol=1e-8)
        assert result.fun < 1e-9
        np.testing.assert_allclose(W.get_value()[DISTINCT], 1, atol=1e-4)
        np.testing.assert_allclose(V.get_value()[DISTINCT], 2, atol=1e-4)
        np.testing.assert_allclose(b.get_value(), 0, atol=1e-4)
        for one, value in zip((W, V), before, strict=True):
            np.testing.assert_array_equal(one.get_value()[[0, 2, 3]], value[[0, 2, 3]])
            assert one.get_value().dtype == value.dtype

    def test_an_index_out_of_range_changes_nothing(self):
        W = table()
        with pytest.raises(errors.IndexOutOfRangeError, match="index holds 6"):
            lbfgs(pt.sum((W[index] - 3) ** 2), W, [index], [[1, 6]])
        np.testing.assert_array_equal(W.get_value(), table().get_value())

    def test_values_must_fit(self):
        W = table()
        with pytest.raises(errors.HyperparameterError, match="2 values for 1 inputs"):
            lbfgs(cost_of(W[index]), W, [index], [ROWS, ROWS])


def test_the_table_is_not_read_inside_the_loop():
    """What does not depend on the direction is computed once."""
    W = table()
    subset = W[index]
    x = conjugate_gradient(lambda v: hvp(cost_of(subset), subset, v), vectors)
    f = pytensor.function([index, vectors], x)
    loops = [node for node in f.maker.fgraph.apply_nodes if isinstance(node.op, Scan)]
    assert len(loops) == 1
    assert W not in loops[0].inputs


def test_the_search_runs_once():
    """What looks at the direction, the cost after it say, brings no copy of the loop."""
    W = table()
    output = output_of(W[index])
    for options in ({}, {"output": output}):
        updates = hessian_free(loss_of(output), W, **options)
        loops = [node for node in toposort(updates.values()) if isinstance(node.op, Scan)]
        assert len(loops) == 1
