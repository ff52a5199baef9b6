"""The package is a pipeline without circles, and loads when it is used."""

import ast
import inspect
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import symgrad as sg

EXPLAIN = import_module("symgrad.explain")
ROOT = Path(sg.__file__).parent
PACKAGES = (
    "symgrad.explain",
    *(f"symgrad.explain.{name}" for name in ("laws", "derive", "render")),
)


def stages(package):
    """The modules of a package in the order that its docstring lists."""
    lines = re.findall(r"^\d+\. (.*(?:\n   .*)*)", inspect.getdoc(package), re.MULTILINE)
    return [name for line in lines for name in re.findall("``(\\w+)``", line)]


def imported(path):
    """All modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("name", PACKAGES)
def test_each_module_imports_only_from_those_before_it(name):
    package = import_module(name)
    order = stages(package)
    assert sorted(order) == sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    folder = Path(package.__file__).parent
    for stage in order:
        file = folder / f"{stage}.py"
        for path in [file] if file.exists() else (folder / stage).glob("*.py"):
            for module in imported(path):
                if not f"{module}.".startswith(f"{name}."):
                    continue
                assert module != name, f"{path} imports from the package around it"
                other = module.removeprefix(f"{name}.").partition(".")[0]
                is_inside = other == stage and not file.exists()
                assert is_inside or order.index(other) < order.index(stage), f"{path}: {module}"


def in_a_new_process(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_machinery_loads_when_it_is_used():
    code = (
        "import sys, symgrad as sg, symgrad.explain\n"
        "loaded = lambda: any(name.startswith('symgrad.explain.') for name in sys.modules)\n"
        "assert not loaded()\n"
        "import pytensor.tensor as pt\n"
        "x = pt.dscalar('x')\n"
        "e = sg.explain(x**2, x, backend=None)\n"
        "assert loaded() and callable(sg.explain)\n"
        "print(type(e).__name__, sys.modules['symgrad.explain'].explain is sg.explain)"
    )
    assert in_a_new_process(code) == "Explanation True\n"


def test_all_public_names_are_there():
    assert dir(EXPLAIN) == EXPLAIN.__all__
    for name in EXPLAIN.__all__:
        assert getattr(EXPLAIN, name).__name__ == name
        assert getattr(EXPLAIN, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'explanations'"):
        EXPLAIN.explanations  # noqa: B018


def test_the_signature_can_be_read():
    parameters = inspect.signature(sg.explain).parameters
    assert list(parameters) == ["cost", "wrt", "rule", "values", "backend"]
    assert parameters["backend"].default == "c"
