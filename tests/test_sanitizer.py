"""The C code of symgrad's Ops under AddressSanitizer: no access outside of an array."""

import os
import subprocess
import sys

import pytest

# Every Op with C code of our own: summing inside the pass and before it, repeated, negative and
# no rows, rows of odd width, entries, and steps that were missed.
PROGRAM = """
import numpy as np, pytensor.tensor as pt, symgrad as sg

index = pt.lvector("index")
for rule, shape, options in (
    ("adam", (11, 7), {}),
    ("sgd", (11, 7), {}),
    ("rowwise_adagrad", (11, 7), {"constraint": sg.max_norm(0.5)}),
    ("adagrad", (11,), {}),
    ("adamw", (11, 3), {"unused": "exact"}),
):
    W = sg.shared(np.ones(shape, "float32"), name="W")
    cost = (W[index] ** 2).sum() + W[index[:1]].sum()
    updates = sg.RULES[rule](cost, W, learning_rate=0.1, **options)
    f = sg.function([index], cost, updates=updates, backend="c")
    for rows in ([3, 3, -1], [10, 0, -11, 10, 5], list(range(11)) * 30, [2]):
        f(rows)
    for rows in ([11], [-12, 3]):
        try:
            f(rows)
        except IndexError:
            pass
        else:
            raise AssertionError(rows)
    updates.flush("c")()
    assert np.isfinite(W.get_value()).all()
print("no complaints")
"""


def sanitizer():
    """The runtime library of AddressSanitizer, or None."""
    try:
        found = subprocess.run(
            ["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    path = found.stdout.strip()
    return path if os.path.isabs(path) else None


@pytest.mark.slow
def test_no_access_outside_of_an_array(tmp_path):
    library = sanitizer()
    if library is None:
        pytest.skip("g++ has no AddressSanitizer here")
    flags = {
        "base_compiledir": tmp_path,
        "gcc__cxxflags": "-fsanitize=address -fno-omit-frame-pointer -O1 -g",
    }
    environment = os.environ | {
        "PYTENSOR_FLAGS": ",".join(f"{name}={value}" for name, value in flags.items()),
        "LD_PRELOAD": library,
        # Python frees little at its end, and NumPy allocates with its own tools.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "no complaints" in run.stdout
    assert "AddressSanitizer" not in run.stderr
