"""Positional encodings and winner-take-all against NumPy."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import embeddings
from symgrad.errors import HyperparameterError


def test_winner_take_all(backend):
    values = np.random.default_rng(6).normal(size=(5, 12))
    values[0, :3] = -1.0  # three winners
    h = pt.dmatrix("h")
    out = embeddings.winner_take_all(h, 4)
    weights = np.arange(60.0).reshape(5, 12)
    gradient = sg.grad(pt.sum(out * weights), h)
    f = sg.function([h], [out, gradient], backend=backend)
    grouped = values.reshape(5, 4, 3)
    wins = (grouped == grouped.max(-1, keepdims=True)).reshape(5, 12)
    computed, gradient = f(values)
    np.testing.assert_array_equal(computed, values * wins)
    np.testing.assert_array_equal(gradient, weights * wins)


def test_winner_take_all_of_vectors_and_tensors():
    values = np.random.default_rng(7).normal(size=(2, 3, 4)).astype("float32")
    out = embeddings.winner_take_all(values, 2)
    assert out.type.dtype == "float32"
    single = [embeddings.winner_take_all(v, 2).eval() for v in values.reshape(-1, 4)]
    np.testing.assert_array_equal(out.eval(), np.reshape(single, (2, 3, 4)))
    assert np.isnan(embeddings.winner_take_all(np.array([np.nan, 1.0]), 1).eval()[0])


def test_positional_encodings():
    word = embeddings.positional_encoding(7, 5, dtype="float64")
    character = embeddings.positional_encoding(7, 5, "character", "float64")
    for position in range(7):
        for i in range(5):
            angle = position / 10000 ** ((i - i % 2) / 5)
            expected = np.sin(angle) if i % 2 == 0 else np.cos(angle)
            np.testing.assert_allclose(word[position, i], expected)
            angle = position / (i + 1)
            expected = np.cos(angle) if position % 2 == 0 else np.sin(angle)
            np.testing.assert_allclose(character[position, i], expected)
    assert embeddings.positional_encoding(0, 2).shape == (0, 2)


def test_texts_encoded_by_characters_train_on_every_backend(backend):
    start = np.random.default_rng(8).normal(size=(6, 3))
    E, ids = sg.shared(start, name="E"), pt.lmatrix("ids")
    encoding = embeddings.positional_encoding(4, 3, "character", "float64")
    text = pt.sum(encoding * E[ids], axis=1)
    updates = sg.sgd(text.sum(), E, learning_rate=1.0)
    f = sg.function([ids], text, updates=updates, backend=backend)
    data = np.array([[0, 1, 2, 1], [3, 3, 0, 0]])
    np.testing.assert_allclose(f(data), (encoding * start[data]).sum(1))
    np.add.at(start, data, -np.broadcast_to(encoding, (2, 4, 3)))
    np.testing.assert_allclose(E.get_value(), start)


@pytest.mark.parametrize(
    "call",
    [
        lambda: embeddings.positional_encoding(-1, 2),
        lambda: embeddings.positional_encoding(2, 0),
        lambda: embeddings.positional_encoding(2.5, 2),
        lambda: embeddings.positional_encoding(2, 2, "sentence"),
        lambda: embeddings.winner_take_all(pt.dmatrix(), 0),
        lambda: embeddings.winner_take_all(pt.dmatrix(), pt.lscalar()),
        lambda: embeddings.winner_take_all(pt.dscalar(), 1),
        lambda: embeddings.winner_take_all(np.zeros((2, 5)), 2),
    ],
)
def test_encodings_refuse(call):
    with pytest.raises(HyperparameterError):
        call()
