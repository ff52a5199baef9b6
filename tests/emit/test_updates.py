"""The options of every rule: masks, unused rows, transforms, constraints, ways to write."""

import logging

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from tests.conftest import compile_on
from tests.cost.test_index_kinds import RULES, rates
from tests.reference import oracles
from tests.reference.test_oracles import GOLDENS

index = pt.lvector("index")
weights = pt.dmatrix("weights")


def table(shape=(6, 2), name="W", dtype="float64"):
    return sg.shared(np.random.default_rng(1).normal(size=shape).astype(dtype), name=name)


CALLS = [([0, 2, 2], 0), ([5, -1, 0], 1), ([3], 2)]


def feed(f, calls=CALLS):
    """Run `f` on indices and weights, and give the calls as the oracle wants them."""
    done = []
    for rows, seed in calls:
        gradient = np.random.default_rng(seed).normal(size=(len(rows), 2))
        f(rows, gradient)
        done.append([(np.array(rows), gradient)])
    return done


class TestMask:
    MASK = np.random.default_rng(3).random((6, 2)) < 0.5

    @pytest.mark.parametrize("rule", RULES)
    def test_of_the_tables_shape(self, rule):
        W = table()
        start = W.get_value()
        updates = sg.RULES[rule]((W[index] * weights).sum(), W, mask=self.MASK, **rates(rule))
        calls = feed(compile_on("unoptimised", [index, weights], updates=updates))
        expected, slots = oracles.run(rule, start, calls, mask=self.MASK, **rates(rule))
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-12)
        assert np.array_equal(W.get_value()[~self.MASK], start[~self.MASK])
        for name, slot in updates.slots.items():
            if name.removesuffix("/W") in slots and slot.type.ndim == 2:
                expected = slots[name.removesuffix("/W")]
                np.testing.assert_allclose(slot.get_value(), expected, rtol=1e-12)

    def test_of_the_rows_shape(self):
        """Only occurrences that the mask lets through count; a row of none stays."""
        W, mask = table(), pt.matrix("mask", dtype="bool")
        start, subset = W.get_value(), W[index]
        updates = sg.adagrad((subset * weights).sum(), subset, mask=mask)
        f = compile_on("unoptimised", [index, weights, mask], updates=updates)
        f([1, 1, 4], np.full((3, 2), 3.0), [[True, False], [True, False], [False, False]])
        moved = W.get_value() != start
        assert moved.nonzero()[0].tolist() == [1]
        assert moved[1].tolist() == [True, False]
        accumulator = updates.slots["accumulator/W"].get_value()
        assert accumulator[1].tolist() == [36.0, 0.0]
        assert accumulator[4].tolist() == [0.0, 0.0]

    def test_of_rows_only(self, backend):
        W = table()
        start, frozen = W.get_value(), np.array([True, False, True, True, True, False])
        updates = sg.adam((W[index] * weights).sum(), W, mask=frozen[:, None], counter="row")
        feed(compile_on(backend, [index, weights], updates=updates))
        moved = (W.get_value() != start).any(axis=1)
        assert moved.tolist() == [True, False, True, True, False, False]
        assert updates.slots["t/W"].get_value().ravel().tolist() == [2, 0, 1, 1, 0, 0]

    def test_of_a_dense_parameter(self):
        V, keep = sg.shared(np.ones(3), name="V"), np.array([True, False, True])
        updates = sg.momentum(V.sum(), V, 0.5, mask=keep)
        compile_on("unoptimised", [], updates=updates)()
        assert V.get_value().tolist() == [0.5, 1.0, 0.5]
        assert updates.slots["velocity/V"].get_value().tolist() == [-0.5, 0.0, -0.5]

    def test_for_some_of_the_parameters(self):
        V, b = sg.shared(np.ones(2), name="V"), sg.shared(np.ones(2), name="b")
        for mask in ({b: np.array([False, True])}, [None, np.array([False, True])]):
            updates = sg.sgd(V.sum() + b.sum(), [V, b], 1.0, mask=mask)
            V.set_value(np.ones(2)), b.set_value(np.ones(2))
            compile_on("unoptimised", [], updates=updates)()
            assert (V.get_value().tolist(), b.get_value().tolist()) == ([0, 0], [1, 0])

    def test_that_fits_nothing(self):
        W = table()
        cost = W[index].sum()
        with pytest.raises(errors.HyperparameterError, match="has 1 dimensions, the table has 2"):
            sg.sgd(cost, W, 0.1, mask=np.ones(6, bool))
        with pytest.raises(errors.HyperparameterError, match="2 entries for 1 parameters"):
            sg.sgd(cost, W, 0.1, mask=[None, None])
        with pytest.raises(errors.HyperparameterError, match="not among the parameters"):
            sg.sgd(cost, W, 0.1, mask={index: None})


