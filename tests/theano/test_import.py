"""How the port is imported: what that changes, and the modules that have no file."""

import importlib
import importlib.util
import inspect
import json
import os
import pickle
import pydoc
import subprocess
import sys

import pytest

import symgrad.theano as theano
from symgrad.errors import MissingImportError
from symgrad.theano import reexports
from symgrad.theano.reexports import REEXPORTS


def output_of(code, **environment):
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FINGERPRINT = """
import copyreg, importlib, json, sys, types
import numpy, pytensor
from pytensor.compile.mode import optdb

def fingerprint():
    # Attributes of each module and class of PyTensor and NumPy, by identity.
    prints = {}
    modules = [module for name, module in sorted(sys.modules.items())
               if name.partition(".")[0] in ("pytensor", "numpy")]
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, types.ModuleType) or name == "__warningregistry__":
                continue  # an import adds modules to their packages
            prints[f"{module.__name__}.{name}"] = id(value)
            if isinstance(value, type) and value.__module__.startswith(("pytensor", "numpy")):
                cls = f"{value.__module__}.{value.__qualname__}"
                prints |= {f"{cls}.{name}": id(own) for name, own in vars(value).items()
                           if not name.startswith(("_abc_", "__slotnames__"))}
    for flag in pytensor.config._config_var_dict:
        prints[f"flag {flag}"] = str(getattr(pytensor.config, flag))
    prints["printing"] = str(numpy.get_printoptions())
    prints["rewrites"] = [rewriter.name for rewriter in optdb.query("+fast_run")]
    prints["pickles"] = sorted(map(str, copyreg.dispatch_table))
    return prints
"""


def test_importing_the_port_changes_nothing_in_pytensor_and_numpy(tmp_path):
    (tmp_path / "rc").write_text("[global]\nfloatX = float32\ncompute_test_value = raise\n")
    environment = {"THEANORC": str(tmp_path / "rc"), "THEANO_FLAGS": "optimizer_verbose=True"}
    imports = "import sys, symgrad.theano, symgrad.theano.install\n"
    names = "print(*(m for m in sys.modules if m.split('.')[0] in ('pytensor', 'numpy')))"
    modules = output_of(imports + names).split()
    printed = output_of(
        FINGERPRINT + f"for name in {modules}: importlib.import_module(name)\n"
        "fingerprint()\n"  # reading flags computes some
        f"before = fingerprint()\n{imports}after = fingerprint()\n"
        "print(json.dumps([key for key in before if before[key] != after.get(key)]))\n"
        "print(json.dumps([key for key in after if key not in before]))\n",
        **environment,
    )
    changed, added = map(json.loads, printed.splitlines())
    assert (changed, added) == ([], [])


def test_installing_the_name_applies_the_flags(tmp_path):
    (tmp_path / "rc").write_text("[global]\nfloatX = float32\n")
    code = "import symgrad as sg, pytensor\nsg.install_as_theano()\nimport theano\n"
    code += "print(pytensor.config.floatX, theano.config.compute_test_value)\n"
    code += "pytensor.config.floatX = 'float64'\nsg.install_as_theano()\n"
    code += "print(pytensor.config.floatX)"
    flags = {"THEANORC": str(tmp_path / "rc"), "THEANO_FLAGS": "compute_test_value=warn"}
    assert output_of(code, **flags).split() == ["float32", "warn", "float64"]


@pytest.mark.parametrize("name", REEXPORTS)
def test_a_row_of_the_table_is_a_module(name):
    module = importlib.import_module(f"symgrad.{name}")
    row = REEXPORTS[name]
    spec = importlib.util.find_spec(f"symgrad.{name}")
    assert module.__spec__ is spec
    assert (spec.submodule_search_locations is not None) == row.package
    assert sys.modules[f"symgrad.{name}"] is module
    assert row.doc in inspect.getdoc(module)
    assert inspect.getsourcefile(module) == reexports.__file__
    for known in row.names:
        assert getattr(module, known) is getattr(importlib.import_module(row.names[known]), known)
    for known, there in row.renamed.items():
        assert any(
            getattr(module, known) is getattr(importlib.import_module(source), there, None)
            for source in row.sources
        )


def test_modules_of_the_table_are_as_others():
    from symgrad.theano.gof.fg import FunctionGraph
    from symgrad.theano.tensor.opt import assert_

    assert pickle.loads(pickle.dumps(FunctionGraph)) is FunctionGraph
    assert assert_ is theano.tensor.opt.assert_op
    names = {}
    exec("from symgrad.theano.gof.toolbox import *", names)
    assert "ReplacementDidntRemovedError" in names
    assert "Features of graphs" in pydoc.render_doc(theano.gof.toolbox)
    assert importlib.reload(theano.gof.sched) is theano.gof.sched
    with pytest.raises(MissingImportError, match=r"theano\.typed_list\.opt is not available"):
        from symgrad.theano.typed_list import opt  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"symgrad\.theano\.gof\.nowhere"):
        importlib.import_module("symgrad.theano.gof.nowhere")
    assert importlib.util.find_spec("symgrad.theano.gof.nowhere") is None


def test_both_names_are_of_the_same_modules():
    code = "import symgrad as sg\nsg.install_as_theano()\nimport theano.gof.fg, pickle\n"
    code += "from theano.sandbox.linalg import ops\nimport symgrad.theano.gof.fg as other\n"
    code += "print(theano.gof.fg is other, theano.gof.fg.__name__, ops.__spec__.name)\n"
    code += "print(pickle.dumps(theano.updates.OrderedUpdates).count(b'symgrad.theano.updates'))"
    words = "True symgrad.theano.gof.fg symgrad.theano.sandbox.linalg.ops 1"
    assert output_of(code).split() == words.split()
