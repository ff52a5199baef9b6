"""`symgrad.backends.c.blas`; a process for each case, since PyTensor's configuration is global."""

import os
import subprocess
import sys
import textwrap

import pytest

from symgrad.backends.c import blas

needs_bundled = pytest.mark.skipif(
    not blas._bundled_libraries() or blas._python_has_blas(),
    reason="SciPy brings no OpenBLAS, or Python holds a BLAS of its own",
)

START = """
import logging
import pytensor
from symgrad.backends.c import blas

logging.basicConfig(level=logging.WARNING)

def is_chosen():
    return hasattr(type(pytensor.config).blas__ldflags, "val")
"""


def run(code, flags=""):
    """Run the code, warnings being errors, and return its output; nothing may be logged."""
    environment = {**os.environ, "PYTENSOR_FLAGS": flags, "PYTENSORRC": os.devnull}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@needs_bundled
def test_fused_update_runs_on_the_bundled_library():
    said = run("""
        import numpy as np
        import pytensor.tensor as pt

        cxxflags = pytensor.config.gcc__cxxflags
        print(blas.configure())
        assert pytensor.config.gcc__cxxflags == cxxflags
        rng = np.random.default_rng(0)
        for dtype, tolerance in [("float32", 1e-5), ("float64", 1e-13)]:
            a, b, c = (rng.normal(size=(9, 9)).astype(dtype) for _ in range(3))
            left, right = pt.matrix(dtype=dtype), pt.matrix(dtype=dtype)
            total = pytensor.shared(c)
            half, third = np.asarray(0.5, dtype), np.asarray(0.3, dtype)
            update = {total: half * total + third * (left @ right)}
            step = pytensor.function([left, right], [], updates=update, mode="CVM")
            assert [str(n.op) for n in step.maker.fgraph.apply_nodes] == ["Gemm{inplace}"]
            step(a, b)
            wanted = 0.5 * c.astype(float) + 0.3 * (a.astype(float) @ b)
            np.testing.assert_allclose(total.get_value(), wanted, tolerance, tolerance)
    """)
    assert said.startswith("OpenBLAS from SciPy (scipy_openblas-")


@needs_bundled
def test_products_with_vectors_and_batches_run_on_the_bundled_library():
    run("""
        import numpy as np
        import pytensor.tensor as pt

        blas.configure()
        rng = np.random.default_rng(0)
        values = [rng.normal(size=size) for size in [(7, 5), 5, 7, (3, 4, 5), (3, 5, 6)]]
        matrix, x, y, stack, other = (
            pt.tensor(dtype="float64", shape=(None,) * v.ndim) for v in values
        )
        outputs = [y + 2 * (matrix @ x), matrix + pt.outer(y, x), x @ x, stack @ other]
        products = pytensor.function([matrix, x, y, stack, other], outputs, mode="CVM")
        a, u, v, s, t = values
        wanted = [v + 2 * (a @ u), a + np.outer(v, u), u @ u, s @ t]
        for got, want in zip(products(*values), wanted, strict=True):
            np.testing.assert_allclose(got, want, 1e-12, 1e-12)
    """)


@needs_bundled
def test_describe_tells_what_configure_will_do_and_does_not_do_it():
    run("""
        said = blas.describe()
        assert not is_chosen()
        assert blas.configure() == said
        flags = pytensor.config.blas__ldflags
        assert blas.configure() == blas.describe() == said
        assert pytensor.config.blas__ldflags == flags
    """)


@pytest.mark.parametrize(
    ("flags", "said"),
    [("-lm", "m"), ("", "none linked: NumPy multiplies, fused updates run slowly")],
)
@pytest.mark.parametrize("way", ["flag", "assignment"])
def test_what_the_user_chose_stays(way, flags, said):
    assign = f"pytensor.config.blas__ldflags = {flags!r}" if way == "assignment" else ""
    code = f"""
        {assign}
        print(blas.configure())
        assert pytensor.config.blas__ldflags == {flags!r}
    """
    assert run(code, f"blas__ldflags={flags}" if way == "flag" else "") == said


@pytest.mark.parametrize(
    "change",
    [
        "blas._bundled_libraries = lambda: []",
        "blas._python_has_blas = lambda: True",
        "blas._bundled_libraries = lambda: [Path('no/libscipy_openblas-0.so')]",
        "blas._PREFIX = 'renamed_'",
    ],
    ids=["no wheel", "conda", "library does not load", "other names"],
)
def test_without_a_usable_library_pytensor_searches(change):
    said = run(f"""
        from pathlib import Path
        {change}
        print(blas.configure())
        assert not is_chosen()
    """)
    assert said == "what PyTensor's own search finds when C code first needs a BLAS"


def test_without_a_compiler_nothing_is_set():
    said = run("print(blas.configure()); assert not is_chosen()", "cxx=")
    assert said == "none: there is no C++ compiler, so no C code"


def test_python_with_a_blas_is_known_by_its_files(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert not blas._python_has_blas()
    (tmp_path / "lib" / "libblas.so").touch()
    assert blas._python_has_blas()
