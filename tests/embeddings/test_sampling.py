"""Noise words and sub-sampling, in graphs and in NumPy."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import embeddings
from symgrad.errors import HyperparameterError


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
@pytest.mark.parametrize("power", [0, 0.75, 1])
def test_the_alias_table_holds_the_distribution(n, power):
    counts = np.random.default_rng(n).zipf(1.3, n).astype("float64")
    counts[1::5] = 0
    noise = embeddings.NoiseSampler(counts, power)
    threshold, alias = noise.threshold.get_value(), noise.alias.get_value()
    share = threshold.copy()
    np.add.at(share, alias, 1 - threshold)
    expected = np.where(counts > 0, np.maximum(counts, 1) ** power, 0)
    np.testing.assert_allclose(share / n, expected / expected.sum(), atol=1e-13)
    assert not np.any(share[counts == 0])


def test_noise_is_the_same_in_graph_and_in_numpy(backend):
    noise = embeddings.NoiseSampler([5, 1, 0, 30, 2])
    uniform = np.random.default_rng(0).random((2000, 3))
    uniform[0] = [0, np.nextafter(1, 0), 0.2]
    expected = noise.draw(uniform)
    variable = pt.dmatrix("uniform")
    f = sg.function([variable], noise.draw(variable), backend=backend)
    drawn = f(uniform)
    assert drawn.dtype == expected.dtype == "int64"
    np.testing.assert_array_equal(drawn, expected)
    weights = np.array([5, 1, 0, 30, 2]) ** 0.75
    counted = np.bincount(expected.ravel(), minlength=5)
    np.testing.assert_allclose(counted / 6000, weights / weights.sum(), atol=0.02)
    assert counted[2] == 0


def test_negatives_that_are_the_positive_are_drawn_again(backend):
    noise = embeddings.NoiseSampler([50, 30, 20, 0, 1])
    rng = np.random.default_rng(3)
    positive, numbers = rng.integers(0, 5, (400, 1)), rng.random((4, 400, 6))
    drawn = np.stack([noise.draw(uniform) for uniform in numbers])
    # The first draw that is not the positive, or the last of all.
    chosen = np.where((drawn != positive).any(axis=0), (drawn != positive).argmax(axis=0), 3)
    expected = np.take_along_axis(drawn, chosen[None], axis=0)[0]
    first, *again = numbers
    assert np.array_equal(noise.draw(first, positive, again), expected)
    assert (noise.draw(first) == positive).sum() > 10 * (expected == positive).sum()
    words, more = pt.lvector("words"), [pt.dmatrix(f"u{k}") for k in range(4)]
    out = noise.draw(more[0], words[:, None], more[1:])
    f = sg.function([words, *more], out, backend=backend)
    assert np.array_equal(f(positive[:, 0], *numbers), expected)


def test_a_second_draw_keeps_the_other_words_in_proportion():
    noise = embeddings.NoiseSampler([4, 2, 1, 1], power=1)
    first, *again = np.random.default_rng(4).random((30, 40_000))
    share = np.bincount(noise.draw(first, 0, again), minlength=4) / 40_000
    np.testing.assert_allclose(share, [0, 0.5, 0.25, 0.25], atol=0.01)


def test_sub_sampling_probabilities():
    counts = np.array([1000, 10, 1])
    share = counts / counts.sum()
    expected = np.minimum(1, np.sqrt(1e-2 / share) + 1e-2 / share)
    np.testing.assert_allclose(embeddings.keep_probability(counts, 1e-2), expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda: embeddings.keep_probability([1, 0]),
        lambda: embeddings.keep_probability([1, 2], sample=0),
        lambda: embeddings.NoiseSampler([[1.0]]),
        lambda: embeddings.NoiseSampler([-1.0, 2.0]),
        lambda: embeddings.NoiseSampler([0, 0]),
        lambda: embeddings.NoiseSampler([]),
        lambda: embeddings.NoiseSampler([1.0, np.nan]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2, "float32")),
        lambda: embeddings.NoiseSampler([1]).draw(pt.fvector()),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), positive=0),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), again=[np.zeros(2)]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), 0, [np.zeros(2, "float32")]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), 0, [np.zeros(1)]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros(2), [0, 0, 0], [np.zeros(2)]),
        lambda: embeddings.NoiseSampler([1]).draw(np.zeros((2, 2)), [0, 0], [np.zeros((2, 2))]),
        lambda: embeddings.NoiseSampler([1]).draw(pt.dmatrix(), pt.lvector(), [pt.dmatrix()]),
    ],
)
def test_sampling_refuses(call):
    with pytest.raises(HyperparameterError):
        call()