class TestUnusedRows:
    @pytest.mark.parametrize("rule", RULES)
    def test_decay_is_the_dense_rule(self, rule):
        W = table()
        start = W.get_value()
        updates = sg.RULES[rule]((W[index] * weights).sum(), W, unused="decay", **rates(rule))
        calls = feed(compile_on("unoptimised", [index, weights], updates=updates))
        gradients = [oracles.scatter(start, call)[0] for call in calls]
        expected, _ = oracles.dense_run(rule, start, gradients, **rates(rule))
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-12, atol=1e-15)

    def test_decay_is_meant_so_the_audit_lets_it_pass(self, backend):
        W = table()
        updates = sg.rmsprop((W[index] * weights).sum(), W, unused="decay")
        f = sg.function([index, weights], updates=updates, backend=backend)
        feed(f)
        assert "as asked" in str(f.audit)

    def test_the_accumulator_of_a_rare_row_waits(self):
        """The FAQ's warning: in dense RMSprop the history of a rare row decays to nothing."""
        seen = {}
        for unused in ("keep", "decay"):
            W = table()
            updates = sg.rmsprop((W[index] * weights).sum(), W, unused=unused)
            f = compile_on("unoptimised", [index, weights], updates=updates)
            f([0], np.ones((1, 2)))
            for _ in range(50):
                f([1], np.ones((1, 2)))
            seen[unused] = updates.slots["accumulator/W"].get_value()[0, 0]
        assert seen["keep"] == pytest.approx(0.1)
        assert seen["decay"] == pytest.approx(0.1 * 0.9**50)


