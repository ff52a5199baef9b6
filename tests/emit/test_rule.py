"""Rules of one's own work as the built-in ones: those of the how-to, against NumPy."""

import inspect
from functools import partial
from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from tests.conftest import compile_on
from tests.kinds import KINDS, VARIETIES
from tests.reference import oracles
from tests.test_docs import python_blocks

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "own-rule.md"


def rules_of_the_page():
    """The rules that the how-to writes, by name."""
    names = {}
    for code, _ in python_blocks(PAGE):
        if "sg.Rule(\n" in code:
            exec(code, names)
    return {name: value for name, value in names.items() if isinstance(value, sg.Rule)}


OWN = rules_of_the_page()
LAMB, SIGN_SGD, SIGNUM = OWN["lamb"], OWN["sign_sgd"], OWN["signum"]


def sign_sgd(w, g, slots, t, *, learning_rate):
    return w - learning_rate * np.sign(g), {}


def signum(w, g, slots, t, *, learning_rate, beta):
    m = oracles.average(slots["m"], g, beta)
    return w - learning_rate * np.sign(m), {"m": m}


def lamb(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon, weight_decay):
    new = oracles.moments(g, slots, beta1, beta2)
    correction1, correction2 = (oracles.rounded(1 - beta**t, w) for beta in (beta1, beta2))
    step = new["m"] / correction1 / (np.sqrt(new["v"] / correction2) + epsilon) + weight_decay * w
    w_norm, step_norm = (
        np.sqrt(np.sum(block**2, axis=oracles.trailing_axes(w), keepdims=True))
        for block in (w, step)
    )
    trust = np.where((w_norm > 0) & (step_norm > 0), w_norm / step_norm, 1)
    return w - learning_rate * trust * step, new


ORACLES = {
    "sign_sgd": oracles.Oracle({"learning_rate": 0.001}, oracles.zeros(), sign_sgd),
    "signum": oracles.Oracle({"learning_rate": 0.001, "beta": 0.9}, oracles.zeros("m"), signum),
    "lamb": oracles.Oracle(
        {
            "learning_rate": 0.001,
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-6,
            "weight_decay": 0.01,
        },
        oracles.zeros("m", "v"),
        lamb,
    ),
}
RATE = {"learning_rate": 0.05}
index, weights = pt.lvector("index"), pt.dmatrix("weights")


@pytest.fixture(autouse=True)
def own_oracles(monkeypatch):
    for name, oracle in ORACLES.items():
        monkeypatch.setitem(oracles.RULES, name, oracle)


def table(dtype="float64"):
    return sg.shared(np.random.default_rng(1).normal(size=(6, 2)).astype(dtype), name="W")


def feed(f, seed=0, dtype="float64"):
    """Run `f` on some indices and gradients; return the calls as the oracle wants them."""
    rng, calls = np.random.default_rng(seed), []
    for rows in ([0, 2, 2], [5, -1, 0], [3], [2, 0, 4]):
        gradient = rng.normal(size=(len(rows), 2)).astype(dtype)
        f(rows, gradient)
        calls.append([(np.array(rows), gradient)])
    return calls


def check_slots(updates, slots, **tolerance):
    for slot, expected in slots.items():
        got = updates.slots[f"{slot}/W"].get_value()
        np.testing.assert_allclose(got, expected, **tolerance)
        assert got.dtype == expected.dtype


def test_the_page_has_three_rules():
    assert sorted(OWN) == sorted(ORACLES)
    for name, rule in OWN.items():
        defaults = {key: entry.default for key, entry in rule.hyper.items()}
        assert defaults == ORACLES[name].defaults


