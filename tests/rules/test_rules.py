"""The laws: against Lasagne, torch, optax and Keras, and every rule on every backend."""

import inspect

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from tests.conftest import compile_on
from tests.cost.test_index_kinds import RULES, rates, tolerance
from tests.reference import oracles
from tests.reference.test_oracles import GOLDENS, PROBLEMS, label


def test_the_table_of_rules_is_whole():
    assert set(sg.RULES) == set(oracles.RULES)
    for name, rule in sg.RULES.items():
        assert rule.__name__ == name
        assert getattr(sg, name) is rule


@pytest.mark.parametrize("rule", RULES)
def test_defaults(rule):
    parameters = inspect.signature(sg.RULES[rule]).parameters.values()
    given_defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    assert given_defaults == oracles.RULES[rule].defaults


@pytest.mark.parametrize("golden", GOLDENS["dense"], ids=label)
def test_dense_values_of_libraries(golden):
    problem = PROBLEMS[golden["problem"]]
    W, g = sg.shared(np.array(problem["start"]), name="W"), pt.dmatrix("g")
    updates = sg.RULES[golden["rule"]]([g], [W], **golden["hyper"])
    f = compile_on("unoptimised", [g], updates=updates)
    for call, gradient in enumerate(problem["gradients"], 1):
        f(np.array(gradient))
        if str(call) in golden["values"]:
            np.testing.assert_allclose(W.get_value(), golden["values"][str(call)], rtol=1e-11)


@pytest.mark.parametrize("golden", GOLDENS["subset"], ids=label)
def test_subset_values_of_torch(golden):
    W, index, g = sg.shared(np.array(golden["start"]), name="W"), pt.lvector(), pt.dmatrix()
    updates = sg.RULES[golden["rule"]]([g], [W[index]], **golden["hyper"])
    f = compile_on("unoptimised", [index, g], updates=updates)
    for call, expected in zip(golden["calls"], golden["tables"], strict=True):
        f(np.array(call["index"]), np.array(call["gradients"]))
        np.testing.assert_allclose(W.get_value(), expected, rtol=1e-11)


class Triples:
    """A cost of three reads, W[ref], W[pos] and W[neg], and its gradients in NumPy."""

    def __init__(self, dtype, seed=0):
        self.rng = np.random.default_rng(seed)
        self.start = self.rng.normal(size=(8, 3)).astype(dtype)
        self.W = sg.shared(self.start, name="W")
        self.inputs = [pt.lvector(name) for name in ("ref", "pos", "neg")]
        self.reads = [self.W[one] for one in self.inputs]
        ref, pos, neg = self.reads
        self.cost = pt.sum(ref * (neg - pos)) + pt.sum(ref**2) / 2
        self.table = self.start
        self.calls = []

    def draw(self, n=4, low=-8):
        return [self.rng.integers(low, 8, n) for _ in range(3)]

    def gradients(self, table, indices):
        """The reads of a call and their gradients, at a given table."""
        ref, pos, neg = (table[index] for index in indices)
        return list(zip(indices, (neg - pos + ref, -ref, ref), strict=True))


