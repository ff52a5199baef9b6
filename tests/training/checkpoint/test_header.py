"""Notes, and files of other programs or of newer formats."""

import zipfile

import numpy as np
import pytest

import symgrad as sg
from symgrad.errors import CheckpointError
from symgrad.training.checkpoint import header, load, save
from tests.training.checkpoint.conftest import refused, some


def test_notes_are_optional_and_come_as_json_has_them(path):
    saved = some()
    save(path, saved)
    assert load(path, saved) == {}
    save(path, saved, notes={1: (2, 3), "1": 4})
    assert load(path, saved) == {"1": 4}


@pytest.mark.parametrize("notes", [{"a": np.ones(2)}, {"a": {1, 2}}, [1], {(1, 2): 3}])
def test_what_is_no_note(tmp_path, notes):
    with pytest.raises(CheckpointError, match="the notes are not JSON .*give numbers, words"):
        save(tmp_path / "run.npz", notes=notes)


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
    monkeypatch.setattr(header, "_FORMAT", 2)
    monkeypatch.setattr(header, "__version__", "7.0")
    save(path, some(1))
    monkeypatch.undo()
    refused(path, some(2), "has format 2, written by symgrad 7.0, and this one reads .* up to 1")