class TestLaws:
    @pytest.mark.parametrize("name", OWN)
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_of_index(self, kind, name):
        kind = KINDS[kind]
        if name == "lamb" and not kind.rows:
            pytest.skip("the oracle's rows are rows of axis 0")
        rng = np.random.default_rng(len(name) + len(kind.shape))
        start = rng.normal(size=kind.shape)
        W, inputs = sg.shared(start, name="W"), kind.inputs()
        subset = kind.read(W, *inputs)
        factors = pt.tensor("weights", dtype="float64", shape=subset.type.shape)
        updates = OWN[name]((subset * factors).sum(), subset, **RATE)
        f = compile_on("unoptimised", [*inputs, factors], updates=updates)
        calls = []
        for variety in VARIETIES * 2:
            values = kind.draw(rng, variety)
            if values is not None:
                chosen = kind.index(*values)
                gradient = rng.normal(size=start[chosen].shape)
                f(*values, gradient)
                calls.append([(chosen, gradient)])
        expected, slots = oracles.run(name, start, calls, **RATE)
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-10, atol=1e-12)
        check_slots(updates, slots, rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize(
        ("name", "fuse", "counter", "dtype"),
        [
            ("sign_sgd", True, "call", "float32"),
            ("signum", True, "call", "float64"),
            ("lamb", True, "row", "float32"),
            ("lamb", False, "call", "float64"),
        ],
    )
    def test_every_backend(self, name, fuse, counter, dtype, backend):
        W, gradients = table(dtype), pt.matrix("weights", dtype=dtype)
        start = W.get_value()
        updates = OWN[name]((W[index] * gradients).sum(), W, counter=counter, **RATE)
        f = sg.function([index, gradients], updates=updates, backend=backend, fuse=fuse)
        calls = feed(f, dtype=dtype)
        expected, slots = oracles.run(name, start, calls, counter=counter, **RATE)
        tolerance = {"rtol": 1e-10} if dtype == "float64" else {"rtol": 3e-4, "atol": 1e-5}
        np.testing.assert_allclose(W.get_value(), expected, **tolerance)
        check_slots(updates, slots, **tolerance)
        assert W.get_value().dtype == dtype
        assert str(f.audit).splitlines()[0].startswith("W: rows touched")
        # A single write without slots is no pass over rows that could be saved.
        assert bool(f.audit.fused) is (fuse and backend != "jax" and name != "sign_sgd")

    def test_of_a_whole_parameter(self):
        W, g = table(), pt.dmatrix("g")
        start = W.get_value()
        f = compile_on("unoptimised", [g], updates=LAMB([g], W, **RATE))
        gradients = np.random.default_rng(0).normal(size=(3, 6, 2))
        for gradient in gradients:
            f(gradient)
        expected, _ = oracles.dense_run("lamb", start, gradients, **RATE)
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-12)


class TestOptions:
    MASK = np.random.default_rng(3).random((6, 2)) < 0.5

    def run(self, name, **options):
        W = table()
        start = W.get_value()
        updates = OWN[name]((W[index] * weights).sum(), W, **RATE, **options)
        calls = feed(compile_on("unoptimised", [index, weights], updates=updates))
        return start, W.get_value(), updates, calls

    @pytest.mark.parametrize("name", OWN)
    def test_mask(self, name):
        start, got, updates, calls = self.run(name, mask=self.MASK)
        expected, slots = oracles.run(name, start, calls, mask=self.MASK, **RATE)
        np.testing.assert_allclose(got, expected, rtol=1e-12)
        check_slots(updates, slots, rtol=1e-12)
        assert np.array_equal(got[~self.MASK], start[~self.MASK])

    @pytest.mark.parametrize("name", OWN)
    def test_write_and_visits(self, name):
        start, got, _, calls = self.run(name, write="set", counter="row")
        expected, _ = oracles.run(name, start, calls, counter="row", **RATE)
        np.testing.assert_allclose(got, expected, rtol=1e-12)

    @pytest.mark.parametrize("name", OWN)
    def test_decay_is_the_dense_rule(self, name):
        start, got, _, calls = self.run(name, unused="decay")
        gradients = [oracles.scatter(start, call)[0] for call in calls]
        expected, _ = oracles.dense_run(name, start, gradients, **RATE)
        np.testing.assert_allclose(got, expected, rtol=1e-12)

    @pytest.mark.parametrize("name", OWN)
    def test_row_rates_transforms_and_constraints(self, name):
        W = table()
        start, factors = W.get_value(), np.array([1.0, 0.5, 0.0, 2.0, 1.0, 0.1])
        updates = OWN[name](
            (W[index] * weights).sum(),
            W,
            row_rates={W: factors},
            transforms=[lambda gradient, context: 2 * gradient + context.value],
            constraint=lambda new_rows, row_dims: pt.clip(new_rows, -1, 1),
            **RATE,
        )
        gradient = np.random.default_rng(0).normal(size=(3, 2))
        f = compile_on("unoptimised", [index, weights], updates=updates)
        f([0, 2, 3], gradient)
        dense = np.zeros_like(start)
        dense[[0, 2, 3]] = 2 * gradient + start[[0, 2, 3]]
        moved, _ = oracles.dense_run(name, start, [dense], **RATE)
        expected = start.copy()
        expected[[0, 2, 3]] = np.clip(start + factors[:, None] * (moved - start), -1, 1)[[0, 2, 3]]
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-12)

    def test_a_rule_out_of_proportion_takes_no_row_rates(self):
        rule = sg.Rule("fixed", lambda w, g, s, h: (-pt.sign(g), {}), scales=False)
        W = table()
        with pytest.raises(errors.HyperparameterError, match="fixed takes no row_rates"):
            rule(W[index].sum(), W, row_rates={W: np.ones(6)})

    def test_a_linear_rule_needs_no_distinct_rows(self):
        W = table()
        start, subset = W.get_value(), W[index]
        half = sg.Rule("half", lambda w, g, s, h: (-g / 2, {}), linear=True)
        updates = half((subset * weights).sum(), subset)
        assert updates[W].owner.inputs[2] is index
        calls = feed(compile_on("unoptimised", [index, weights], updates=updates))
        expected, _ = oracles.run("sgd", start, calls, learning_rate=0.5)
        np.testing.assert_allclose(W.get_value(), expected)