class TestTransforms:
    @pytest.mark.parametrize(
        "golden",
        [g for g in GOLDENS["norms"] if "axes" not in g],
        ids=lambda g: f"{g['library']}-{g['function']}-{g['max_norm']}",
    )
    def test_values_of_libraries(self, golden):
        params = [sg.shared(np.zeros_like(np.array(t)), name="p") for t in golden["tensors"]]
        transform = getattr(sg, golden["function"])(golden["max_norm"])
        gradients = [pt.as_tensor(np.array(t)) for t in golden["tensors"]]
        compile_on(
            "unoptimised", [], updates=sg.sgd(gradients, params, 1.0, transforms=[transform])
        )()
        for param, expected in zip(params, golden["values"], strict=True):
            np.testing.assert_allclose(param.get_value(), -np.array(expected), rtol=1e-12)

    @pytest.mark.parametrize("transform", [sg.clip_norms(0.5), sg.total_norm_constraint(0.5)])
    def test_rows_and_dense_gradients_have_the_norm_of_the_dense_ones(self, transform, backend):
        results = []
        for unused in ("keep", "decay"):
            W, V, b = table(), table((2, 2), "V"), table((2,), "b")
            h = pt.tanh(pt.dot(W[index], V) + b) * weights
            updates = sg.sgd((h**2).sum(), [W, V, b], 0.1, transforms=[transform], unused=unused)
            f = sg.function([index, weights], updates=updates, backend=backend)
            feed(f, [([1, 1, 3, -5, 1], 0)])
            results.append([p.get_value() for p in (W, V, b)])
        for rows, dense in zip(*results, strict=True):
            np.testing.assert_allclose(rows, dense, rtol=1e-12)

    def test_they_are_applied_in_turn(self, backend):
        W = table()
        start = W.get_value()
        chain = [sg.weight_decay(0.5), sg.clip(0.1), sg.clip_norms(1e9)]
        updates = sg.sgd((W[index] * weights).sum(), W, 1.0, transforms=chain)
        f = sg.function([index, weights], updates=updates, backend=backend)
        f([2, 2], np.full((2, 2), 5.0))
        expected = start.copy()
        expected[2] -= np.clip(10 + 0.5 * start[2], -0.1, 0.1)
        np.testing.assert_allclose(W.get_value(), expected)

    def test_empty_slots_of_jax_do_not_count(self):
        """JAX pads coalesced rows: weight decay of the padding must not enter a norm."""
        W = table()
        start = W.get_value()
        chain = [sg.weight_decay(1.0), sg.clip_norms(0.1)]
        updates = sg.sgd((0 * W[index]).sum(), W, 1.0, transforms=chain)
        sg.function([index], updates=updates, backend="jax")([4, 4, 4])
        expected = start[4] - start[4] * 0.1 / np.linalg.norm(start[4])
        np.testing.assert_allclose(W.get_value()[4], expected)

    @pytest.mark.parametrize(
        "make", [sg.clip, sg.clip_norms, sg.total_norm_constraint, sg.weight_decay, sg.max_norm]
    )
    def test_limits_are_above_zero(self, make):
        with pytest.raises(errors.HyperparameterError, match="above 0"):
            make(-1.0)


class TestConstraint:
    @pytest.mark.parametrize(
        ("constraint", "expect"),
        [
            (sg.max_norm(1.0), lambda w, g: oracles.norm_constraint(w - g, 1.0, (1,))),
            (
                sg.unit_norm(),
                lambda w, g: (w - g) / (1e-7 + np.linalg.norm(w - g, axis=1)[:, None]),
            ),
            (sg.nonnegative(), lambda w, g: np.maximum(w - g, 0)),
        ],
        ids=["max_norm", "unit_norm", "nonnegative"],
    )
    def test_touched_rows_only(self, constraint, expect, backend):
        W = table()
        start, rows = W.get_value(), [1, 1, -2]
        updates = sg.sgd((W[index] * weights).sum(), W, 1.0, constraint=constraint)
        f = sg.function([index, weights], updates=updates, backend=backend)
        gradient = np.random.default_rng(0).normal(size=(3, 2))
        f(rows, gradient)
        total = np.zeros_like(start)
        np.add.at(total, rows, gradient)
        expected = start.copy()
        expected[[1, 4]] = expect(start, total)[[1, 4]]
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-12)
        assert np.array_equal(W.get_value()[[0, 2, 3, 5]], start[[0, 2, 3, 5]])

    def test_values_of_lasagne(self):
        (golden,) = [g for g in GOLDENS["norms"] if "axes" in g]
        W = sg.shared(np.array(golden["tensors"][0]), name="W")
        limit = sg.max_norm(golden["max_norm"])
        updates = sg.sgd((0 * W).sum(), W, 1.0, constraint=limit)
        compile_on("unoptimised", [], updates=updates)()
        np.testing.assert_allclose(W.get_value(), golden["values"][0], rtol=1e-12)

    def test_rows_of_columns_are_columns(self):
        W = sg.shared(np.full((2, 5), 3.0), name="W")
        updates = sg.sgd((0 * W[:, index]).sum(), W, 1.0, constraint=sg.unit_norm(0))
        compile_on("unoptimised", [index], updates=updates)([1, 1])
        np.testing.assert_allclose(np.linalg.norm(W.get_value(), axis=0)[:2], [3 * 2**0.5, 1])

    def test_for_some_of_the_parameters(self):
        W, b = table(), sg.shared(-np.ones(2), name="b")
        subset = W[index]
        updates = sg.sgd(
            subset.sum() + b.sum(), [subset, b], 0.0, constraint={subset: sg.nonnegative()}
        )
        compile_on("unoptimised", [index], updates=updates)([0, 1, 2, 3, 4, 5])
        assert W.get_value().min() == 0
        assert b.get_value().tolist() == [-1, -1]


