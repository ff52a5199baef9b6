"""Weight decay of some parameters, parameters left out, and rows that stay."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from symgrad.emit.groups import decoupled_decay_groups, freeze, freeze_rows, weight_decay_groups
from tests.conftest import compile_on

index = pt.lvector("index")


def ones(shape, name, dtype="float64"):
    return sg.shared(np.ones(shape, dtype), name=name)


class TestWeightDecayGroups:
    def test_matrices_decay_and_biases_do_not(self, backend):
        W, V, b = ones((4, 2), "W"), ones((2, 2), "V"), ones((2,), "b")
        cost = 0 * (pt.dot(W[index], V) + b).sum()
        named = {"embeddings": W, "out.weight": V, "out.bias": b}
        updates = sg.sgd(cost, [W, V, b], 1.0, transforms=[weight_decay_groups(named, 0.25)])
        f = sg.function([index], updates=updates, backend=backend)
        f([1, 1, 3])
        assert W.get_value()[:, 0].tolist() == [1, 0.75, 1, 0.75]
        assert V.get_value().tolist() == [[0.75, 0.75]] * 2
        assert b.get_value().tolist() == [1, 1]
        assert str(f.audit) == "W: rows touched"

    def decayed(self, named, **options):
        """Which of the named parameters shrink."""
        params = list(dict(named).values())
        for param in params:
            param.set_value(np.ones_like(param.get_value()))
        cost = 0 * sum(param.sum() for param in params)
        decay = weight_decay_groups(named, 0.5, **options)
        updates = sg.sgd(cost, params, 1.0, transforms=[decay])
        compile_on("unoptimised", [], updates=updates)()
        return [name for name, param in dict(named).items() if (param.get_value() != 1).any()]

    def test_who_decays(self):
        shapes = {
            "scale": (),
            "vector": (3,),
            "matrix": (3, 2),
            "kernel": (2, 2, 2),
            "bias": (3, 2),
            "layer.bias": (3, 2),
            "encoder/layer/bias": (3, 2),
            "bias.weight": (3, 2),
            "antibias": (3, 2),
        }
        named = {name: ones(shape, name) for name, shape in shapes.items()}
        assert self.decayed(named) == ["matrix", "kernel", "bias.weight", "antibias"]
        assert self.decayed(named, skip="antibias") == ["matrix", "kernel", "bias.weight"]
        assert self.decayed(named, skip=["matrix", "scale", "antibias"]) == [
            "kernel",
            "bias.weight",
        ]

    def test_pairs_do_as_well(self):
        V, W = ones((2, 2), "V"), ones((2, 2), "W")
        assert self.decayed([("v", V), ("w", W)], skip=("v",)) == ["w"]

    def test_the_table_counts_and_not_its_subset(self):
        """A single row is a vector, but what it is a row of is a matrix."""
        W = ones((3, 2), "W")
        row = W[1]
        decay = weight_decay_groups({"row": row}, 0.5)
        updates = sg.sgd(0 * row.sum(), row, 1.0, transforms=[decay])
        compile_on("unoptimised", [], updates=updates)()
        assert W.get_value().tolist() == [[1, 1], [0.5, 0.5], [1, 1]]

    def test_of_all_it_is_weight_decay(self):
        results = []
        for in_groups in (True, False):
            W, V = ones((4, 2), "W", "float32"), ones((2, 2), "V", "float32")
            cost = (pt.dot(W[index], V) ** 2).sum()
            decay = (
                weight_decay_groups({"w": W, "v": V}, 0.3) if in_groups else sg.weight_decay(0.3)
            )
            updates = sg.adam(cost, [W, V], 0.1, transforms=[decay, sg.clip_norms(1.0)])
            compile_on("unoptimised", [index], updates=updates)([0, 2, 2])
            results.append((W.get_value(), V.get_value()))
        for groups, plain in zip(*results, strict=True):
            assert groups.dtype == np.dtype("float32")
            assert np.array_equal(groups, plain)

    def test_two_names_of_one_table(self):
        W = ones((3, 2), "W")
        decay = weight_decay_groups({"inward": W, "outward": W}, 0.5, skip="outward")
        updates = sg.sgd(0 * W.sum(), W, 1.0, transforms=[decay])
        compile_on("unoptimised", [], updates=updates)()
        assert W.get_value().min() == 1

    def test_names_that_are_not_there(self):
        V, W = ones((2, 2), "V"), ones((2, 2), "W")
        with pytest.raises(errors.HyperparameterError, match="skip names 'U', .* named v, w: use"):
            weight_decay_groups({"v": V, "w": W}, 0.1, skip=["v", "U"])
        decay = weight_decay_groups({"v": V}, 0.1)
        with pytest.raises(errors.HyperparameterError, match="does not know W"):
            sg.sgd((V + W).sum(), [V, W], 0.1, transforms=[decay])
        with pytest.raises(errors.HyperparameterError, match="above 0"):
            weight_decay_groups({"v": V}, -0.1)
        with pytest.raises(errors.NotSharedError, match="neither a shared variable nor a subset"):
            weight_decay_groups({"v": 2 * V}, 0.1)


class TestDecoupledDecayGroups:
    @pytest.mark.parametrize("rule", ["sgd", "adam"])
    def test_the_law(self, rule, backend):
        def tables():
            rng = np.random.default_rng(0)
            shapes = {"W": (5, 2), "V": (2, 2), "b": (2,)}
            return [
                sg.shared(rng.normal(size=shape).astype("float32"), name=name)
                for name, shape in shapes.items()
            ]

        def cost(W, V, b):
            return pt.sum((pt.dot(W[index], V) + b) ** 2)

        found, rate = tables(), sg.shared(np.array(0.25))
        decay = decoupled_decay_groups(dict(zip("WVb", found, strict=True)), rate)
        options = {"constraint": decay, "mask": {found[0]: freeze_rows(found[0], [4])}}
        updates = sg.RULES[rule](cost(*found), found, learning_rate=0.1, **options)
        f = compile_on(backend, [index], updates=updates)
        assert "W: rows touched" in str(f.audit)
        # The rule alone, the decay by hand after each of its steps.
        expected = tables()
        plain = sg.RULES[rule](cost(*expected), expected, learning_rate=0.1)
        g = compile_on("c", [index], updates=plain)
        for rows in ([1, 1, 3], [0, 1], [3]):
            f(rows), g(rows)
            W, V = (table.get_value() for table in expected[:2])
            W[np.unique(rows)] *= 0.75
            expected[0].set_value(W), expected[1].set_value(V * 0.75)
        for table, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(table.get_value(), other.get_value(), rtol=2e-5)
        f([4, 4])
        assert np.array_equal(found[0].get_value()[4], tables()[0].get_value()[4]), "it is frozen"

    def test_who_decays(self):
        W, V, b = ones((4, 2), "W"), ones((2, 2), "V"), ones((2,), "b")
        named = {"embeddings": W, "out.weight": V, "out.bias": b}
        assert set(decoupled_decay_groups(named, 0.1)) == {W, V}
        assert set(decoupled_decay_groups(named, 0.1, skip="embeddings")) == {V}
        with pytest.raises(errors.HyperparameterError, match="decoupled_decay_groups: skip names"):
            decoupled_decay_groups(named, 0.1, skip="W")
        for rate in (1.0, -0.1, "much", pt.dvector()):
            with pytest.raises(errors.HyperparameterError, match="rate is .* from 0 to below 1"):
                decoupled_decay_groups(named, rate)


class TestFreeze:
    def test_frozen_parameters_stay_and_have_no_slots(self, backend):
        W, V = ones((4, 2), "W"), ones((2, 2), "V")
        cost = (pt.dot(W[index], V) ** 2).sum()
        updates = sg.adam(cost, freeze([W, V], V), learning_rate=0.1)
        assert list(updates.slots) == ["t", "m/W", "v/W"]
        f = sg.function([index], cost, updates=updates, backend=backend)
        costs = [float(f([0, 1])) for _ in range(10)]
        assert costs[-1] < 0.5 * costs[0], "the gradient passes through what is frozen"
        assert V.get_value().min() == 1

    def test_what_is_left(self):
        W, V, b = ones((4, 2), "W"), ones((2, 2), "V"), ones((2,), "b")
        subset = W[index]
        lookups = sg.lookups(subset.sum(), W)
        assert freeze([subset, V, b], [V]) == [subset, b]
        assert freeze([subset, V, b], [subset, b]) == [V]
        assert freeze([W[0], V, W[1]], W) == [V]
        assert freeze([lookups, V], W) == [V]
        assert freeze([lookups, V], lookups) == [V]
        assert freeze([V, b], []) == [V, b]

    def test_nothing_left_and_unknown_ones(self):
        V, W, b = ones((2, 2), "V"), ones((2, 2), "W"), ones((2,), "b")
        with pytest.raises(errors.HyperparameterError, match="left no parameter .* fewer of V, W"):
            freeze([V, W], [W, V])
        with pytest.raises(errors.HyperparameterError, match="given b to freeze, .* V, W: give"):
            freeze([V, W], [W, b])
        with pytest.raises(errors.HyperparameterError, match="not among the parameters"):
            freeze([W[index]], W[index])


class TestFreezeRows:
    @pytest.mark.parametrize("rule", ["momentum", "adam", "rowwise_adagrad"])
    def test_rows_and_their_slots_stay(self, rule, backend):
        W = ones((6, 2), "W")
        mask = {W: freeze_rows(W, [0, 1, -1])}
        updates = sg.RULES[rule]((W[index] ** 2).sum(), [W], learning_rate=0.1, mask=mask)
        f = sg.function([index], updates=updates, backend=backend)
        f([0, 2, 5, 3, 3]), f([1, 2])
        assert (W.get_value() != 1).any(axis=1).tolist() == [False, False, True, True, False, False]
        for name, slot in updates.slots.items():
            if name.endswith("/W"):
                moved = slot.get_value().any(axis=1)
                assert moved.tolist() == [False, False, True, True, False, False]
        assert str(f.audit).startswith("W: rows touched")

    @pytest.mark.parametrize(
        ("rows", "frozen"),
        [
            ([], []),
            ([1], [1]),
            (range(2), [0, 1]),
            (np.array([2, 2, -1], "int32"), [2]),
            (np.array([0, 1], "uint8"), [0, 1]),
            ([True, False, True], [0, 2]),
        ],
    )
    def test_ways_to_name_them(self, rows, frozen):
        mask = freeze_rows(ones((3, 2, 2), "W"), rows)
        assert mask.shape == (3, 1, 1)
        assert np.flatnonzero(~mask.ravel()).tolist() == frozen

    def test_a_dense_update(self):
        W = ones((3, 2), "W")
        updates = sg.momentum(W.sum(), W, 1.0, mask=freeze_rows(W, [1]))
        compile_on("unoptimised", [], updates=updates)()
        assert W.get_value()[:, 0].tolist() == [0, 1, 0]
        assert updates.slots["velocity/W"].get_value()[:, 0].tolist() == [-1, 0, -1]

    def test_rows_thaw(self, backend):
        W = ones((3, 2), "W")
        mask = sg.shared(freeze_rows(W, [0]), shape=(3, 1))
        updates = sg.sgd(W[index].sum(), W, 1.0, mask=mask)
        f = sg.function([index], updates=updates, backend=backend)
        f([0, 1])
        assert W.get_value()[:, 0].tolist() == [1, 0, 1]
        mask.set_value(freeze_rows(W, []))
        f([0, 1])
        assert W.get_value()[:, 0].tolist() == [0, -1, 1]

    def test_rows_that_are_not_there(self):
        W = ones((3, 2), "W")
        with pytest.raises(errors.IndexOutOfRangeError, match="row 3, but table W has 3 rows"):
            freeze_rows(W, [0, 3])
        with pytest.raises(errors.IndexOutOfRangeError, match="row -4, .* use -3 .. 2"):
            freeze_rows(W, [-4])
        with pytest.raises(errors.IndexOutOfRangeError, match="2 booleans, but table W has 3 rows"):
            freeze_rows(W, [True, False])
        for rows in ([0.5], [[1]], "cat", [[True] * 3]):
            with pytest.raises(errors.HyperparameterError, match="give a list of integers"):
                freeze_rows(W, rows)

    def test_what_has_no_rows(self):
        W = ones((3, 2), "W")
        for table in (W[index], ones((), "scale"), np.ones((3, 2))):
            with pytest.raises(errors.NotSharedError, match=r"shared variable"):
                freeze_rows(table, [0])
