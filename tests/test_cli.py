"""The command line."""

import json
import subprocess
import sys

import pytest

import symgrad
from symgrad import cli


def info(capsys, *options):
    assert cli.main(["info", *options]) == 0
    return capsys.readouterr().out


def facts(capsys):
    return json.loads(info(capsys, "--json"))


def test_text_has_a_line_for_each_fact(capsys):
    lines = dict(line.split(maxsplit=1) for line in info(capsys).splitlines())
    assert lines["symgrad"] == symgrad.__version__
    for name in ("Python", "PyTensor", "compiler", "BLAS", "floatX", "compiledir"):
        assert lines[name]


def test_json_has_the_same_facts(capsys):
    report = facts(capsys)
    assert set(report) == {"versions", "backends", "compiler", "BLAS", "floatX", "compiledir"}
    assert set(report["versions"]) == {"symgrad", "Python", *cli.PACKAGES}
    assert set(report["backends"]) == {"c", "numba", "jax"}
    text = info(capsys)
    for version in report["versions"].values():
        assert version in text


def test_missing_package_is_said(capsys, monkeypatch):
    monkeypatch.setitem(cli.PACKAGES, "JAX", "a-package-that-nobody-has")
    assert facts(capsys)["versions"]["JAX"] == "not installed"


def test_broken_package_is_an_answer_not_a_traceback(capsys, monkeypatch):
    def broken(package):
        raise RuntimeError(f"{package} was built for another NumPy")

    monkeypatch.setattr(cli.importlib, "import_module", broken)
    backends = facts(capsys)["backends"]
    assert backends["jax"] == "no: RuntimeError: jax was built for another NumPy"
    assert backends["numba"].startswith("no: ")


def test_missing_compiler_is_said(capsys, monkeypatch):
    import pytensor

    with pytensor.config.change_flags(cxx=""):
        report = facts(capsys)
    assert report["backends"]["c"] == "no: PyTensor found no C++ compiler; install g++"
    assert report["compiler"] == "none"
    assert report["BLAS"] == "none: there is no C++ compiler, so no C code"


def test_a_program_that_is_not_there_is_said(capsys):
    assert cli.main(["run", "nowhere.py"]) == 2
    assert "symgrad run: there is no file nowhere.py" in capsys.readouterr().err


def test_no_command_shows_the_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 2
    assert "usage: symgrad" in capsys.readouterr().err


def test_runs_as_a_module():
    command = [sys.executable, "-W", "error", "-m", "symgrad", "info"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("symgrad ")


def test_explain_on_the_command_line(tmp_path, capsys):
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np, symgrad as sg\n"
        "w = sg.shared(np.ones(2), name='w')\n"
        "cost = (w**2).sum()\n"
    )
    page = tmp_path / "page.md"
    assert cli.main(["explain", f"{script}:cost", "--wrt", f"{script}:w", "-o", str(page)]) == 0
    assert "2" in page.read_text()
    assert "w" in page.read_text()
    assert cli.main(["explain", f"{script}:cost", "--wrt", f"{script}:v"]) == 1
    assert "has no v" in capsys.readouterr().err
