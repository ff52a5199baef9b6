"""Which entries a cost depends on by structure: against perturbing each of them."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad as sg
from symgrad import errors
from tests.conftest import compile_on

X = pt.dmatrix("x")
KEEP = pt.matrix("keep", dtype="bool")
V = np.random.default_rng(7).normal(size=(4, 4))
APART = np.linspace(0.5, 2.0, 4)


def changed(f, x, keep, h=1e-5):
    """Entries of x that move the cost when they move."""
    result = np.zeros(x.shape, bool)
    for at in np.ndindex(x.shape):
        costs = []
        for sign in (1, -1):
            moved = x.copy()
            moved[at] += sign * h
            costs.append(f(moved, keep))
        result[at] = abs(costs[0] - costs[1]) > 1e-11
    return result


LAYERS = {
    "tanh": lambda z: pt.tanh(z),
    "relu": lambda z: pt.maximum(z, 0),
    "leaky": lambda z: pt.switch(z > 0, z, 0.1 * z),
    "masked": lambda z: z * KEEP,
    "masked by a cast": lambda z: z * pt.cast(KEEP, "float64") / 0.5,
    "switched": lambda z: pt.switch(KEEP, z, 1.5),
    "dot": lambda z: pt.dot(z, V),
    "matmul": lambda z: pt.matmul(V, z),
    "lookup": lambda z: z[[0, 2, 2, 3]],
    "columns": lambda z: z[:, [1, 2, 1, 0]],
    "slice": lambda z: pt.concatenate([z[1:3], z[:2]]),
    "set": lambda z: pt.set_subtensor(z[1], z[0]),
    "inc": lambda z: pt.inc_subtensor(z[1:3], z[0:2]),
    "max of rows": lambda z: z.max(axis=1, keepdims=True) + 0 * pt.ones((4, 4)),
    "min of columns": lambda z: pt.tile(z.min(axis=0), (4, 1)),
    "mean": lambda z: z.mean(axis=0, keepdims=True) * pt.ones((4, 4)),
    "transpose": lambda z: z.T,
    "reshape": lambda z: z.reshape((2, 8)).reshape((4, 4)),
    # Without the factors, softmax is constant where all entries of a row are equal.
    "softmax": lambda z: pt.special.softmax(z * APART, axis=1) * V,
    "clip": lambda z: pt.clip(z, -1.0, 1.0),
    "pair": lambda z: pt.maximum(z, z.T[::-1]) + pt.minimum(z, 0.3),
    "cumsum": lambda z: pt.cumsum(z, axis=0),
    "pooling": lambda z: z.reshape((2, 2, 4)).max(axis=1)[[0, 1, 0, 1]],
}
# What may say more than is true: Ops of which nothing is known.
COARSE = {"cumsum"}


@settings(max_examples=80, deadline=None)
@given(
    names=st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4),
    seed=st.integers(0, 10**6),
)
def test_random_graphs(names, seed):
    rng = np.random.default_rng(seed)
    z = X
    for name in names:
        z = LAYERS[name](z)
    cost = (z * rng.normal(size=(4, 4)) + 0.3 * pt.sin(z)).sum()
    mode = "FAST_COMPILE"
    f = pytensor.function([X, KEEP], cost, mode=mode, on_unused_input="ignore")
    g = pytensor.function([X, KEEP], sg.connected(cost, X), mode=mode, on_unused_input="ignore")
    x, keep = rng.normal(size=(4, 4)), rng.random((4, 4)) < 0.6
    moved, mask = changed(f, x, keep), g(x, keep)
    assert mask.dtype == bool
    assert mask.shape == x.shape
    assert not (moved & ~mask).any(), "an entry that moves the cost was overlooked"
    if not COARSE & set(names):
        slope = np.abs(moved.astype(int) - mask.astype(int))
        assert slope.sum() == 0, "an entry that cannot move the cost was called connected"


def test_a_gradient_of_zero_is_connected():
    x = pt.dvector("x")
    mask = sg.connected((x**2).sum(), x)
    assert mask.eval({x: [0.0, 1.0]}).all()
    product = sg.connected((x * x[::-1]).sum(), x)
    assert product.eval({x: [0.0, 0.0]}).all()


def test_masks_of_floats_have_to_be_named():
    x, m = pt.dvector("x"), pt.dvector("m")
    cost, values = (x * m).sum(), {x: [1.0, 2.0], m: [0.0, 1.0]}
    assert sg.connected(cost, x).eval(values).all()
    assert sg.connected(cost, x, masks=[m]).eval(values).tolist() == [False, True]


def test_constants_of_zeros_and_ones_are_masks():
    x = pt.dvector("x")
    assert sg.connected((x * np.array([1.0, 0.0])).sum(), x).eval({x: [1, 1]}).tolist() == [1, 0]
    assert sg.connected((x * np.array([0.5, 0.0])).sum(), x).eval({x: [1, 1]}).tolist() == [1, 1]


def test_several_and_none():
    x, y = pt.dvector("x"), pt.dvector("y")
    assert len(sg.connected((x * y).sum(), [x, y])) == 2
    with pytest.raises(errors.DisconnectedError, match="does not depend on y"):
        sg.connected(x.sum(), y)


def test_on_every_backend(backend):
    W, i = sg.shared(np.arange(12.0).reshape(6, 2), name="W"), pt.lvector("i")
    rows = W[i]
    f = sg.function([i], sg.connected(rows.max(axis=0).sum(), rows), backend=backend)
    assert f([0, 5, 2]).tolist() == [[False, False], [True, True], [False, False]]


class TestAccumulatorsSurvive:
    """The three cases in which a zero update is not an unused weight."""

    def ages(self, build, table, calls, mask, **options):
        """The accumulator of RMSprop after calls, on the given cost."""
        W = sg.shared(table, name="W")
        inputs, cost = build(W)
        updates = sg.rmsprop(cost, W, learning_rate=1e-3, mask=mask, **options)
        f = compile_on("unoptimised", inputs, updates=updates)
        for call in calls:
            f(*call)
        return updates.slots["accumulator/W"].get_value()

    def test_embedding(self):
        def build(W):
            i = pt.lvector("i")
            return [i], (W[i] ** 2).sum()

        calls = [([0],)] + 30 * [([1],)]
        table = np.ones((3, 1))
        kept = self.ages(build, table, calls, "connected")
        ruined = self.ages(build, table, calls, None, unused="decay")
        assert kept[0] > 0.3
        assert ruined[0] < 0.02

    def test_masked_output(self):
        def build(W):
            keep = pt.vector("keep", dtype="bool")
            return [keep], ((W.sum(axis=0) * keep) ** 2).sum()

        calls = [(np.array([True, True]),)] + 30 * [(np.array([False, True]),)]
        table = np.ones((3, 2))
        kept = self.ages(build, table, calls, "connected")
        ruined = self.ages(build, table, calls, None)
        assert (kept[:, 0] > 0.3).all()
        assert (ruined[:, 0] < 0.2 * kept[:, 0]).all()

    def test_max_pooling(self):
        def build(W):
            x = pt.dvector("x")
            return [x], (W * x).reshape((2, 2)).max(axis=1).sum()

        first, other = np.array([5.0, 1, 1, 1]), np.array([1.0, 5, 1, 1])
        calls = [(first,)] + 30 * [(other,)]
        table = np.ones(4)
        kept = self.ages(build, table, calls, "connected")
        ruined = self.ages(build, table, calls, None)
        assert kept[0] == pytest.approx(2.5)
        assert ruined[0] < 0.2

    def test_with_rows_of_a_table(self, backend):
        """A masked word of a sentence: its row stays, the slots of the others move."""
        W = sg.shared(np.ones((4, 2)), name="W")
        i, keep = pt.lvector("i"), pt.vector("keep", dtype="bool")
        cost = ((W[i] * keep[:, None]) ** 2).sum()
        updates = sg.adam(cost, W, mask="connected", learning_rate=0.1)
        f = sg.function([i, keep], updates=updates, backend=backend)
        f([0, 1, 3], [True, False, True])
        assert (W.get_value() != 1).any(axis=1).tolist() == [True, False, False, True]
        assert updates.slots["v/W"].get_value()[1].tolist() == [0, 0]

    def test_mistakes(self):
        W = sg.shared(np.ones((4, 2)), name="W")
        with pytest.raises(errors.HyperparameterError, match="the word 'connected'"):
            sg.sgd(W.sum(), W, 0.1, mask="konnected")
        with pytest.raises(errors.HyperparameterError, match="given with gradients"):
            sg.sgd([W], W, 0.1, mask="connected")