class TestUnusedRows:
    @pytest.mark.parametrize("backend", ["c", "numba", "jax"])
    def test_exact_is_the_dense_rule(self, backend):
        """With a learning rate that changes, and factors of it for the rows."""
        tables = []
        for unused in ("decay", "exact"):
            W, rate = table(), sg.shared(0.1, name="rate")
            updates = SIGNUM(
                (W[index] ** 2).sum(),
                W,
                learning_rate=rate,
                unused=unused,
                row_rates={W: np.array([1.0, 0.5, 0.0, 2.0, 1.0, 0.1])},
            )
            f = sg.function([index], updates=updates, backend=backend)
            for call in range(40):
                rate.set_value(0.1 / (1 + call))
                f([call % 3, -(call % 5)])
            updates.flush(backend)()
            tables.append([W.get_value(), updates.slots["m/W"].get_value()])
        for exact, dense in zip(*tables, strict=True):
            np.testing.assert_allclose(exact, dense, rtol=1e-12, atol=1e-300)

    def test_at_rest_is_the_dense_rule(self):
        tables = []
        for unused in ("decay", "exact"):
            W = table()
            updates = SIGN_SGD((W[index] * weights).sum(), W, unused=unused, **RATE)
            feed(compile_on("unoptimised", [index, weights], updates=updates))
            tables.append(W.get_value())
        np.testing.assert_allclose(*tables, rtol=1e-14)

    def test_numbers_per_row(self):
        """A closed form of a slot with one number per row."""

        def law(w, g, slots, h):
            size = h.beta * slots.size + h.row_mean(g**2)
            return -0.1 * g / pt.sqrt(size + 1), {"size": size}

        def catch_up(w, slots, h, missed):
            return w, {"size": h.beta**missed.count * slots.size}

        rule = sg.Rule(
            "sized",
            law,
            {"beta": sg.Hyperparameter(0.9, at_least=0, below=1)},
            slots={"size": 0.0},
            row_slots=("size",),
            closed_form=sg.ClosedForm(catch_up, constants=("beta",)),
        )
        results = []
        for unused in ("decay", "exact"):
            W = table()
            updates = rule((W[index] * weights).sum(), W, unused=unused)
            feed(sg.function([index, weights], updates=updates, backend="c"))
            updates.flush("c")()
            results.append([W.get_value(), updates.slots["size/W"].get_value()])
        for exact, dense in zip(*results, strict=True):
            assert exact.shape == dense.shape
            np.testing.assert_allclose(exact, dense, rtol=1e-12)
        with pytest.raises(errors.HyperparameterError, match="needs reads of whole rows"):
            rule(W[:, index].sum(), W, unused="exact")

    def test_refusals(self):
        W = table()
        cost = (W[index] ** 2).sum()
        with pytest.raises(
            errors.HyperparameterError, match="lamb: .* has no closed form, because"
        ):
            LAMB(cost, W, unused="exact")
        with pytest.raises(errors.HyperparameterError, match="beta is beta, .* give a number"):
            SIGNUM(cost, W, beta=pt.dscalar("beta"), unused="exact")
        with pytest.raises(errors.HyperparameterError, match="no closed form with weight decay"):
            SIGNUM(cost, W, transforms=[sg.weight_decay(0.1)], unused="exact")

    def test_a_closed_form_that_forgets_a_slot(self):
        form = sg.ClosedForm(lambda w, slots, h, missed: (w, {}))
        rule = sg.Rule(
            "forgetful", lambda w, g, s, h: (-g, {"m": s.m}), slots={"m": 0.0}, closed_form=form
        )
        W = table()
        with pytest.raises(errors.HyperparameterError, match="returned the slots none: .* m"):
            rule(W[index].sum(), W, unused="exact")

    def test_steps_that_cannot_be_added_up(self):
        form = sg.ClosedForm(
            lambda w, s, h, missed: (missed.less_steps(w, s.m, s.m, 0.9, 0.9), {"m": s.m})
        )
        rule = sg.Rule(
            "adding", lambda w, g, s, h: (-g, {"m": g}), slots={"m": 0}, closed_form=form
        )
        W = table()
        with pytest.raises(errors.HyperparameterError, match="columns must begin with"):
            rule(W[index].sum(), W, unused="exact")


