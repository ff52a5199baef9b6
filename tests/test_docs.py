"""The documentation is true: its code runs, and prints what it says it prints."""

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import symgrad as sg

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# These change the process, so that each has one of its own.
OF_THEIR_OWN = sorted((ROOT / "docs" / "how-to").glob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(sg.__path__, "symgrad.")
    if module.name not in ("symgrad.__main__", "symgrad.theano.install")
)

PUBLIC = sg.__all__
FROM_PYTENSOR = {"shared", "inc_subtensor", "set_subtensor"}
DOCUMENTED = sorted(set(PUBLIC) - FROM_PYTENSOR - {"RULES", "errors"})


def python_blocks(page):
    """``(code, expected output or None)`` of a page, in order."""
    blocks = BLOCK.findall(page.read_text())
    for number, (language, code) in enumerate(blocks):
        if language == "python":
            following = blocks[number + 1] if number + 1 < len(blocks) else ("", "")
            yield code, following[1] if following[0] == "text" else None


def run(code, names, page):
    """What a block prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(page), "exec"), names)
    return printed.getvalue()


def check_page(page):
    """The code of a page prints what the page says."""
    names = {"__name__": "page"}
    for code, expected in python_blocks(page):
        printed = run(code, names, page)
        assert printed == (expected or ""), code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_prints_what_the_page_says(page):
    if "jax" in page.read_text():
        pytest.importorskip("jax")
    check_page(page)


def in_another_process(code):
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr + run.stdout


@pytest.mark.parametrize("page", OF_THEIR_OWN, ids=lambda page: page.name)
def test_code_that_changes_the_process(page):
    check = f"check_page(pathlib.Path({str(page)!r}))"
    in_another_process(f"import pathlib; from tests.test_docs import check_page; {check}")


def test_doctests_that_change_the_process():
    in_another_process(
        "import doctest, symgrad.theano.install as door; assert not doctest.testmod(door).failed"
    )


def test_the_pages_have_code():
    blocks = {page.name: len(list(python_blocks(page))) for page in PAGES}
    assert blocks["README.md"] >= 2
    assert blocks["tutorial.md"] >= 5


@pytest.mark.parametrize("page", [*PAGES, *OF_THEIR_OWN], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    needed = {"symgrad.backends.xla.linker": "jax", "symgrad.backends.numba.mode": "numba"}
    if name in needed:
        pytest.importorskip(needed[name])
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", DOCUMENTED)
def test_public_names_have_examples(name):
    documented = getattr(sg, name)
    if name == "Function":  # made by `function`, which has the example
        documented = sg.function
    assert re.search(r"^\s*Examples\n\s*-{8}\n", documented.__doc__, re.MULTILINE), name
    assert ">>>" in documented.__doc__


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_in_the_reference(name):
    assert f"`{name}`" in (ROOT / "docs" / "reference.md").read_text()


def test_every_rule_is_in_the_table_of_rules():
    table = (ROOT / "docs" / "rules.md").read_text()
    assert [name for name in sg.RULES if f"| `{name}` |" not in table] == []


def test_every_error_is_explained():
    explained = (ROOT / "docs" / "errors.md").read_text()
    assert [name for name in sorted(sg.errors.__all__) if f"`{name}`" not in explained] == []


def test_the_map_of_the_package_is_true():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`((?:symgrad|tests|docs)/[\w/.]*)`", text))
    assert len(named) > 30
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_map_of_the_package_is_whole():
    tree = (ROOT / "docs" / "architecture.md").read_text().partition("## The way")[0]
    package = ROOT / "symgrad"
    parts = {
        f"`symgrad/{path.name}/`" for path in package.iterdir() if (path / "__init__.py").exists()
    }
    parts |= {f"`symgrad/{path.name}`" for path in package.glob("[a-z]*.py")}
    assert [part for part in sorted(parts) if part not in tree] == []
