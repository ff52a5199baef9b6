"""Values that come back bit for bit, and variables that a checkpoint does not fit."""

import numpy as np
import pytest

import symgrad as sg
from symgrad.training.checkpoint import load, save
from tests.training.checkpoint.conftest import refused, some


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_odd_numbers_survive(path, dtype):
    values = np.array([np.nan, -np.nan, -0.0, np.inf, np.finfo(dtype).smallest_subnormal], dtype)
    saved, other = sg.shared(values, name="x"), sg.shared(np.zeros(5, dtype), name="x")
    save(path, {"x": saved})
    load(path, {"x": other})
    assert other.get_value().tobytes() == values.tobytes()


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_random_generators_go_on(path, bits):
    make = getattr(np.random, bits)
    saved, other = (sg.shared(np.random.Generator(make(k)), name="rng") for k in range(2))
    saved.get_value(borrow=True).standard_normal(5, dtype="float32")
    save(path, {"rng": saved})
    load(path, {"rng": other})
    for draw in ("random", "standard_normal"):
        expected, drawn = (getattr(rng.get_value(borrow=True), draw)(50) for rng in (saved, other))
        assert np.array_equal(expected, drawn)


def test_the_order_in_memory_survives(path):
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    saved, other = sg.shared(values, name="W"), sg.shared(np.zeros((2, 3)), name="W")
    save(path, {"W": saved})
    load(path, {"W": other})
    assert other.get_value(borrow=True).flags.f_contiguous
    assert np.array_equal(other.get_value(), values)


def test_a_flipped_byte_of_a_table_is_named(path):
    saved = some(1)
    save(path, saved)
    whole = path.read_bytes()
    place = whole.index(saved["W"].get_value().tobytes())
    path.write_bytes(whole[: place + 3] + bytes([whole[place + 3] ^ 1]) + whole[place + 4 :])
    words = "checksum of W is wrong|Bad CRC-32 for file 'W.npy'"
    refused(path, some(2), f"damaged, or no checkpoint at all .*({words})")


def test_missing_and_unknown_names(path):
    saved = some(1)
    save(path, saved)
    more = some(2) | {"bias": sg.shared(1.0), "gain": sg.shared(1.0)}
    refused(path, more, r"lacks bias, gain: .*the file has W, deep/W, t, seen, empty, rng\.")
    less = some(2)
    del less["t"], less["rng"]
    refused(path, less, "also has t, rng: give all that was saved")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "W",
            np.ones((4, 2), "float32"),
            r"W has shape \(3, 2\) in .* and \(4, 2\) here: loading ",
        ),
        ("W", np.ones((3, 2)), "W is float32 in .* and float64 here: make it"),
        ("t", np.ones(1, "int64"), r"t has shape \(\) in .* and \(1,\) here"),
        ("rng", np.ones(2), "rng is PCG64 in .* and float64 here"),
        ("t", np.random.default_rng(), "t is int64 in .* and PCG64 here"),
        ("rng", np.random.Generator(np.random.MT19937()), "rng is PCG64 in .* and MT19937 here"),
    ],
)
def test_another_shape_or_dtype(path, name, value, words):
    save(path, some(1))
    refused(path, some(2) | {name: sg.shared(value, name=name)}, words)
