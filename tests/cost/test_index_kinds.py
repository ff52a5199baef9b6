"""Every kind of index, on every backend, by every rule, against the slow NumPy oracles."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from tests.conftest import compile_on
from tests.kinds import KINDS, VARIETIES
from tests.reference import oracles

# Every kind meets every rule unoptimised; a backend compiles one rule for each kind, the rules
# taken in turn. All rules on all backends are in test_rules.
RULES = list(sg.RULES)


def rates(rule):
    """A learning rate for the rules that have no default."""
    penalties = {"l1": 0.02, "l2": 0.1} if rule == "proximal_sgd" else {}
    defaults = oracles.RULES[rule].defaults
    return ({} if "learning_rate" in defaults else {"learning_rate": 0.1}) | penalties


def tolerance(dtype):
    return {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 3e-4, "atol": 1e-5}


def run(kind, rule, backend, dtype="float64", as_subset=False, **options):
    """Two calls of each variety, and a comparison of table and slots with the oracle."""
    rng = np.random.default_rng(len(rule) + len(kind.shape))
    start = rng.normal(size=kind.shape).astype(dtype)
    W = sg.shared(start, name="W")
    inputs = kind.inputs()
    subset = kind.read(W, *inputs)
    weights = pt.tensor("weights", dtype=dtype, shape=subset.type.shape)
    cost = (subset * weights).sum()
    updates = sg.RULES[rule](cost, subset if as_subset else W, **rates(rule), **options)
    f = compile_on(backend, [*inputs, weights], cost, updates=updates)
    calls = []
    for variety in VARIETIES * 2:
        values = kind.draw(rng, variety)
        if values is None:
            continue
        index = kind.index(*values)
        gradient = rng.normal(size=start[index].shape).astype(dtype)
        f(*values, gradient)
        calls.append([(index, gradient)])
    options.pop("write", None)
    expected, slots = oracles.run(rule, start, calls, **rates(rule), **options)
    np.testing.assert_allclose(W.get_value(), expected, **tolerance(dtype))
    assert W.get_value().dtype == dtype
    for name, slot in updates.slots.items():
        if name.endswith("/W") and name[:-2] in slots and slots[name[:-2]].shape == slot.shape:
            np.testing.assert_allclose(slot.get_value(), slots[name[:-2]], **tolerance(dtype))
            assert slot.get_value().dtype == dtype


def fits(rule, kind):
    """The oracle's rows are rows of axis 0: a rule with numbers per row is compared on those."""
    return rule != "rowwise_adagrad" or kind.rows


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_on_every_kind(kind, rule):
    if fits(rule, KINDS[kind]):
        run(KINDS[kind], rule, "unoptimised", as_subset=True)


@pytest.mark.parametrize(("position", "kind"), list(enumerate(KINDS)))
def test_every_kind_on_every_backend(position, kind, backend):
    number = 5 * position + ("c", "numba", "jax").index(backend)
    rule = RULES[number % len(RULES)]
    if not fits(rule, KINDS[kind]):
        rule = "adagrad"
    write = ("inc", "set")[number % 2]
    dtype = ("float64", "float32")[number // 2 % 2]
    # Given the table, the rows of W[index] are used, of which a part has no gradient.
    options = {"write": write, "as_subset": kind == "nested"}
    if backend == "jax" and not KINDS[kind].jax:
        with pytest.raises(sg.errors.BackendError, match="use backend='c' or 'numba'"):
            run(KINDS[kind], rule, backend, dtype, **options)
    else:
        run(KINDS[kind], rule, backend, dtype, **options)