class TestWhatComesWithARule:
    def test_checkpoints(self, tmp_path):
        def run():
            W = table()
            updates = LAMB((W[index] * weights).sum(), W, **RATE)
            return W, updates, compile_on("unoptimised", [index, weights], updates=updates)

        W, updates, f = run()
        feed(f)
        sg.save(tmp_path / "run.npz", updates)
        other_W, other, g = run()
        sg.load(tmp_path / "run.npz", other)
        assert int(other.slots["t"].get_value()) == 4
        feed(f, seed=1), feed(g, seed=1)
        for name, slot in updates.slots.items():
            assert np.array_equal(slot.get_value(), other.slots[name].get_value())
        assert np.array_equal(W.get_value(), other_W.get_value())

    @pytest.mark.parametrize("rule", [LAMB, partial(LAMB, learning_rate=0.1)])
    def test_explain(self, rule):
        W = table()
        subset = W[index]
        e = sg.explain((subset**2).sum(), subset, rule=rule, values={"index": np.array([3, 1])})
        (story,) = e.rules
        assert story.rule == "lamb"
        assert story.row == 3
        assert {line.target for line in story.lines} == {"step", "m", "v", "t"}

    def test_updates_know_the_rule(self):
        W = table()
        updates = LAMB((W[index] ** 2).sum(), W, **RATE)
        (move,) = updates.moves
        assert move.rule is LAMB
        assert move.hyper == ORACLES["lamb"].defaults | RATE
        assert dict(move.slots) == {"m": updates.slots["m/W"], "v": updates.slots["v/W"]}
        assert dict(move.clock) == {"t": updates.slots["t"]}


class TestCalls:
    def test_names_and_ranges(self):
        W = table()
        cost = W[index].sum()
        rule = sg.Rule("plain", lambda w, g, s, h: (-h.rate * g, {}), {"rate": sg.Hyperparameter()})
        for words, call in {
            "plain: rate has no default: give a number": lambda: rule(cost, W),
            "lamb: beta1 is 1: it must be in": lambda: LAMB(cost, W, beta1=1),
            "plain: rate is nan: it must be any number": lambda: rule(cost, W, rate=float("nan")),
            "lamb: beta1 is 'high': give a number": lambda: LAMB(cost, W, beta1="high"),
            "lamb got lr, .* hyper-parameters are learning_rate, beta1": lambda: LAMB(
                cost, W, lr=1
            ),
        }.items():
            with pytest.raises(errors.HyperparameterError, match=words):
                call()

    @pytest.mark.parametrize("name", sg.RULES)
    def test_built_in_functions_are_their_rules(self, name):
        """A function's parameters and defaults are the hyper-parameters of its rule."""
        W = table()
        function = sg.RULES[name]
        required = {
            parameter.name: 0.1
            for parameter in list(inspect.signature(function).parameters.values())[2:]
            if parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD
        }
        (move,) = function(W[index].sum(), W, **required).moves
        assert move.rule.name == name
        assert list(move.hyper) == list(move.rule.hyper)
        declared = {key: entry.default for key, entry in move.rule.hyper.items()}
        assert {**move.hyper, **dict.fromkeys(required)} == declared
        for key, hyper in move.rule.hyper.items():
            assert f"\n{key} : " in function.__doc__
            assert hyper.range in function.__doc__
            assert hyper.meaning


