"""Newton, Hessian-free and L-BFGS steps, against solves in NumPy and SciPy."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pytensor.graph.traversal import toposort
from pytensor.scan.op import Scan
from scipy.optimize import minimize

import symgrad as sg
from symgrad import errors
from symgrad.second_order import hessian_free, lbfgs, newton
from tests.conftest import compile_on
from tests.second_order.curved import (
    DISTINCT,
    GATHER,
    ROWS,
    TARGETS,
    cost_of,
    dense,
    dense_gauss_newton,
    dense_on_rows,
    index,
    loss_of,
    output_of,
    table,
)

SLOW = pytest.mark.slow
# Numba compiles a solver for ten seconds.
SLOW_ON_NUMBA = pytest.mark.parametrize("backend", ["c", pytest.param("numba", marks=SLOW), "jax"])


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
        before = [shared.get_value() for shared in (*case.params, *case.slots)]
        with pytest.raises(errors.IndexOutOfRangeError, match="second holds 5"):
            case.f([0, 1, 2, 3], [0, 1, 2, 5])
        for shared, value in zip((*case.params, *case.slots), before, strict=True):
            np.testing.assert_array_equal(shared.get_value(), value)

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
        before = [shared.get_value() for shared in (W, V)]
        cost = pt.sum((W[index] * (1 + b) - 1) ** 2) + pt.sum((W[index] - 1) ** 2) + b**2
        cost += pt.sum((V[index] - W[index] - 1) ** 2)
        result = lbfgs(cost, [W, V, b], [index], [ROWS], backend=backend, gtol=1e-8)
        assert result.fun < 1e-9
        np.testing.assert_allclose(W.get_value()[DISTINCT], 1, atol=1e-4)
        np.testing.assert_allclose(V.get_value()[DISTINCT], 2, atol=1e-4)
        np.testing.assert_allclose(b.get_value(), 0, atol=1e-4)
        for shared, value in zip((W, V), before, strict=True):
            np.testing.assert_array_equal(shared.get_value()[[0, 2, 3]], value[[0, 2, 3]])
            assert shared.get_value().dtype == value.dtype

    def test_an_index_out_of_range_changes_nothing(self):
        W = table()
        with pytest.raises(errors.IndexOutOfRangeError, match="index holds 6"):
            lbfgs(pt.sum((W[index] - 3) ** 2), W, [index], [[1, 6]])
        np.testing.assert_array_equal(W.get_value(), table().get_value())

    def test_values_must_fit(self):
        W = table()
        with pytest.raises(errors.HyperparameterError, match="2 values for 1 inputs"):
            lbfgs(cost_of(W[index]), W, [index], [ROWS, ROWS])


def test_the_search_runs_once():
    """What looks at the direction, the cost after it say, brings no copy of the loop."""
    W = table()
    output = output_of(W[index])
    for options in ({}, {"output": output}):
        updates = hessian_free(loss_of(output), W, **options)
        loops = [node for node in toposort(updates.values()) if isinstance(node.op, Scan)]
        assert len(loops) == 1
