"""Which variables a state stands for, and the names that they need."""

import os

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.errors import CheckpointError
from symgrad.training.checkpoint import save
from tests.training.checkpoint.conftest import some


def test_one_state_makes_one_file(path):
    save(path, some())
    first = path.read_bytes()
    save(path, some())
    assert path.read_bytes() == first


def names_in(path, *states, notes=None):
    save(path, *states, notes=notes)
    with np.load(path) as arrays:
        return {name for name in arrays.files if name != "symgrad.json"}


def test_what_stands_for_what(tmp_path):
    path, index = tmp_path / "run.npz", pt.lvector("index")
    W, rate = sg.shared(np.ones((4, 2)), name="W"), sg.shared(0.1, name="rate")
    updates = sg.adam(W[index].sum(), W, learning_rate=rate)
    f = sg.function([index], W[index] * rate, updates=updates)
    plain = pytensor.function([index], updates=updates)
    of_updates = {"W", "m/W", "v/W", "t"}
    for state in (updates, f, plain):
        assert names_in(path, state) == of_updates
    assert names_in(path, updates, f, {"my rate": rate}) == of_updates | {"my rate"}
    assert names_in(path, {"words": W}, updates) == (of_updates - {"W"}) | {"words"}
    assert names_in(path) == set()


def test_clocks_of_joined_updates_have_names_of_their_own(tmp_path):
    W, b = sg.shared(np.ones((4, 2)), name="W"), sg.shared(0.1, name="b")
    updates = sg.adam(W.sum(), W) | sg.adam(b**2, b)
    path, names = tmp_path / "run.npz", {"W", "m/W", "v/W", "t", "b", "m/b", "v/b", "t.2"}
    f = sg.function([], updates=updates)
    assert names_in(path, updates) == names_in(path, updates, f) == names
    with pytest.raises(CheckpointError, match="two shared .* called t: .* or give their Updates"):
        save(path, f)


def test_names_are_needed(tmp_path):
    path, nameless = tmp_path / "run.npz", sg.shared(np.ones(2))
    with pytest.raises(CheckpointError, match="Vector.* has no name: set its .name, or give"):
        save(path, sg.sgd(nameless.sum(), nameless, 0.1))
    twins = [sg.shared(np.ones(2), name="W") for _ in range(2)]
    with pytest.raises(CheckpointError, match="two shared variables are called W: set the .name"):
        save(path, sg.sgd(sum(twins).sum(), twins, 0.1))
    save(path, {"a": twins[0], "b": twins[1], "c": nameless})
    assert not os.listdir(tmp_path)[1:]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (sg.shared(1.0, name="b"), "b is no state: give Updates, a Function or"),
        ({"rate": 0.1}, "'rate' stands for 0.1: .*numbers and words go into the notes"),
        ({1: sg.shared(0.1)}, "1 stands for"),
        ({"list": sg.shared([1.0])}, "list is of type .*only arrays and NumPy's random gen"),
    ],
)
def test_what_is_no_state(tmp_path, state, words):
    with pytest.raises(CheckpointError, match=words):
        save(tmp_path / "run.npz", state)
    assert os.listdir(tmp_path) == []


def test_random_state_on_jax_is_refused(tmp_path):
    pytest.importorskip("jax")
    rng = sg.shared(np.random.default_rng(0), name="rng")
    new, x = pt.random.normal(size=3, rng=rng, return_next_rng=True)
    with pytest.warns(UserWarning, match="a copy will be used"):
        f = sg.function([], x, updates={rng: new}, backend="jax")
    with pytest.raises(CheckpointError, match="rng is a random generator, and a function on JAX"):
        save(tmp_path / "run.npz", f)
