"""What ``import symgrad`` gives, and what it does not do."""

import subprocess
import sys

import pytest

import symgrad as sg


def in_fresh_process(code):
    """What a new interpreter prints."""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout.split()


def test_dir_is_the_public_names():
    assert set(dir(sg)) == {*sg.__all__, "__version__"}


@pytest.mark.parametrize("name", sg.__all__)
def test_every_public_name_is_there(name):
    assert getattr(sg, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'adamm'"):
        sg.adamm  # noqa: B018


def test_a_star_import_brings_the_public_names():
    names = {}
    exec("from symgrad import *", names)
    assert set(sg.__all__) <= set(names)


def loaded_after(code):
    return in_fresh_process(f"import sys\n{code}\nprint(*sys.modules)")


STEP = """
import numpy as np, pytensor.tensor as pt, symgrad as sg
W, index = sg.shared(np.ones((4, 2)), name="W"), pt.lvector("index")
updates = sg.adam((W[index] ** 2).sum(), W)
"""


@pytest.mark.parametrize("name", ["symgrad.theano", "symgrad.explain.derive", "jax"])
def test_what_is_not_asked_for_is_not_loaded(name):
    before = loaded_after("import pytensor.tensor")
    assert name not in set(loaded_after(STEP)) - set(before)
