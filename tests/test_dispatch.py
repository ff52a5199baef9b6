"""Implementations for Numba and JAX are registered when PyTensor's own are imported."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from symgrad.dispatch import JAX, NUMBA, when_imported

OP = """
import sys
import pytensor
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from symgrad.dispatch import JAX, NUMBA, when_imported

class Twice(Op):
    __props__ = ()
    def make_node(self, x):
        return Apply(self, [x], [x.type()])
    def perform(self, node, inputs, output_storage):
        raise AssertionError("the compiled form is not used")

def register_numba():
    from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
    @register_funcify_default_op_cache_key(Twice)
    def numba_funcify_twice(op, node, **kwargs):
        @numba_njit
        def twice(x):
            return x + x
        return twice, 1

def register_jax():
    from pytensor.link.jax.dispatch import jax_funcify
    @jax_funcify.register(Twice)
    def jax_funcify_twice(op, **kwargs):
        return lambda x: x + x

def register():
    when_imported(NUMBA, register_numba)
    when_imported(JAX, register_jax)

def check(linker):
    x = pytensor.tensor.dvector("x")
    f = pytensor.function([x], Twice()(x), mode=pytensor.compile.mode.Mode(linker, None))
    assert list(f([1.0, 2.0])) == [2, 4]
"""

BEFORE = "register(); assert {module!r} not in sys.modules; check({linker!r})"
AFTER = "import {module}; register(); check({linker!r})"
MODULES = [("numba", NUMBA), ("jax", JAX)]


def run(program):
    """Run a program in an interpreter of its own."""
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-3000:]


@pytest.mark.parametrize("order", [BEFORE, AFTER])
@pytest.mark.parametrize(("linker", "module"), MODULES)
def test_registration_works_in_both_orders(linker, module, order):
    pytest.importorskip(linker)
    run(OP + order.format(linker=linker, module=module))


def test_a_module_that_is_there_calls_back_at_once():
    calls = []
    when_imported("json", lambda: calls.append(1))
    assert calls == [1]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a new module, which can be imported, and its file."""
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "symgrad_test_module.py"
    path.write_text("x = 1\n")
    yield path
    sys.modules.pop(path.stem, None)


def test_each_callback_is_called_once_in_order_after_the_module_is_executed(module):
    seen = []
    when_imported(module.stem, lambda: seen.append(("first", sys.modules[module.stem].x)))
    when_imported(module.stem, lambda: seen.append(("second", sys.modules[module.stem].x)))
    assert find_spec(module.stem).origin == str(module)
    assert seen == []  # a look for the module is no import
    for _ in range(2):
        __import__(module.stem)
    assert seen == [("first", 1), ("second", 1)]


def test_an_import_that_fails_keeps_the_callbacks(module):
    seen = []
    when_imported(module.stem, lambda: seen.append(1))
    module.write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        __import__(module.stem)
    assert seen == []
    module.write_text("x = 'mended'\n")
    __import__(module.stem)
    assert seen == [1]


def test_a_module_that_does_not_exist_is_not_found():
    when_imported("symgrad_no_such_module", lambda: None)
    with pytest.raises(ModuleNotFoundError, match="symgrad_no_such_module"):
        __import__("symgrad_no_such_module")
