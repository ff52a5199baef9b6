"""The oracles against the libraries that their laws come from, and against one another."""

import json
from pathlib import Path

import numpy as np
import pytest

from . import oracles

GOLDENS = json.loads(Path(__file__).with_name("goldens.json").read_text())
PROBLEMS = {problem["name"]: problem for problem in GOLDENS["problems"]}
NEEDED = {"learning_rate": 0.1}
WITHOUT_DEFAULT_RATE = {"sgd", "proximal_sgd", "momentum", "nesterov_momentum"}


def label(golden):
    hyper = ",".join(f"{name}={value}" for name, value in golden.get("hyper", {}).items())
    name = golden.get("rule") or golden["function"]
    return f"{golden['library']}-{name}-{hyper or 'defaults'}"


def assert_same(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=0)


def hyper_of(name):
    return NEEDED if name in WITHOUT_DEFAULT_RATE else {}


def random_calls(shape, seed=0):
    """Calls of two reads each: some rows twice, some by a negative index, some not at all."""
    random = np.random.RandomState(seed)
    for _ in range(5):
        index = random.randint(-shape[0], shape[0], 3)
        yield [(index, random.randn(3, *shape[1:])), (1, random.randn(*shape[1:]))]


@pytest.mark.parametrize("golden", GOLDENS["dense"], ids=label)
def test_dense_golden(golden):
    problem = PROBLEMS[golden["problem"]]
    for step, expected in golden["values"].items():
        gradients = problem["gradients"][: int(step)]
        got, _ = oracles.dense_run(golden["rule"], problem["start"], gradients, **golden["hyper"])
        assert_same(got, expected)


@pytest.mark.parametrize("golden", GOLDENS["subset"], ids=label)
def test_subset_golden(golden):
    calls = [[(call["index"], call["gradients"])] for call in golden["calls"]]
    for count, expected in enumerate(golden["tables"], 1):
        start, hyper = golden["start"], golden["hyper"]
        got, _ = oracles.run(golden["rule"], start, calls[:count], **hyper)
        assert_same(got, expected)


@pytest.mark.parametrize("golden", GOLDENS["norms"], ids=label)
def test_norm_golden(golden):
    tensors = [np.array(tensor) for tensor in golden["tensors"]]
    function, bound = getattr(oracles, golden["function"]), golden["max_norm"]
    if "axes" in golden:
        results = [function(tensor, bound, tuple(golden["axes"])) for tensor in tensors]
    else:
        results = function(tensors, bound)
    for got, expected in zip(results, golden["values"], strict=True):
        assert_same(got, expected)


@pytest.mark.parametrize("counter", ["call", "row"])
@pytest.mark.parametrize("name", oracles.RULES)
def test_reading_everything_is_the_dense_rule(name, counter):
    problem = PROBLEMS["normal"]
    calls = [[(slice(None), gradient)] for gradient in problem["gradients"]]
    start, hyper = problem["start"], hyper_of(name)
    table, slots = oracles.run(name, start, calls, counter=counter, **hyper)
    dense_table, dense_slots = oracles.dense_run(name, start, problem["gradients"], **hyper)
    assert_same(table, dense_table)
    assert slots.keys() == dense_slots.keys()
    for slot, value in slots.items():
        assert_same(value, dense_slots[slot])


@pytest.mark.parametrize("name", oracles.RULES)
def test_a_row_that_counts_its_visits_lives_alone(name):
    start = np.random.RandomState(1).randn(4, 2)
    calls, hyper = list(random_calls(start.shape)), hyper_of(name)
    table, _ = oracles.run(name, start, calls, counter="row", **hyper)
    for row in range(4):
        seen = [oracles.scatter(start, reads) for reads in calls]
        gradients = [gradient[row : row + 1] for gradient, touched in seen if touched[row].any()]
        alone, _ = oracles.dense_run(name, start[row : row + 1], gradients, **hyper)
        assert_same(table[row : row + 1], alone)


@pytest.mark.parametrize("name", oracles.RULES)
def test_an_entry_that_counts_its_visits_lives_alone(name):
    if name == "rowwise_adagrad":
        pytest.skip("the entries of a row share their slot")
    start = np.random.RandomState(1).randn(3, 2)
    pairs = [([0, 0, 2], [0, 0, 1]), ([0, 2], [1, 1]), ([2, -1], [0, 1])]
    random = np.random.RandomState(2)
    calls = [[(pair, random.randn(len(pair[0])))] for pair in pairs]
    hyper = hyper_of(name)
    table, _ = oracles.run(name, start, calls, counter="row", per="entry", **hyper)
    for entry in np.ndindex(3, 2):
        seen = [oracles.scatter(start, reads) for reads in calls]
        gradients = [gradient[entry] for gradient, touched in seen if touched[entry]]
        alone, _ = oracles.dense_run(name, start[entry], gradients, **hyper)
        assert_same(table[entry], alone)