class TestRowRates:
    FACTORS = np.array([1.0, 0.5, 0.0, 2.0, 1.0, 0.1])

    @pytest.mark.parametrize("rule", sorted(set(RULES) - {"ftrl", "rprop", "proximal_sgd"}))
    def test_a_row_moves_by_its_factor(self, rule):
        moved = []
        for row_rates in (False, True):
            W = table()
            start, subset = W.get_value(), W[index]
            options = {"row_rates": {subset: self.FACTORS}} if row_rates else {}
            cost = (subset * weights).sum()
            updates = sg.RULES[rule](cost, subset, **options, **rates(rule))
            f = compile_on("unoptimised", [index, weights], updates=updates)
            feed(f, CALLS[:1])
            moved.append(W.get_value() - start)
        np.testing.assert_allclose(moved[1], moved[0] * self.FACTORS[:, None], atol=1e-15)

    def test_on_every_backend(self, backend):
        W, factors = table(), sg.shared(self.FACTORS, name="factors")
        start = W.get_value()
        updates = sg.sgd((W[index] * weights).sum(), W, 1.0, row_rates={W: factors})
        f = sg.function([index, weights], updates=updates, backend=backend)
        f([1, -1, 1], np.ones((3, 2)))
        expected = start.copy()
        expected[1] -= 1.0
        expected[5] -= 0.1
        np.testing.assert_allclose(W.get_value(), expected)
        assert str(f.audit).splitlines()[0] == "W: rows touched"

    def test_of_a_whole_parameter(self):
        V = sg.shared(np.ones((2, 2)), name="V")
        updates = sg.sgd(V.sum(), V, 1.0, row_rates={V: np.array([1.0, 0.5])})
        compile_on("unoptimised", [], updates=updates)()
        assert V.get_value().tolist() == [[0, 0], [0.5, 0.5]]

    def test_mistakes(self):
        W = table()
        for cost, factors in ((W[:, index].sum(), self.FACTORS), (W[index].sum(), np.ones((6, 1)))):
            with pytest.raises(errors.HyperparameterError, match="one factor for each row"):
                sg.sgd(cost, W, 0.1, row_rates={W: factors})
        for rule in ("ftrl", "rprop", "proximal_sgd"):
            with pytest.raises(errors.HyperparameterError, match=f"{rule} takes no row_rates"):
                sg.RULES[rule](W[index].sum(), W, 0.1, row_rates={W: self.FACTORS})


