"""The names of PyTensor that the port depends on are there, and no others are used."""

import ast
import importlib
from functools import reduce
from pathlib import Path

import pytensor
import pytest
from pytensor.compile.mode import optdb

import symgrad.theano as theano
from symgrad.pytensor_compat import STEPS_HAVE_OWN_MODE
from symgrad.theano import pytensor_compat as compat
from symgrad.theano.compile.mode import get_mode

PORT = Path(theano.__file__).parent
SOURCES = [path for path in PORT.rglob("*.py") if path.name != "pytensor_compat.py"]


@pytest.mark.parametrize("private", compat.PRIVATE, ids=lambda private: private.path)
def test_the_name_is_there(private):
    module, attributes = private.path.split(":")
    reduce(getattr, attributes.split("."), importlib.import_module(module))


@pytest.mark.parametrize("name", compat.POSITIONS)
def test_the_rewrite_is_between_those_of_pytensor(name):
    get_mode()  # registers all rewrites
    before, after = compat.REWRITES_AROUND[name]
    positions = optdb.__position__
    assert positions[before] < compat.POSITIONS[name] < positions[after]
    if name == "theano_scans":  # one for each backend, where steps have a mode of their own
        backends = [known for known in positions if known.startswith("symgrad_theano")]
        registered = [known for known in backends if known.endswith("_scans")]
        assert len(registered) == (3 if STEPS_HAVE_OWN_MODE else 0)
    else:
        registered = [name]
    assert {positions[known] for known in registered} <= {compat.POSITIONS[name]}


def test_the_files_that_build_inner_graphs_are_there():
    folder = Path(pytensor.__file__).parents[1]
    for path in compat.BUILDS_INNER_GRAPHS:
        assert (folder / path).exists(), path


def private_imports(path):
    """Names with an underscore that a file imports from PyTensor."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytensor"):
            yield from (alias.name for alias in node.names if alias.name.startswith("_"))


def test_private_names_are_imported_in_one_module():
    private = {path.name: [*private_imports(path)] for path in SOURCES}
    assert not any(private.values()), private


def replaced_attributes(path):
    """``Class.attribute`` that a patch assigns."""
    for node in ast.walk(ast.parse(path.read_text())):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                    yield part.value.id, part.attr


PATCHES = [path for path in SOURCES if path.parent.name == "patches"]
# What Theano had and PyTensor does not, and what belongs to NumPy or to a variable.
OWN = {
    ("GraphRewriter", "optimize"),
    ("Scan", "inputs"),
    ("Scan", "outputs"),
    ("SharedVariable", "_default_update"),
    ("Variable", "clients"),
    ("Variable", "fgraph"),
    ("np", "fromstring"),
    ("np", "linspace"),
    ("op", "name"),
    ("self", "_compute"),
    ("loader", "exec_module"),
    ("variable", "_default_update"),
}
TEXTS = ("__repr__", "__str__")  # every class has these


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_what_a_patch_replaces_is_in_the_list(path):
    listed = {tuple(private.path.replace(":", ".").split(".")[-2:]) for private in compat.PRIVATE}
    listed |= {("TensorOperators", name) for owner, name in listed if owner.startswith("_tensor")}
    listed |= {("index_rewrites", "_eager_scalar"), ("config", "linker")}
    replaced = {pair for pair in replaced_attributes(path) if pair[1] not in TEXTS}
    assert replaced - OWN <= listed
