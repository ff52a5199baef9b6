"""Lengths that JAX knows while it traces: scans, ranges, slices and shapes made of lengths."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.backends.xla.lengths import KnownInTrace

x, y = pt.matrix("x"), pt.vector("y")
values = np.arange(12.0).reshape(4, 3), np.array([1.0, 5.0, -2.0, 0.5, 3.0])


def shifted(x, y):
    return pt.arange(x.shape[0] * 2 - 1), lambda a, b: np.arange(2 * len(a) - 1)


def shortest(x, y):
    n = pt.minimum(x.shape[0], y.shape[0]) - 1
    return x[:n] * y[:n, None], lambda a, b: a[:3] * b[:3, None]


def reshaped(x, y):
    return x.reshape((x.shape[1], -1, 2)), lambda a, b: a.reshape(3, 2, 2)


def allocated(x, y):
    return pt.zeros((x.shape[0] + y.shape[0], 2)), lambda a, b: np.zeros((9, 2))


def halves(x, y):
    return x[(-x.shape[0]) // 3 :], lambda a, b: a[(-4) // 3 :]


def picked(x, y):
    return x[pt.arange(x.shape[0]), pt.arange(x.shape[0]) % 3], lambda a, b: a[
        range(4), [0, 1, 2, 0]
    ]


def last_state(x, y):
    states = pytensor.scan(lambda row, h: h + row, x[1:], x[0], return_updates=False)
    return states[-1], lambda a, b: a.sum(axis=0)


def gradient_of_scan(x, y):
    states = pytensor.scan(lambda row, h: h * row, x, pt.ones(3), return_updates=False)
    return pytensor.grad(states[-1].sum(), x), lambda a, b: np.array(
        [np.delete(a, k, 0).prod(0) for k in range(4)]
    )


def step_of_a_shape(x, y):
    """The step is given a length, and the shape made of it: neither may become an unknown."""
    n = x.shape[0]
    states = pytensor.scan(
        lambda v, n, shape: pt.zeros((n, 2)).sum(1) + x.reshape(shape).sum(0)[:n] * v,
        y,
        non_sequences=[n, pt.stack([x.shape[1], n])],
        return_updates=False,
    )
    return states, lambda a, b: b[:, None] * a.reshape(3, 4).sum(0)


def gradient_of_going_backwards(x, y):
    """XLA would end the process."""
    states = pytensor.scan(
        lambda row, h: pt.tanh(row / 9 + h), x, pt.zeros(3), go_backwards=True, return_updates=False
    )
    return pytensor.grad(states[::-1][0].sum(), x), lambda a, b: chained(a)


def chained(a):
    states = [np.zeros(3)]
    for row in a[::-1]:
        states.append(np.tanh(row / 9 + states[-1]))
    slopes = 1 - np.array(states[1:]) ** 2
    return np.cumprod(slopes[::-1], axis=0) / 9


def gradients_of_slices(x, y):
    n = x.shape[0]
    cost = (x[1 : n - 1] ** 2).sum() + (y[-n:] ** 2).sum() + (x[:, :9] * 2.0).sum()
    gradients = pytensor.grad(cost, [x, y])
    return pt.join(0, gradients[0].ravel(), gradients[1]), lambda a, b: np.concatenate(
        [(2 + 2 * a * [[0], [1], [1], [0]]).ravel(), 2 * b * [0, 1, 1, 1, 1]]
    )


def gradient_of_a_join(x, y):
    joined = pt.join(0, x[:, 0], y, x[0])
    return pytensor.grad((joined * pt.arange(joined.shape[0])).sum(), y), lambda a, b: np.arange(
        4.0, 9.0
    )


@pytest.mark.parametrize(
    "build",
    [
        step_of_a_shape,
        gradient_of_going_backwards,
        gradients_of_slices,
        gradient_of_a_join,
        shifted,
        shortest,
        reshaped,
        allocated,
        halves,
        picked,
        last_state,
        gradient_of_scan,
    ],
)
def test_is_what_numpy_computes(build, backend):
    output, expected = build(x, y)
    f = sg.function([x, y], output, backend=backend, on_unused_input="ignore")
    np.testing.assert_allclose(f(*values), expected(*values))


def test_what_is_traced_once_serves_one_length(backend):
    f = sg.function([x], pt.arange(x.shape[0] + 1) * x.sum(), backend=backend)
    for n in (1, 3, 0, 3):
        assert f(np.ones((n, 2))).tolist() == [2.0 * n * k for k in range(n + 1)]


def test_arithmetic_on_values_is_left_to_jax():
    k = pt.lscalar("k")
    f = sg.function([x, k], x * (k + 1) + x.shape[0], backend="jax")
    ops = [node.op for node in f.compiled.maker.fgraph.apply_nodes]
    assert not any(isinstance(op, KnownInTrace) for op in ops)


def test_outside_of_jax():
    n = pt.lscalar("n")
    doubled = KnownInTrace((n * 2).owner.op)(n, pt.constant(2))
    assert doubled.eval({n: 21}, mode="FAST_COMPILE") == 42
    both = KnownInTrace(pt.stack([n, doubled]).owner.op)(n, doubled)
    assert both.shape.eval({n: 1}).tolist() == [2]
    assert both.eval({n: 21}, mode="FAST_COMPILE").tolist() == [21, 42]


k = pt.lscalar("k")


def test_minibatches_by_number(backend):
    W = sg.shared(np.arange(12.0).reshape(6, 2), name="W")
    rows = W[k * 3 : (k + 1) * 3]
    total = (rows * pt.arange(rows.shape[0])[:, None]).sum()
    f = sg.function([k], total, updates=[(W, pt.inc_subtensor(rows, 1.0))], backend=backend)
    assert f(0) == 2 + 3 + 2 * (4 + 5)
    assert f(1) == 8 + 9 + 2 * (10 + 11)
    assert W.get_value().tolist() == (np.arange(12.0).reshape(6, 2) + 1).tolist()
    if backend == "jax":  # the others read what is there
        with pytest.raises(IndexError):
            f(2)
        assert W.get_value().tolist() == (np.arange(12.0).reshape(6, 2) + 1).tolist()