class TestParameters:
    def test_rows_and_dense_parameters_in_one_call(self, backend):
        W, V, b = table(), table((2, 2), "V"), table((2,), "b")
        h = (pt.dot(W[index], V) + b) * weights
        updates = sg.adam((h**2).mean(), [W, V, b], learning_rate=0.1)
        f = sg.function([index, weights], (h**2).mean(), updates=updates, backend=backend)
        costs = [float(f([0, 2, 2], np.ones((3, 2)))) for _ in range(30)]
        assert costs[-1] < 0.1 * costs[0]
        assert list(updates.slots) == ["t", "m/W", "v/W", "m/V", "v/V", "m/b", "v/b"]
        assert int(updates.slots["t"].get_value()) == 30
        assert str(f.audit).splitlines()[0] == "W: rows touched"
        assert "V" not in str(f.audit)

    def test_three_subsets_or_the_table_is_the_same(self):
        results = []
        for as_table in (True, False):
            W = table()
            reads = [W[index], W[index + 1], W[0]]
            cost = (reads[0] * reads[1]).sum() + (reads[2] ** 2).sum()
            updates = sg.adagrad(cost, W if as_table else reads)
            compile_on("unoptimised", [index], updates=updates)([0, 3, 0])
            results.append(W.get_value())
        assert np.array_equal(*results)

    def test_rows_and_columns_meet_at_entries(self, backend):
        W = sg.shared(np.zeros((3, 4)), name="W")
        i, j = pt.lscalar("i"), pt.lvector("j")
        updates = sg.sgd(W[i].sum() + W[:, j].sum(), W, 1.0, write="set")
        f = sg.function([i, j], updates=updates, backend=backend)
        f(1, [0, 0])
        expected = np.zeros((3, 4))
        expected[1] -= 1
        expected[:, 0] -= 2
        assert np.array_equal(W.get_value(), expected)

    def test_given_gradients(self):
        W, V = table(), table((2, 2), "V")
        subset = W[index]
        cost = (pt.dot(subset, V) ** 2).sum()
        before = W.get_value(), V.get_value()
        results = []
        for params in (cost, sg.grad(cost, [subset, V])):
            W.set_value(before[0]), V.set_value(before[1])
            updates = sg.adam(params, [subset, V])
            compile_on("unoptimised", [index], updates=updates)([1, 1])
            results.append((W.get_value(), V.get_value()))
        assert np.array_equal(results[0][0], results[1][0])
        assert np.array_equal(results[0][1], results[1][1])

    def test_a_subset_object(self):
        W = table()
        cost = W[index].sum() + W[0].sum()
        before = W.get_value()
        updates = sg.sgd(cost, sg.lookups(cost, W), 1.0)
        compile_on("unoptimised", [index], updates=updates)([0, 5])
        assert (before - W.get_value())[:, 0].round(9).tolist() == [2, 0, 0, 0, 0, 1]

    def test_a_dense_read_makes_the_update_dense_and_is_logged(self, caplog):
        W = table()
        cost = W[index].sum() + (W**2).sum()
        with caplog.at_level(logging.WARNING, logger="symgrad"):
            updates = sg.sgd(cost, W, 0.1)
        assert "table W is read by index, but" in caplog.text
        assert "dense" in caplog.text
        assert W in updates.dense
        with pytest.raises(errors.DenseReadError, match="reads all of it.*lookups='auto'"):
            sg.sgd(cost, W, 0.1, lookups="require")

    def test_the_faq_update_is_what_sgd_emits(self):
        W = table()
        subset = W[index]
        cost = (subset**2).sum()
        (ours,) = sg.sgd(cost, subset, 0.1).values()
        faq = sg.inc_subtensor(subset, -0.1 * sg.grad(cost, subset))
        assert ours.owner.op == faq.owner.op
        assert ours.owner.inputs[0] is W
        assert ours.owner.inputs[2] is index

    def test_mistakes(self):
        W, x = table(), pt.dvector("x")
        subset = W[index]
        cost = (subset**2).sum()
        with pytest.raises(errors.NotSharedError, match="neither a shared variable nor a subset"):
            sg.sgd(cost, x, 0.1)
        with pytest.raises(errors.NotSharedError, match="nothing to update"):
            sg.sgd(cost, [3.0], 0.1)
        for cost_or_grads, params in ((None, W), ([None], W), (cost, None), (cost, 3)):
            with pytest.raises(errors.NotSharedError, match="give a variable or a list"):
                sg.sgd(cost_or_grads, params, 0.1)
        with pytest.raises(errors.DuplicateUpdateError, match="name table W twice"):
            sg.sgd(cost, [W, subset], 0.1)
        with pytest.raises(errors.DuplicateUpdateError, match="name table W twice"):
            sg.sgd(cost, [subset, subset], 0.1)
        with pytest.raises(errors.SubsetRebuiltError, match="second subset"):
            sg.sgd(cost, W[index], 0.1)
        with pytest.raises(errors.OtherPathError, match="another way"):
            sg.sgd(cost + W[0].sum(), subset, 0.1)
        with pytest.raises(errors.DisconnectedError, match="does not depend on V"):
            sg.sgd(cost, [W, table((2,), "V")], 0.1)
        with pytest.raises(errors.GradientShapeError, match="2 gradients were given for 1"):
            sg.sgd([x, x], [W], 0.1)
        with pytest.raises(errors.GradientShapeError, match="1 dimensions, but the rows .* 2"):
            sg.sgd([x], [subset], 0.1)


