"""The C code of symgrad's Ops under AddressSanitizer and UndefinedBehaviorSanitizer."""

import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from pytensor.graph.op import Op

import symgrad
from symgrad.theano.gof.op import Op as TheanoOp
from tests.sanitized import PROGRAMS

ROOT = Path(__file__).parents[1]
# These change the process, or need Numba or JAX.
NOT_IMPORTED = ("__main__", "install", "numba_dispatch", "jax_dispatch")


def ops_with_c_code():
    """All classes of Ops with C code in symgrad's modules, but not the base classes of others."""
    for module in pkgutil.walk_packages(symgrad.__path__, "symgrad."):
        if module.name.rpartition(".")[2] not in NOT_IMPORTED:
            import_module(module.name)
    written = {op for op in subclasses(Op) if has_c_code(op)}
    return {op for op in written if not written & set(subclasses(op))}


def subclasses(of):
    for subclass in type.__subclasses__(of):
        yield subclass
        yield from subclasses(subclass)


def has_c_code(op):
    c_code = getattr(op, "c_code", None)
    modules = (op.__module__, getattr(c_code, "__module__", ""))
    # Theano's base class only asks a subclass to write it.
    return all(name.startswith("symgrad.") for name in modules) and c_code is not TheanoOp.c_code


def test_every_op_with_c_code_is_in_a_program():
    tested = set().union(*(ops for _, ops in PROGRAMS.values()))
    assert ops_with_c_code() - tested == set()


def library(name):
    """The path of a runtime library of the compiler, or None."""
    try:
        process = subprocess.run(
            ["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    path = process.stdout.strip()
    return path if os.path.isabs(path) else None


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_no_complaint_of_a_sanitizer(name, tmp_path):
    libraries = [library("libasan.so"), library("libubsan.so")]
    if None in libraries:
        pytest.skip("g++ has no sanitizers here")
    flags = {
        "base_compiledir": tmp_path,
        "gcc__cxxflags": "-fsanitize=address,undefined -fno-omit-frame-pointer -O1 -g",
    }
    environment = os.environ | {
        "PYTENSOR_FLAGS": ",".join(f"{flag}={value}" for flag, value in flags.items()),
        "LD_PRELOAD": " ".join(libraries),
        # Python frees little at its end, and NumPy allocates with its own tools.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    process = subprocess.run(
        [sys.executable, "-m", "tests.sanitized", name],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert "no complaints" in process.stdout
    assert "AddressSanitizer" not in process.stderr
    assert "runtime error" not in process.stderr, process.stderr[-3000:]
