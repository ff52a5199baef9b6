"""Checkpoints: resumed runs, damaged and foreign files, writes that fail, processes that die."""

import os
import random
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.errors import CheckpointError
from symgrad.training import checkpoint
from symgrad.training.checkpoint import load, save

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


# --- what is saved comes back ----------------------------------------------------------------


def test_all_kinds_come_back_bit_for_bit(path):
    saved, other = some(1), some(2)
    notes = {"epoch": 3, "rates": [0.1, 1e-30], "nested": {"word": "é\n"}, "none": None}
    save(path, saved, notes=notes)
    assert bits(saved) != bits(other)
    assert load(path, other) == notes
    assert bits(saved) == bits(other)
    assert not os.listdir(path.parent)[1:]


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
        one, two = (getattr(rng.get_value(borrow=True), draw)(50) for rng in (saved, other))
        assert np.array_equal(one, two)


def test_the_order_in_memory_survives(path):
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    saved, other = sg.shared(values, name="W"), sg.shared(np.zeros((2, 3)), name="W")
    save(path, {"W": saved})
    load(path, {"W": other})
    assert other.get_value(borrow=True).flags.f_contiguous
    assert np.array_equal(other.get_value(), values)


def test_values_are_fresh_and_writable(path):
    saved = some()
    save(path, saved)
    load(path, saved)
    saved["W"].get_value(borrow=True)[0] = 7.0
    load(path, saved)
    assert (saved["W"].get_value() != 7.0).all()


def test_other_programs_find_arrays_by_name(path):
    saved = some()
    save(path, saved)
    if path.suffix == ".npz":
        with np.load(path) as found:
            values = found["deep/W"]
    else:
        from safetensors.numpy import load_file

        values = load_file(path)["deep/W"]
    assert np.array_equal(values, saved["deep/W"].get_value())


def test_one_state_makes_one_file(path):
    save(path, some())
    first = path.read_bytes()
    save(path, some())
    assert path.read_bytes() == first


def test_notes_are_optional_and_come_as_json_has_them(path):
    saved = some()
    save(path, saved)
    assert load(path, saved) == {}
    save(path, saved, notes={1: (2, 3), "1": 4})
    assert load(path, saved) == {"1": 4}


# --- states and names ---------------------------------------------------------------------------


def names_in(path, *states, notes=None):
    save(path, *states, notes=notes)
    with np.load(path) as found:
        return {name for name in found.files if name != "symgrad.json"}


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


@pytest.mark.parametrize("notes", [{"a": np.ones(2)}, {"a": {1, 2}}, [1], {(1, 2): 3}])
def test_what_is_no_note(tmp_path, notes):
    with pytest.raises(CheckpointError, match="the notes are not JSON .*give numbers, words"):
        save(tmp_path / "run.npz", notes=notes)


def test_suffixes_and_the_extra(tmp_path, monkeypatch):
    for do in (save, load):
        with pytest.raises(CheckpointError, match="ends in .npz or .safetensors, and that of"):
            do(tmp_path / "run.pkl")
    monkeypatch.setattr("symgrad.training.checkpoint.find_spec", lambda name: None)
    for do in (save, load):
        with pytest.raises(CheckpointError, match="pip install safetensors, or use .npz"):
            do(tmp_path / "run.safetensors")