class TestDefinitions:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"name": "no name"}, "name 'no name': give one that a Python variable"),
            ({"law": 3}, "the law is 3, which is not callable"),
            ({"hyper": {"rate": 0.1}}, r"rate is 0.1, which has no range: give sg.Hyperparameter"),
            ({"hyper": {"mask": sg.Hyperparameter()}}, "mask are named like arguments"),
            ({"hyper": {"params": sg.Hyperparameter()}}, "params are named like arguments"),
            ({"hyper": {"row_mean": sg.Hyperparameter()}}, "row_mean is a function"),
            ({"hyper": ["rate"]}, r"hyper is \['rate'\]: give a dict"),
            ({"slots": {"m/v": 0.0}}, "slots names 'm/v'"),
            (
                {"slots": {"m": "rate"}},
                "the slot m starts from 'rate', which is no hyper-parameter",
            ),
            ({"slots": {"m": 0.0}, "row_slots": ("v",)}, "row_slots names v, but the slots are m"),
            ({"slots": {"m": 0.0}, "row_slots": "m"}, "row_slots is 'm': give a tuple"),
            ({"slots": {"t": 0.0}, "clock": {"t": 0}, "tick": len}, "t is the name of a slot and"),
            ({"clock": {"t": 0}}, "a clock without a tick"),
            ({"tick": len}, "a tick without a clock"),
            ({"clock": {"t": 0}, "tick": 3}, "the tick is 3, which is not callable"),
            ({"closed_form": "none"}, "the closed form is 'none': give an sg.ClosedForm"),
            ({"closed_form": sg.ClosedForm(len, ("rho",))}, "constants name rho, but the hyper"),
        ],
    )
    def test_mistakes(self, fields, words):
        complete = {"name": "own", "law": lambda w, g, s, h: (-g, {})} | fields
        with pytest.raises(errors.HyperparameterError, match=words):
            sg.Rule(**complete)

    @pytest.mark.parametrize(
        ("law", "words"),
        [
            (lambda w, g, s, h: -g, "return a pair, the step and a dict"),
            (lambda w, g, s, h: (-g, {}), "declares m, n: m, n is missing"),
            (lambda w, g, s, h: (-g, {"m": s.m, "n": s.n, "v": g}), "v is not declared"),
            (lambda w, g, s, h: (-g, {"m": s.v, "n": s.n}), "reads the slot 'v', .* has m, n"),
            (lambda w, g, s, h: (-h.eta * g, {}), "the hyper-parameter 'eta', .* it has rate"),
            (lambda w, g, s, h: (-h.row_mean(g), vars(s)), "the law's step has the shape"),
            (lambda w, g, s, h: (-g.sum(), vars(s)), r"step has the shape \(\), but"),
            (lambda w, g, s, h: (pt.cast(g, "int64"), vars(s)), "has the dtype int64"),
            (lambda w, g, s, h: (None, vars(s)), "the law's step is None"),
            (lambda w, g, s, h: (-g, {"m": 0, "n": s.n}), "the new slot 'm' has the"),
            (lambda w, g, s, h: (-g, {"m": g, "n": g}), r"slot 'n' has the shape \(\?, \?\), but"),
        ],
    )
    def test_laws_that_return_something_else(self, law, words):
        rule = sg.Rule(
            "own",
            law,
            {"rate": sg.Hyperparameter(0.1, above=0)},
            slots={"m": 0.0, "n": 0.0},
            row_slots=("n",),
        )
        W = table()
        with pytest.raises(errors.HyperparameterError, match=f"own: .*{words}"):
            rule(W[index].sum(), W)

    @pytest.mark.parametrize(
        ("tick", "words"),
        [
            (lambda h, clock: {"t": clock.t}, "return a pair of dicts"),
            (lambda h, clock: ({}, {}), "declares t: t is missing"),
            (lambda h, clock: ({"rate": 1}, {"t": clock.t}), "the rates rate, which are names of"),
            (lambda h, clock: ({}, {"t": clock.s}), "the tick reads the clock 's'"),
        ],
    )
    def test_ticks_that_return_something_else(self, tick, words):
        rate = {"rate": sg.Hyperparameter(0.1, above=0)}
        rule = sg.Rule("own", lambda w, g, s, h: (-g, {}), rate, clock={"t": 0}, tick=tick)
        W = table()
        with pytest.raises(errors.HyperparameterError, match=f"own: .*{words}"):
            rule(W[index].sum(), W)

    def test_blocks_of_one_row(self):
        """A static length of 1 is not a mistake of the law."""
        W = table()
        for read in (W[[3]], W[3], W[pt.lvector("i")[:1]]):
            sg.adam(read.sum(), W)
            LAMB(read.sum(), W)

    @pytest.mark.parametrize(
        ("limits", "words", "inside", "outside"),
        [
            ({}, "any number", [-1e9, np.inf], [np.nan]),
            ({"at_least": 0}, "at least 0", [0, 1], [-1, np.nan]),
            ({"above": 0}, "above 0", [1], [0]),
            ({"at_most": 1}, "at most 1", [1, -5], [2]),
            ({"below": 1}, "below 1", [0], [1]),
            ({"at_least": 0, "below": 1}, r"in [0, 1)", [0, 0.5], [1, -0.1]),
            ({"above": 0, "at_most": 1}, r"in (0, 1]", [1], [0]),
        ],
    )
    def test_ranges(self, limits, words, inside, outside):
        hyper = sg.Hyperparameter(**limits)
        assert hyper.range == words
        assert [hyper.admits(number) for number in inside] == [True] * len(inside)
        assert [hyper.admits(number) for number in outside] == [False] * len(outside)

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: sg.Hyperparameter(2.0, below=1), "default 2.0, which is not below 1"),
            (lambda: sg.Hyperparameter(at_least=0, above=0), "at_least and above: give one"),
            (lambda: sg.Hyperparameter(at_most=0, below=0), "at_most and below: give one"),
            (lambda: sg.ClosedForm(3), "3 as catch_up, which is not callable"),
            (lambda: sg.ClosedForm(len, "rho"), "'rho' as constants: give a tuple"),
            (lambda: sg.ClosedForm(len, columns=("a",)), "columns without record"),
            (lambda: sg.ClosedForm(len, record=len), "record without columns"),
            (lambda: sg.Transform(3), "3, which is not callable"),
        ],
    )
    def test_parts(self, make, words):
        with pytest.raises(errors.HyperparameterError, match=words):
            make()


