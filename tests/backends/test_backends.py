"""Which backend is chosen, and what is said of one that is not there."""

import pytensor
import pytest

import symgrad as sg
from symgrad import backends, errors


def test_the_default_follows_the_compiler():
    assert backends.choose(None) == "c"
    with pytensor.config.change_flags(cxx=""):
        assert backends.choose(None) == "numba"
    assert backends.choose(None) == "c"


def test_a_backend_that_is_not_there(monkeypatch):
    with pytest.raises(errors.BackendError, match="choose one of c, numba, jax"):
        sg.function([], backend="tpu")
    monkeypatch.setattr("symgrad.backends.backend.find_spec", lambda name: None)
    with pytest.raises(errors.BackendError, match="pip install jax"):
        sg.function([], backend="jax")
    no_compiler = pytensor.config.change_flags(cxx="")
    with no_compiler, pytest.raises(errors.BackendError, match="install g\\+\\+"):
        sg.function([], backend="c")


@pytest.mark.parametrize("name", backends.BACKENDS)
def test_the_backend_of_a_mode(name):
    assert backends.backend_of(backends.mode_of(name)).name == name


def test_modes_of_no_backend_run_on_the_host():
    assert backends.backend_of(pytensor.compile.mode.Mode("py", None)).name == "c"
