"""Shared variables of many kinds, and paths in both formats."""

import numpy as np
import pytest

import symgrad as sg
from symgrad.errors import CheckpointError
from symgrad.training.checkpoint import load

SUFFIXES = [".npz", ".safetensors"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    """A path for a checkpoint, in each format."""
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"run{request.param}"


def some(seed=0, rows=3):
    """Shared variables of many kinds by name, of values that depend on `seed`."""
    draw = np.random.default_rng(seed)
    values = {
        "W": draw.normal(size=(rows, 2)).astype("float32"),
        "deep/W": draw.normal(size=(2, 1, 2)),
        "t": np.array(seed, "int64"),
        "seen": draw.random(5) < 0.5,
        "empty": np.zeros((0, 4)),
        "rng": np.random.default_rng(seed),
    }
    return {name: sg.shared(value, name=name) for name, value in values.items()}


def bits(states):
    """All that must survive, comparable."""
    return {
        name: str(value.bit_generator.state)
        if isinstance(value, np.random.Generator)
        else (value.dtype, value.shape, value.tobytes())
        for name, value in ((name, v.get_value()) for name, v in states.items())
    }


def refused(path, states, words):
    """Assert that loading is an error of these words that changes nothing."""
    before = bits(states)
    with pytest.raises(CheckpointError, match=words) as caught:
        load(path, states)
    assert str(caught.value).endswith("No shared variable was changed")
    assert bits(states) == before
