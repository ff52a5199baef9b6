"""Both formats: damaged files, and writes that fail."""

import os

import numpy as np
import pytest

import symgrad as sg
from symgrad.errors import CheckpointError
from symgrad.training.checkpoint import files, load, save
from tests.training.checkpoint.conftest import bits, refused, some


def test_other_programs_find_arrays_by_name(path):
    saved = some()
    save(path, saved)
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            values = arrays["deep/W"]
    else:
        from safetensors.numpy import load_file

        values = load_file(path)["deep/W"]
    assert np.array_equal(values, saved["deep/W"].get_value())


def test_suffixes_and_the_extra(tmp_path, monkeypatch):
    for do in (save, load):
        with pytest.raises(CheckpointError, match="ends in .npz or .safetensors, and that of"):
            do(tmp_path / "run.pkl")
    monkeypatch.setattr("symgrad.training.checkpoint.files.find_spec", lambda name: None)
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
        monkeypatch.setattr(type(files.format_of(path)), "write", fail)
    else:
        monkeypatch.setattr(f"symgrad.training.checkpoint.files.os.{where}", fail)
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