class TestTransforms:
    def test_what_a_context_knows(self):
        seen = []

        def watch(gradient, context):
            seen.append(context)
            return gradient / context.total_norm

        W, b = table(), sg.shared(np.ones(2), name="b")
        updates = sg.sgd((W[index] * b).sum(), [W, b], 1.0, transforms=[watch])
        assert [context.table for context in seen] == [W, b]
        assert seen[0].row_dims == (1,)
        assert len(seen[0].gradients) == 2
        assert seen[0].total_norm is seen[1].total_norm
        start = W.get_value()
        compile_on("unoptimised", [index], updates=updates)([4, 4])
        gradients = np.array([2.0, 2.0]), 2 * start[4]
        norm = oracles.total_norm(gradients)
        np.testing.assert_allclose(W.get_value()[4], start[4] - gradients[0] / norm)
        np.testing.assert_allclose(b.get_value(), 1 - gradients[1] / norm)

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"transforms": [abs]}, errors.HyperparameterError, r"a function of \(gradient"),
            ({"constraint": abs}, errors.HyperparameterError, r"a function of \(new_rows"),
            ({"constraint": 3}, errors.HyperparameterError, "constraint holds 3, which is not"),
            ({"transforms": [lambda g, c: 0]}, errors.GradientShapeError, "returned 0 for W"),
            ({"transforms": [lambda g, c: g.sum()]}, errors.GradientShapeError, "2 dimensions"),
        ],
    )
    def test_mistakes(self, options, error, words):
        W = table()
        with pytest.raises(error, match=words):
            sg.sgd(W[index].sum(), W, 0.1, **options)
