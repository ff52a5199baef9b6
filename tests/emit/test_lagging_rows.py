"""``unused="exact"``: unread rows end up where the dense rule would have left them."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from symgrad.emit.lagging_rows import CAPACITY
from tests.conftest import compile_on
from tests.kinds import KINDS, VARIETIES
from tests.reference import oracles

# Hyper-parameters under which every part of a law shows.
HYPER = {
    "sgd": {},
    "proximal_sgd": {"l1": 0.01, "l2": 0.1},
    "momentum": {},
    "nesterov_momentum": {"momentum": 0.8},
    "adagrad": {},
    "rowwise_adagrad": {},
    "rmsprop": {"rho": 0.99},
    "adadelta": {},
    "adam": {"epsilon": 1e-4},
    "adamax": {"epsilon": 1e-3},
    "amsgrad": {},
    "adamw": {"epsilon": 1e-3, "weight_decay": 0.05},
    "nadam": {"beta1": 0.8},
    "radam": {"epsilon": 1e-3},
    "lion": {"weight_decay": 0.05},
    "rprop": {},
}
L2 = 0.05
ROWS, WIDTH, BATCH = 500, 3, 6


def rates_of(rule, calls):
    """A warm restart every 400 calls; rprop reads its rate once."""
    if rule == "rprop":
        return np.full(calls, 0.01)
    return 0.02 * (1 + np.cos(np.pi * (np.arange(calls) % 400) / 400)) / 2


def zipf(rng, calls):
    """Reads of which a few rows have most, negative indices among them."""
    index = np.minimum(rng.zipf(1.2, (calls, BATCH)) - 1, ROWS - 1)
    return np.where(rng.random(index.shape) < 0.3, index - ROWS, index)


class Stream:
    """The same calls for symgrad, and for the dense rule in NumPy."""

    def __init__(self, rule, dtype, calls):
        self.rule, self.dtype = rule, dtype
        self.rng = np.random.default_rng(len(rule))
        self.start = self.rng.normal(size=(ROWS, WIDTH)).astype(dtype)
        self.index = zipf(self.rng, calls)
        self.target = self.rng.normal(size=(calls, WIDTH)).astype(dtype)
        self.rates = rates_of(rule, calls)
        self.l2 = L2 if rule == "sgd" else 0.0

    def compile(self, backend, **options):
        self.W = sg.shared(self.start, name="W")
        index, target = pt.lvector("index"), pt.vector("target", dtype=self.dtype)
        rate = pt.dscalar("rate")
        cost = ((self.W[index] - target) ** 2).sum() / 2
        if self.rule == "sgd":
            options["transforms"] = [sg.clip(100.0), sg.weight_decay(L2)]
        given = float(self.rates[0]) if self.rule == "rprop" else rate
        hyper = HYPER[self.rule] | {"learning_rate": given}
        self.updates = sg.RULES[self.rule](cost, self.W, unused="exact", **hyper, **options)
        inputs = [index, target, rate]
        return sg.function(
            inputs, cost, updates=self.updates, backend=backend, on_unused_input="ignore"
        )

    def dense(self):
        """Costs, and the table and slots at the end, of the dense rule."""
        oracle, table = oracles.RULES[self.rule], self.start
        hyper = HYPER[self.rule]
        slots, costs = oracle.start(table, **hyper, learning_rate=self.rates[0]), []
        for call, (index, target, rate) in enumerate(
            zip(self.index, self.target, self.rates, strict=True), 1
        ):
            off = table[index] - target
            costs.append((off**2).sum() / 2)
            gradient = table * self.dtype.type(self.l2)
            np.add.at(gradient, index, off)
            table, slots = oracle.step(table, gradient, slots, call, **hyper, learning_rate=rate)
        return costs, table, slots


def off_by(got, expected):
    """The largest error, relative to the largest value."""
    return np.max(np.abs(got - expected), initial=0) / np.max(np.abs(expected), initial=1e-300)


def check_stream(rule, backend, dtype, calls):
    stream = Stream(rule, np.dtype(dtype), calls)
    f = stream.compile(backend)
    assert {line.split(": ")[1] for line in str(f.audit).splitlines()} == {"rows touched"}
    costs = [f(*call) for call in zip(stream.index, stream.target, stream.rates, strict=True)]
    stream.updates.flush(backend)()
    expected_costs, table, slots = stream.dense()
    limit = 1e-10 if dtype == "float64" else 1e-4
    assert off_by(np.array(costs), np.array(expected_costs)) < limit
    assert off_by(stream.W.get_value(), table) < limit
    assert stream.W.get_value().dtype == dtype
    for name in set(slots) - {"clock"}:
        slot = stream.updates.slots[f"{name}/W"].get_value()
        assert off_by(slot, slots[name]) < limit, name
        assert slot.dtype == dtype


@pytest.mark.parametrize("rule", HYPER)
def test_the_dense_run_to_rounding(rule):
    check_stream(rule, "c", "float64", calls=2000)


@pytest.mark.parametrize("rule", ["momentum", "adamw"])
def test_the_dense_run_in_float32(rule):
    check_stream(rule, "c", "float32", calls=2000)


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_the_dense_run_on_other_backends(rule, backend):
    check_stream(rule, backend, "float64", calls=600)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rule", HYPER)
def test_the_dense_run_of_every_rule(rule, backend, dtype):
    check_stream(rule, backend, dtype, calls=2000)


def test_leaving_the_rows_alone_is_something_else():
    stream = Stream("adam", np.dtype("float64"), 300)
    f = stream.compile("c")
    for call in zip(stream.index, stream.target, stream.rates, strict=True):
        f(*call)
    _, table, _ = stream.dense()
    assert off_by(stream.W.get_value(), table) > 1e-3  # not flushed
    stream.updates.flush()()
    assert off_by(stream.W.get_value(), table) < 1e-12


def small(rule="momentum", shape=(4, 2), **options):
    """A table, its exact updates for reads of rows, and the compiled step."""
    W, index = sg.shared(np.ones(shape), name="W"), pt.lvector("index")
    updates = sg.RULES[rule]((W[index] ** 2).sum() / 2, W, unused="exact", **options)
    return W, updates, sg.function([index], updates=updates)


def test_flush_in_between_changes_nothing():
    runs = []
    for flushed in (False, True):
        W, updates, f = small("adamw", learning_rate=0.1, weight_decay=0.1)
        flush = updates.flush()
        for call in range(60):
            f([call % 3])
            if flushed and call % 7 == 0:
                flush()
        flush()
        runs.append(W.get_value())
    np.testing.assert_allclose(*runs, rtol=1e-13)


def test_flush_twice_is_flush_once():
    _, updates, f = small("adam", learning_rate=0.1)
    flush = updates.flush()
    f([0]), f([1])
    flush()
    once = {shared: shared.get_value() for shared in updates}
    flush()
    for shared, value in once.items():
        assert np.array_equal(shared.get_value(), value)


def test_flush_by_blocks_of_rows(monkeypatch):
    monkeypatch.setattr("symgrad.compile.flush._AT_A_TIME", 3)
    tables = []
    for at_a_time in (3, 100):
        monkeypatch.setattr("symgrad.compile.flush._AT_A_TIME", at_a_time)
        W, updates, f = small("nadam", shape=(8, 2), learning_rate=0.1)
        for row in (0, 7, 3, 0):
            f([row])
        updates.flush()()
        tables.append(W.get_value())
    assert np.array_equal(*tables)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_index(name):
    kind = KINDS[name]
    rng = np.random.default_rng(0)
    start = rng.normal(size=kind.shape)
    calls = [kind.draw(rng, variety) for variety in VARIETIES * 3]
    tables = []
    for unused in ("exact", "decay"):
        W = sg.shared(start, name="W")
        inputs = kind.inputs()
        cost = (kind.read(W, *inputs) ** 2).sum() / 2
        hyper = {"learning_rate": 0.1, "weight_decay": 0.1}
        updates = sg.adamw(cost, W, unused=unused, **hyper)
        (current,) = updates.current([cost])
        f = compile_on("unoptimised", inputs, current, updates=updates)
        costs = [f(*values) for values in calls if values is not None]
        updates.flush("c")()
        tables.append((np.array(costs), W.get_value()))
    for exact, dense in zip(*tables, strict=True):
        np.testing.assert_allclose(exact, dense, rtol=1e-12)


@pytest.mark.parametrize("backend", ["c", "jax"])
def test_parameters_of_other_rules_see_the_rows_caught_up(backend):
    """The gradient of `b` is taken at the rows that are up to date, whatever the order of `|`."""
    results = []
    for unused in ("decay", "exact", "exact"):
        W, b = sg.shared(np.ones((4, 2)), name="W"), sg.shared(np.ones(2), name="b")
        index = pt.lvector("index")
        cost = ((W[index] * b) ** 2).sum()
        parts = [
            sg.momentum(cost, W, learning_rate=0.05, unused=unused),
            sg.sgd(cost, b, learning_rate=0.05),
        ]
        updates = parts[0] | parts[1] if len(results) < 2 else parts[1] | parts[0]
        f = sg.function([index], cost, updates=updates, backend=backend)
        costs = [float(f([row, row - 4])) for row in (0, 1, 2, 0, 3, 1, 1, 0)]
        if unused == "exact":
            updates.flush(backend)()
        results.append([*costs, *W.get_value().ravel(), *b.get_value()])
    for exact in results[1:]:
        np.testing.assert_allclose(exact, results[0], rtol=1e-12)


def test_two_tables_with_their_gradients_in_each_other():
    results = []
    for unused in ("decay", "exact"):
        U, V = sg.shared(np.ones((4, 2)), name="U"), sg.shared(np.ones((5, 2)), name="V")
        i, j = pt.lvectors("ij")
        cost = ((U[i] * V[j]).sum(axis=1) - 1).sum() ** 2
        updates = sg.adam(cost, [U, V], learning_rate=0.05, unused=unused)
        f = sg.function([i, j], cost, updates=updates)
        rng = np.random.default_rng(0)
        costs = [float(f(rng.integers(0, 4, 3), rng.integers(0, 5, 3))) for _ in range(30)]
        updates.flush()()
        results.append([*costs, *U.get_value().ravel(), *V.get_value().ravel()])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-11)


def test_a_schedule_and_row_rates():
    factors = np.array([1.0, 0.5, 0.0, 2.0])
    tables = []
    for unused in ("decay", "exact"):
        W, index = sg.shared(np.ones((4, 2)), name="W"), pt.lvector("index")
        schedule = sg.schedules.exponential(0.1, 0.9)
        cost = (W[index] ** 2).sum()
        updates = sg.adam(cost, W, schedule.rate, unused=unused, row_rates={W: factors})
        f = sg.function([index], updates=updates | schedule.updates)
        for row in (0, 1, 2, 3, 0, 0, 1, 0):
            f([row])
        updates.flush()()
        tables.append(W.get_value())
    np.testing.assert_allclose(*tables, rtol=1e-13)


def test_groups_decay_of_some_tables():
    tables = []
    for unused in ("decay", "exact"):
        W, V = sg.shared(np.ones((3, 2)), name="W"), sg.shared(np.ones((3, 2)), name="V")
        index = pt.lvector("index")
        cost = (W[index] * V[index]).sum()
        decay = sg.weight_decay_groups({"W": W, "V": V}, l2=0.1, skip="V")
        updates = sg.sgd(cost, [W, V], 0.1, transforms=[decay], unused=unused)
        f = sg.function([index], updates=updates)
        for row in (0, 1, 1, 0):
            f([row])
        updates.flush()()
        tables.append([W.get_value(), V.get_value()])
    np.testing.assert_allclose(*tables, rtol=1e-13)
    assert np.array_equal(tables[1][1][2], [1, 1])
    np.testing.assert_allclose(tables[1][0][2], 0.99**4)


def test_rules_whose_unused_rows_rest_keep_no_count():
    for rule in ("sgd", "adagrad", "rowwise_adagrad"):
        _, updates, _ = small(rule, learning_rate=0.1)
        assert not [name for name in updates.slots if name.startswith(("last", "calls"))]
        updates.flush()()


def test_the_history_is_full():
    _, updates, f = small("lion", learning_rate=0.1)
    f([0]), f([1])
    calls, last = updates.slots["calls"], updates.slots["last/W"]
    calls.set_value(np.array(CAPACITY - 1))
    last.set_value(np.full((4, 1), CAPACITY - 1))
    before = {shared: shared.get_value() for shared in updates}
    with pytest.raises(errors.IndexOutOfRangeError, match=r"calls since updates.flush\(\)"):
        f([0])
    for shared, value in before.items():
        assert np.array_equal(shared.get_value(), value)
    updates.flush()()
    f([0])
    assert calls.get_value() == 1
    assert last.get_value().ravel().tolist() == [1, 0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "dtype", "hyper"),
    [
        ("proximal_sgd", "float32", {"learning_rate": 0.01, "l1": 1e-7, "l2": 0.1}),
        ("momentum", "float32", {"learning_rate": 0.01}),
        ("adamw", "float64", {"learning_rate": 0.01, "weight_decay": 1e-3}),
        ("lion", "float64", {"learning_rate": 1e-5, "weight_decay": 1e-3}),
    ],
)
def test_a_million_calls(rule, hyper, dtype):
    calls = np.arange(1_000_000)
    rows = np.where(calls % 100_000, 0, calls // 100_000 % 3)
    tables = []
    for unused in ("decay", "exact"):
        W = sg.shared(np.linspace(-2, 2, 6).reshape(3, 2).astype(dtype), name="W")
        index = pt.lvector("index")
        cost = ((W[index] - 1) ** 2).sum()
        updates = sg.RULES[rule](cost, W, unused=unused, **hyper)
        f = sg.function([index], cost, updates=updates)
        f.run(rows[:, None])
        updates.flush()()
        tables.append(W.get_value())
    assert np.isfinite(tables[1]).all()
    limit = 1e-9 if dtype == "float64" else 2e-3
    np.testing.assert_allclose(tables[1][1:], tables[0][1:], rtol=limit, atol=limit)
    # At its optimum a row that is always read amplifies rounding: steps of Adam have no scale.
    np.testing.assert_allclose(tables[1][0], tables[0][0], atol=1e-3)


class TestRefusals:
    W, index = sg.shared(np.ones((3, 2)), name="W"), pt.lvector("index")

    def cost(self):
        return (self.W[self.index] ** 2).sum()

    @pytest.mark.parametrize(
        ("rule", "options", "words"),
        [
            ("ftrl", {}, "ftrl: unused='exact' has no closed form, because its dense update"),
            ("adam_decayed", {}, "its beta1 is another at every call"),
            ("adam", {"transforms": [sg.weight_decay(0.1)]}, "use adamw or lion"),
            ("rmsprop", {"transforms": [sg.weight_decay(0.1)]}, "no closed form with weight decay"),
            ("sgd", {"transforms": [sg.weight_decay(0.1), sg.clip(1.0)]}, "Put weight decay last"),
            (
                "sgd",
                {"transforms": [lambda g, context: g]},
                r"Transform\(function, keeps_zero=True\)",
            ),
            ("momentum", {"mask": np.ones((3, 2), bool)}, "a mask"),
            ("momentum", {"mask": "connected"}, "a mask"),
            ("momentum", {"constraint": sg.max_norm(1.0)}, "a constraint"),
            ("adam", {"counter": "row"}, "share one count: say 'call'"),
            ("momentum", {"momentum": pt.dscalar("mu")}, "momentum is mu, .* give a number"),
            ("adam", {"beta1": 0.99, "beta2": 0.9}, "do not die away"),
            ("adamw", {"row_rates": {W: np.ones(3)}}, "adamw takes no row_rates with"),
        ],
    )
    def test_says_why(self, rule, options, words):
        with pytest.raises(errors.HyperparameterError, match=words):
            sg.RULES[rule](self.cost(), self.W, learning_rate=0.1, unused="exact", **options)

    def test_of_gradients(self):
        with pytest.raises(
            errors.HyperparameterError, match="before the cost reads them: give the cost"
        ):
            sg.momentum([pt.dmatrix()], [self.W[self.index]], 0.1, unused="exact")

    def test_a_transform_of_ones_own_that_keeps_zero(self):
        doubled = sg.Transform(lambda gradient, context: 2 * gradient, keeps_zero=True)
        W = sg.shared(np.ones((3, 2)), name="W")
        cost = (W[self.index] ** 2).sum()
        updates = sg.momentum(cost, W, 0.1, unused="exact", transforms=[doubled])
        sg.function([self.index], updates=updates)([1])
        # The gradient of 2 is doubled, so that the row moves by 0.1 * 4.
        np.testing.assert_allclose(W.get_value(), [[1, 1], [0.6, 0.6], [1, 1]], rtol=1e-14)
