"""The package stands alone: it imports no other of symgrad's, and no backend that is not used."""

import ast
import subprocess
import sys
from pathlib import Path

import symgrad.spatial

FOLDER = Path(symgrad.spatial.__file__).parent

PROGRAM = """
import sys
import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from symgrad.spatial.convolution.ops import Convolution
from symgrad.spatial.convolution.upsampling import upsample
from symgrad.spatial.patches import patches_of_images
from symgrad.spatial.pooling.ops import Pool

x = pt.dtensor4("x")
cost = Pool(True)(Convolution(2)(x, x), (1, 1)).sum() + upsample(x, 2).sum()
outputs = [pytensor.grad(cost, x), patches_of_images(x, (1, 1))]
f = pytensor.function([x], outputs, mode=Mode("cvm", "fast_run"))
f(np.ones((1, 1, 2, 2)))
assert not {"jax", "numba"} & set(sys.modules)
"""


def test_a_function_in_c_imports_neither_jax_nor_numba():
    process = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-3000:]


def imported(path):
    """The modules of symgrad that a file imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        yield from (name for name in names if name.startswith("symgrad."))


def test_only_its_own_modules_are_imported():
    names = {name for path in FOLDER.rglob("*.py") for name in imported(path)}
    own = ("symgrad.spatial.", "symgrad.dispatch.")
    assert {name for name in names if not name.startswith(own)} == set()