@pytest.mark.parametrize("counter", ["call", "row"])
@pytest.mark.parametrize("name", oracles.RULES)
def test_spellings_of_the_same_entries_agree(name, counter):
    start = np.random.RandomState(1).randn(4, 2, 3)
    gradient = np.random.RandomState(2).randn(2, 2, 3)
    half, zero = gradient / 2, np.zeros_like(start)
    picked = np.array([False, True, False, True])
    spellings = [
        [([1, 3], gradient)],
        [([-1, 1], gradient[::-1])],
        [(slice(1, None, 2), gradient)],
        [(picked, gradient)],
        [(1, gradient[0]), (-1, gradient[1])],
        [([1, 3, 3, 1], np.concatenate([half, half[::-1]]))],
        [
            ((slice(1, None, 2), slice(None), 0), gradient[..., 0]),
            ((np.array([1, 3]), slice(None), slice(1, None)), gradient[..., 1:]),
        ],
        [(np.broadcast_to(picked[:, None, None], start.shape), gradient.ravel())],
    ]
    hyper, first = hyper_of(name), [(0, zero[0])]
    expected, _ = oracles.run(name, start, [first, spellings[0]], counter=counter, **hyper)
    for reads in spellings:
        table, _ = oracles.run(name, start, [first, reads], counter=counter, **hyper)
        assert_same(table, expected)


def test_a_visit_to_one_entry_is_a_visit_of_its_row():
    start = np.ones((2, 2))
    calls = [[((0, column), 1.0)] for column in (0, 1)]
    for per, visits in (("row", 2), ("entry", 1)):
        table, _ = oracles.run("adam", start, calls, counter="row", per=per)
        adam = oracles.RULES["adam"]
        expected, _ = adam.step(start, np.ones_like(start), adam.start(start), visits)
        assert_same(table[0, 1], expected[0, 1])


def test_the_clock_of_nadam_follows_its_counter():
    start, gradient = np.ones((3, 2)), np.ones((1, 2))
    calls = [[([row], gradient)] for row in (0, 1, 0)]
    _, dense = oracles.dense_run("nadam", start, np.ones((3, 3, 2)))
    _, once = oracles.dense_run("nadam", start, np.ones((1, 3, 2)))
    _, twice = oracles.dense_run("nadam", start, np.ones((2, 3, 2)))
    _, calling = oracles.run("nadam", start, calls)
    assert_same(calling["clock"], dense["clock"])
    _, visiting = oracles.run("nadam", start, calls, counter="row")
    assert_same(visiting["clock"][0], twice["clock"][0])
    assert_same(visiting["clock"][1], once["clock"][0])
    assert_same(visiting["clock"][2], 1)


@pytest.mark.parametrize("counter", ["call", "row"])
@pytest.mark.parametrize("name", oracles.RULES)
def test_masked_entries_stay(name, counter):
    start = np.random.RandomState(1).randn(4, 2)
    mask = np.arange(8).reshape(4, 2) % 3 > 0
    calls, hyper = list(random_calls(start.shape)), hyper_of(name)
    free, _ = oracles.run(name, start, calls, counter=counter, **hyper)
    masked, _ = oracles.run(name, start, calls, counter=counter, mask=mask, **hyper)
    np.testing.assert_array_equal(masked, np.where(mask, free, start))


@pytest.mark.parametrize("name", oracles.RULES)
def test_float32_stays_float32(name):
    start = np.random.RandomState(1).randn(4, 2)
    calls, hyper = list(random_calls(start.shape)), hyper_of(name)
    exact, _ = oracles.run(name, start, calls, counter="row", **hyper)
    table, slots = oracles.run(name, start.astype("float32"), calls, counter="row", **hyper)
    dtypes = {value.dtype for slot, value in slots.items() if slot != "clock"}
    assert table.dtype == np.float32
    assert dtypes <= {np.dtype("float32")}
    np.testing.assert_allclose(table, exact, rtol=1e-4, atol=1e-5)
