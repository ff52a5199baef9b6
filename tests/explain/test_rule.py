"""The story of a rule, which comes from the graph of its updates."""

from functools import partial

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.explain import explain
from tests.explain.costs import explained, lookup

RULES = {
    "sgd": partial(sg.sgd, learning_rate=0.1),
    "momentum": partial(sg.momentum, learning_rate=0.1),
    "adam": sg.adam,
    "rmsprop": sg.rmsprop,
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_with_its_numbers(name):
    W, index, subset, cost = lookup()
    before = W.get_value()
    e = explained(cost, subset, rule=RULES[name], values={"index": [3, 1, 3]})
    (story,) = e.rules
    np.testing.assert_array_equal(W.get_value(), before)
    updates = RULES[name](cost, [subset])
    sg.function([index], updates=updates)([3, 1, 3])
    assert story.rule == name
    assert story.row == 3
    for line in story.lines:
        shared = W if line.target == "step" else next(
            slot for key, slot in updates.slots.items() if key.split("/")[0] == line.target
        )  # fmt: skip
        after = shared.get_value()
        np.testing.assert_allclose(line.after, after[story.row] if after.ndim else after)
    step = story.lines[0].numbers.plain().replace("^", "**").replace("·", "*").replace("²", "**2")
    moved = eval(step, {"sqrt": np.sqrt})
    # A repeated row takes one step of plain descent for each of its reads.
    times = 2 if name == "sgd" else 1
    assert story.lines[0].after[0] - story.lines[0].before[0] == pytest.approx(times * moved)


def test_a_rule_without_rows_has_no_numbers():
    _, _, subset, cost = lookup()
    e = explained(cost, subset, rule=sg.adam, values={"index": []})
    assert e.rules[0].row is None
    assert {line.numbers for line in e.rules[0].lines} == {None}
    assert e.text()


def test_slots_are_those_of_the_table_whatever_its_name():
    index = pt.lvector("index")
    tables = [sg.shared(np.ones((3, 2)), name=name) for name in ("W", "W", "a/W", None)]
    subsets = [table[index] for table in tables]
    cost = sum((k * subset**2).sum() for k, subset in enumerate(subsets, 1))
    e = explain(cost, subsets, rule=sg.adam, values={"index": [1]}, backend=None)
    assert len(e.rules) == len(tables)
    for k, story in enumerate(e.rules, 1):
        lines = {line.target: line for line in story.lines}
        assert list(lines) == ["step", "t", "m", "v"]
        np.testing.assert_allclose(lines["m"].after, 2 * [0.1 * 2 * k])


def signed(cost, params):
    """A rule of a user's own, made of one of symgrad's."""
    return sg.momentum(pt.sqrt(cost), params, learning_rate=0.1)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (signed, "signed"),
        (partial(signed), "signed"),
        (lambda cost, params: signed(cost, params), "rule"),
    ],
)
def test_any_function_that_returns_updates_is_a_rule(rule, name):
    _, _, subset, cost = lookup()
    (story,) = explained(cost, subset, rule=rule).rules
    assert story.rule == name
    assert [line.target for line in story.lines] == ["step", "velocity"]
    assert story.lines[0].formula.plain() == "0.9·velocity - 0.1·g"


def test_updates_are_a_rule():
    _, _, subset, cost = lookup()
    (story,) = explained(cost, subset, rule=signed(cost, [subset])).rules
    assert story.rule == "updates"


def test_what_only_the_catch_up_keeps_is_left_out():
    W, _, _, cost = lookup()
    rule = partial(sg.sgd, learning_rate=0.1, unused="exact")
    (story,) = explained(cost, W, rule=rule).rules
    assert [line.target for line in story.lines] == ["step"]
    (story,) = explained(cost, W, rule=partial(sg.adam, unused="exact")).rules
    targets = [line.target for line in story.lines]
    assert targets[:4] == ["step", "t", "m", "v"]
    assert "history" not in targets