def test_what_safetensors_cannot_hold(tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "run.safetensors"
    with pytest.raises(CheckpointError, match="safetensors refuses .*complex128.*save as .npz"):
        save(path, {"z": sg.shared(np.ones(2, "complex128"))})
    with pytest.raises(CheckpointError, match="keeps the name __metadata__ to itself"):
        save(path, {"__metadata__": sg.shared(np.ones(2))})
    assert os.listdir(tmp_path) == []


def test_random_state_on_jax_is_refused(tmp_path):
    pytest.importorskip("jax")
    rng = sg.shared(np.random.default_rng(0), name="rng")
    new, x = pt.random.normal(size=3, rng=rng, return_next_rng=True)
    with pytest.warns(UserWarning, match="a copy will be used"):
        f = sg.function([], x, updates={rng: new}, backend="jax")
    with pytest.raises(CheckpointError, match="rng is a random generator, and a function on JAX"):
        save(tmp_path / "run.npz", f)


# --- files that are not what they should be ------------------------------------------------------


def test_every_truncated_file_is_refused(path, tmp_path):
    saved = some(1)
    save(path, saved)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        refused(path, some(2), "run.* is damaged, or no checkpoint at all")


def test_a_flipped_byte_is_refused_or_harmless(path):
    """Anywhere: a date in a zip file may change, but no value and no note."""
    saved, notes = some(1), {"epoch": 3}
    save(path, saved, notes=notes)
    whole, good, n_refused = path.read_bytes(), bits(saved), 0
    other = some(2)
    before = bits(other)
    for position in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            assert load(path, other) == notes
        except CheckpointError:
            assert bits(other) == before
            n_refused += 1
        else:
            assert bits(other) == good
            other = some(2)
    assert n_refused > len(whole) / 3 / 2


def test_a_flipped_byte_of_a_table_is_named(path):
    saved = some(1)
    save(path, saved)
    whole = path.read_bytes()
    place = whole.index(saved["W"].get_value().tobytes())
    path.write_bytes(whole[: place + 3] + bytes([whole[place + 3] ^ 1]) + whole[place + 4 :])
    words = "checksum of W is wrong|Bad CRC-32 for file 'W.npy'"
    refused(path, some(2), f"damaged, or no checkpoint at all .*({words})")


def test_foreign_files(path):
    if path.suffix == ".npz":
        np.savez(path, W=np.ones((3, 2)))
    else:
        from safetensors.numpy import save_file

        save_file({"W": np.ones((3, 2))}, path)
    refused(path, some(), f"was not written by sg.save: it is a {path.suffix} file of another")
    path.write_text("Call me Ishmael.\n" * 100)
    refused(path, some(), "damaged, or no checkpoint at all")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        load(path, some())


def test_pickles_are_not_read(tmp_path):
    path, saved = tmp_path / "run.npz", {"W": sg.shared(np.ones(2), name="W")}
    save(path, saved)
    with zipfile.ZipFile(path) as archive:
        header = archive.read("symgrad.json")
    np.savez(path, W=np.array([print, len], object))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("symgrad.json", header)
    refused(path, saved, "Object arrays cannot be loaded when allow_pickle=False")


def test_a_newer_format(path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_FORMAT", 2)
    monkeypatch.setattr(sg, "__version__", "7.0")
    save(path, some(1))
    monkeypatch.undo()
    refused(path, some(2), "has format 2, written by symgrad 7.0, and this one reads .* up to 1")


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


# --- writes that fail ---------------------------------------------------------------------------


class Interrupt(BaseException):
    pass


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError, Interrupt])
def test_a_failing_write_leaves_the_old_file(path, monkeypatch, where, error):
    def fail(*args):
        raise error

    save(path, some(1))
    before = path.read_bytes()
    if where == "write":
        monkeypatch.setattr(checkpoint._form(path), "write", fail)
    else:
        monkeypatch.setattr(f"symgrad.training.checkpoint.os.{where}", fail)
    with pytest.raises(error):
        save(path, some(2))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_full_disk(path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no device that is always full")
    save(path, some(1))
    before = path.read_bytes()
    path.with_name(f"{path.name}.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        save(path, some(2))
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_no_such_folder(path):
    with pytest.raises(FileNotFoundError):
        save(path.parent / "nowhere" / path.name, some())


def test_what_a_killed_process_left_is_overwritten(path):
    path.with_name(f"{path.name}.tmp").write_bytes(b"half a checkpoint" * 1000)
    save(path, some(1))
    load(path, some(2))
    assert os.listdir(path.parent) == [path.name]


# --- resumed runs ------------------------------------------------------------------------------


class Run:
    """A small program: Adam on a table and a dense matrix, with noise where there is a state."""

    def __init__(self, counter="call", backend="c", noise=True):
        start = np.random.default_rng(0)
        self.W = sg.shared(start.normal(size=(50, 3)).astype("float32"), name="W")
        A = sg.shared(start.normal(size=(3, 2)), name="A")
        index, y = pt.lvector("index"), pt.dmatrix("y")
        rng, new = {}, y
        if noise:
            generator = sg.shared(np.random.default_rng(5), name="rng")
            after, new = pt.random.normal(size=y.shape, rng=generator, return_next_rng=True)
            rng = {generator: after}
        cost = ((self.W[index] @ A - y - 0.1 * new) ** 2).mean()
        updates = sg.adam(cost, [self.W, A], learning_rate=0.05, counter=counter)
        updates = sg.Updates({**updates, **rng}, updates.slots)
        self.updates = updates
        self.f = sg.function([index, y], cost, updates=updates, backend=backend)

    def step(self, number):
        draw = np.random.default_rng([7, number])
        self.f(draw.integers(-50, 50, size=8), draw.normal(size=(8, 2)))

    def bits(self):
        return bits({str(variable): variable for variable in self.updates})


@pytest.mark.parametrize("counter", ["call", "row"])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path, backend, counter):
    pytest.importorskip("safetensors")
    noise = backend != "jax"  # where PyTensor keeps the random state to itself
    unbroken, resumed = (Run(counter, backend, noise) for _ in range(2))
    for number in range(4):
        unbroken.step(number)
    paths = [tmp_path / f"run{suffix}" for suffix in SUFFIXES]
    for path in paths:
        save(path, unbroken.updates, notes={"step": 4})
    at_save = unbroken.bits()
    for number in range(4, 9):
        unbroken.step(number)

    for path in paths:
        resumed.step(100)  # somewhere else, and on JAX its tables lie on the device
        start = load(path, resumed.f)["step"]
        assert resumed.bits() == at_save
        for number in range(start, 9):
            resumed.step(number)
        assert resumed.bits() == unbroken.bits()


def test_a_table_goes_from_backend_to_backend(path):
    pytest.importorskip("jax")
    on_jax, in_c = (Run(backend=backend, noise=False) for backend in ("jax", "c"))
    on_jax.step(0)
    save(path, on_jax.f)
    load(path, in_c.f)
    assert in_c.bits() == on_jax.bits()
    in_c.step(1)


# --- processes that die --------------------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
from symgrad.training.checkpoint import load, save
from tests.training.test_checkpoint import Run

path, run, start = Path(sys.argv[1]), Run(), 0
if path.exists():
    start = load(path, run.f)["step"]
for step in range(start, int(sys.argv[2])):
    run.step(step)
    save(path, run.f, notes={"step": step + 1})
    print(step + 1, flush=True)
"""


def child(path, steps):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, path, str(steps)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_resumption_after_kill_9_at_random_moments(path):
    """Whatever the moment, the file is some completed save, and the end is that of no kill."""
    steps, chance, unbroken = 500, random.Random(), Run()
    states = [unbroken.bits()]
    for number in range(steps):
        unbroken.step(number)
        states.append(unbroken.bits())

    for _ in range(4):
        with child(path, steps) as process:
            for _ in range(chance.randint(1, 50)):
                said = int(process.stdout.readline())
            time.sleep(chance.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            said = int((process.stdout.read().split() or [said])[-1])
        assert process.returncode == -signal.SIGKILL
        found = Run()
        at = load(path, found.f)["step"]
        assert said <= at <= said + 1
        assert found.bits() == states[at]

    with child(path, steps) as process:
        process.stdout.read()
    assert process.returncode == 0
    load(path, found.f)
    assert found.bits() == states[-1]