class TestOptions:
    def test_unknown(self):
        with pytest.raises(errors.HyperparameterError, match="sgd got lr, which it does not know"):
            sg.sgd(table()[index].sum(), [], 0.1, lr=3)

    @pytest.mark.parametrize("option", ["unused", "counter", "lookups", "write"])
    def test_not_a_choice(self, option):
        with pytest.raises(errors.HyperparameterError, match=f"{option} is 'no': choose one of"):
            sg.sgd(table()[index].sum(), [], 0.1, **{option: "no"})

    def test_transforms_are_callables(self):
        with pytest.raises(errors.HyperparameterError, match="not callable"):
            sg.sgd(table()[index].sum(), [], 0.1, transforms=[5.0])

    @pytest.mark.parametrize(
        ("rule", "hyper", "words"),
        [
            ("sgd", {"learning_rate": -1}, "at least 0"),
            ("sgd", {"learning_rate": None}, "give a number"),
            ("sgd", {"learning_rate": abs}, "give a number"),
            ("sgd", {"learning_rate": pt.dvector()}, "a scalar variable"),
            ("momentum", {"learning_rate": 1, "momentum": 1.0}, r"in \[0, 1\)"),
            ("rmsprop", {"rho": 1.5}, r"in \[0, 1\)"),
            ("adam", {"beta1": -0.1}, r"in \[0, 1\)"),
            ("adam", {"epsilon": float("nan")}, "at least 0"),
            ("adam_decayed", {"decay": 0}, r"in \(0, 1\]"),
            ("rprop", {"eta_plus": 0.5}, "above 1"),
            ("rprop", {"eta_minus": 1.5}, r"in \(0, 1\)"),
            ("ftrl", {"learning_rate": 0}, "above 0"),
            ("lion", {"weight_decay": -1}, "at least 0"),
        ],
    )
    def test_hyper_parameters_out_of_range(self, rule, hyper, words):
        W = table()
        with pytest.raises(errors.HyperparameterError, match=f"{rule}: .*{words}"):
            sg.RULES[rule](W[index].sum(), W, **hyper)


class TestUpdates:
    def test_composition(self):
        V, b = sg.shared(np.ones(2), name="V"), sg.shared(np.ones(2), name="b")
        cost = V.sum() + b.sum()
        both = sg.adam(cost, V) | sg.adam(cost, b)
        assert list(both.slots) == ["m/V", "v/V", "t", "m/b", "v/b", "t.2"] or set(both.slots) == {
            "t",
            "m/V",
            "v/V",
            "t.2",
            "m/b",
            "v/b",
        }
        assert len(both) == 8
        with pytest.raises(errors.DuplicateUpdateError, match="both updates change V"):
            both |= sg.sgd(cost, V, 0.1)
        with pytest.raises(errors.DuplicateUpdateError, match="both updates change V"):
            sg.sgd(cost, V, 0.1) | sg.sgd(cost, V, 0.1)

    def test_unnamed_parameters_get_names(self):
        a, b = sg.shared(np.ones(2)), sg.shared(np.ones(2))
        assert list(sg.momentum(a.sum() + b.sum(), [a, b], 0.1).slots) == [
            "velocity/param0",
            "velocity/param1",
        ]

    def test_slots_have_the_dtype_and_static_shape_of_the_table(self):
        W = sg.shared(np.ones((3, 1), "float32"), name="W", shape=(None, 1))
        updates = sg.adam(W[index].sum(), W)
        assert updates.slots["m/W"].type == W.type