@pytest.mark.parametrize(("position", "rule"), list(enumerate(RULES)))
def test_three_reads_are_one_update_on_every_backend(position, rule, backend):
    number = position + ("c", "numba", "jax").index(backend)
    dtype = ("float32", "float64")[number % 2]
    counter = ("call", "row")[number // 2 % 2]
    triples = Triples(dtype)
    updates = sg.RULES[rule](triples.cost, triples.W, counter=counter, **rates(rule))
    f = compile_on(backend, triples.inputs, triples.cost, updates=updates)
    calls = []
    for call in range(6):
        indices = triples.draw(n=0 if call == 3 else 4)
        calls.append(triples.gradients(triples.W.get_value(), indices))
        f(*indices)
    expected, _ = oracles.run(rule, triples.start, calls, counter=counter, **rates(rule))
    np.testing.assert_allclose(triples.W.get_value(), expected, **tolerance(dtype))
    untouched = np.setdiff1d(np.arange(8), np.concatenate([i for c in calls for i, _ in c]) % 8)
    assert np.array_equal(triples.W.get_value()[untouched], triples.start[untouched])


@pytest.mark.parametrize("rule", RULES)
def test_all_rows_once_is_the_dense_rule(rule):
    start = np.random.default_rng(0).normal(size=(5, 3))
    tables = [sg.shared(start, name="W") for _ in range(2)]
    index, g = pt.lvector(), pt.dmatrix()
    params = [tables[0][index], tables[1]]
    fs = [
        compile_on(
            "unoptimised",
            [index, g],
            updates=sg.RULES[rule]([g], [p], **rates(rule)),
            on_unused_input="ignore",
        )
        for p in params
    ]
    for seed in range(3):
        gradient = np.random.default_rng(seed).normal(size=(5, 3))
        order = np.random.default_rng(seed).permutation(5)
        fs[0](order, gradient[order])
        fs[1](order, gradient)
    if rule == "sgd":
        np.testing.assert_allclose(tables[0].get_value(), tables[1].get_value(), rtol=1e-14)
    else:
        assert np.array_equal(tables[0].get_value(), tables[1].get_value())


@pytest.mark.parametrize("rule", RULES)
def test_unselected_rows_and_slots_are_bit_identical(rule):
    triples = Triples("float32")
    updates = sg.RULES[rule](triples.cost, triples.W, **rates(rule))
    f = compile_on("unoptimised", triples.inputs, updates=updates)
    f(*triples.draw())
    before = {slot: slot.get_value() for slot in updates}
    f([1, 2], [2, 2], [1, -6])
    for slot, old in before.items():
        if slot.type.ndim:
            kept, touched = [0, 3, 4, 5, 6, 7], [1, 2]
            assert np.array_equal(slot.get_value()[kept], old[kept])
            assert not np.array_equal(slot.get_value()[touched], old[touched])


@pytest.mark.parametrize("rule", ["sgd", "adam", "nadam", "ftrl"])
def test_learning_rate_as_number_variable_and_shared(rule):
    results = []
    for make in (float, lambda x: pt.dscalar("rate"), lambda x: pytensor.shared(x, name="rate")):
        W, index = sg.shared(np.ones((4, 2)), name="W"), pt.lvector("index")
        rate = make(0.05)
        updates = sg.RULES[rule]((W[index] ** 2).sum(), W, learning_rate=rate)
        symbolic = isinstance(rate, pt.TensorVariable) and rate.owner is None
        symbolic = symbolic and not hasattr(rate, "get_value")
        inputs = [index, rate] if symbolic else [index]
        f = compile_on("unoptimised", inputs, updates=updates)
        for _ in range(2):
            f([1, 1], *([0.05] if symbolic else []))
        results.append(W.get_value())
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_a_shared_learning_rate_takes_effect_at_once():
    rate = pytensor.shared(1.0, name="rate")
    W, index = sg.shared(np.zeros((2, 1)), name="W"), pt.lvector("index")
    f = compile_on("unoptimised", [index], updates=sg.sgd(W[index].sum(), W, rate))
    f([0])
    rate.set_value(10.0)
    f([1])
    assert W.get_value().ravel().tolist() == [-1.0, -10.0]


def test_hyper_parameters_are_not_rounded_to_floatx():
    results = []
    for floatx in ("float64", "float32"):
        with pytensor.config.change_flags(floatX=floatx):
            W = sg.shared(np.ones(3), name="W")
            updates = sg.adam((W**2).sum(), W, learning_rate=0.1)
            compile_on("unoptimised", [], updates=updates)()
        results.append(W.get_value())
    assert np.array_equal(*results)


def test_rprop_needs_the_value_of_its_learning_rate():
    W = sg.shared(np.zeros((2, 1)), name="W")
    with pytest.raises(sg.errors.HyperparameterError, match="give a number or a shared variable"):
        sg.rprop(W[[0]].sum(), W, learning_rate=pt.dscalar())
    assert sg.rprop(W[[0]].sum(), W, pytensor.shared(0.5)).slots["step_size/W"].eval()[0] == 0.5


@settings(max_examples=60, deadline=None)
@given(
    rule=st.sampled_from(RULES),
    calls=st.lists(
        st.lists(st.lists(st.integers(-6, 5), max_size=7), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    width=st.integers(1, 3),
    counter=st.sampled_from(["call", "row"]),
)
def test_any_reads_of_any_rows(rule, calls, width, counter):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(6, width))
    W = sg.shared(start, name="W")
    n_reads = max(map(len, calls))
    inputs = [pt.lvector() for _ in range(n_reads)]
    weights = [pt.dmatrix() for _ in range(n_reads)]
    cost = sum((W[i] * w).sum() for i, w in zip(inputs, weights, strict=True))
    updates = sg.RULES[rule](cost, W, counter=counter, **rates(rule))
    f = compile_on("unoptimised", [*inputs, *weights], updates=updates)
    done = []
    for call in calls:
        indices = [np.array(i, "int64") for i in [*call, *[[]] * (n_reads - len(call))]]
        gradients = [rng.normal(size=(len(i), width)) for i in indices]
        f(*indices, *gradients)
        done.append(list(zip(indices, gradients, strict=True)))
    expected, _ = oracles.run(rule, start, done, counter=counter, **rates(rule))
    np.testing.assert_allclose(W.get_value(), expected, rtol=1e-9, atol=1e-11)
