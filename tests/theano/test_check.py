"""``symgrad check``: names as programs reach them, their status, and the page of all names."""

import ast
import inspect
import json
import pkgutil
import subprocess
import sys
import textwrap
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytensor
import pytest

import symgrad.theano as theano
import symgrad.theano.tensor as T
from symgrad import cli
from symgrad.theano.configparser import TheanoConfigWarning
from symgrad.theano.differences import TheanoDifferenceWarning
from symgrad.theano.names import recorded
from symgrad.theano.patches import variables
from symgrad.theano.port.adapted import ADAPTED
from symgrad.theano.port.check import check
from symgrad.theano.port.status import (
    page,
    resolve,
    status_of,
    status_of_chain,
    status_of_flag,
)
from symgrad.theano.port.used_names import read
from symgrad.theano.reexports import REEXPORTS

# Some functions have the name of the module that they are in: to import that must not hide them.
for module in pkgutil.walk_packages(theano.__path__, "symgrad.theano."):
    import_module(module.name)
for module in REEXPORTS:
    import_module(f"symgrad.{module}")

ROOT = Path(__file__).parents[2]
PARAMETERS = json.loads((ROOT / "tests" / "reference" / "theano_parameters.json").read_text())


def names(source):
    """The dotted names of Theano that a source uses."""
    uses = read(ast.parse(textwrap.dedent(source))).uses
    return {use.name for use in uses if use.name.startswith("theano")}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import theano.tensor as T\nT.exp", "theano.tensor.exp"),
        ("import theano\ntheano.tensor.nnet.softmax(x).sum()", "theano.tensor.nnet.softmax"),
        ("import theano as th\nth.function", "theano.function"),
        ("from theano import tensor as T, function\nT.dot(function)", "theano.tensor.dot"),
        ("from theano import tensor, function\nfunction([])", "theano.function"),
        ("from theano.tensor.nnet import conv\nconv.conv2d()", "theano.tensor.nnet.conv.conv2d"),
        ("from theano.tensor import *\nexp(dmatrix())", "theano.tensor.exp"),
        ("from theano import theano\ntheano.tensor.exp", "theano.tensor.exp"),
        (
            "from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams\nRandomStreams",
            "theano.sandbox.rng_mrg.MRG_RandomStreams",
        ),
        ("import theano\nT = theano.tensor\nT.log", "theano.tensor.log"),
        ("import theano\ndef f():\n    T = theano.tensor\n    return T.log", "theano.tensor.log"),
        ("def f():\n    return T.log\nimport theano.tensor as T", "theano.tensor.log"),
        ("import theano.tensor as T\na, b = T.exp, 1\na(b)", "theano.tensor.exp"),
        ("import theano.tensor as T\ngetattr(T, 'load')", "theano.tensor.load"),
        ("import theano.tensor as T\nclass A:\n    def f(self): T.abs_", "theano.tensor.abs_"),
        ("import theano.tensor as T\n[T.exp(x) for x in y]", "theano.tensor.exp"),
        ("import theano.tensor as T\nf = lambda x: T.exp(x)", "theano.tensor.exp"),
        ("import importlib\nt = importlib.import_module('theano')\nt.grad", "theano.grad"),
        (
            "try:\n    import theano.tensor as T\nexcept ImportError:\n    T = None\nT.exp",
            "theano.tensor.exp",
        ),
    ],
)
def test_names_are_found_by_every_alias(source, name):
    assert name in names(source)


@pytest.mark.parametrize(
    "source",
    [
        "import theano.tensor as T\ndef f(T):\n    T.exp",
        "import theano.tensor as T\nT = 5\nT.exp",
        "import theano.tensor as T\n[T.exp for T in y]",
        "import theano.tensor as T\nf = lambda T: T.exp",
        "from . import theano\ntheano.tensor.exp",
        "import theano.tensor as T\nT.exp = 5",
        "class A:\n    import theano.tensor as T\n    def f(self): T.exp",
    ],
)
def test_other_things_of_that_name_are_not(source):
    assert "theano.tensor.exp" not in names(source)


def checked(tmp_path, source, name="program.py", **options):
    path = tmp_path / name
    path.write_text(textwrap.dedent(source))
    return check(path, **options)


def of(report, kind):
    return {name["name"]: name["lines"] for name in report.of(kind)}


def test_statuses_and_lines(tmp_path):
    report = checked(
        tmp_path,
        """
        import os
        os.environ["THEANO_FLAGS"] = "floatX=float32,lib.cnmem=0.8"
        import numpy as np, theano, theano.tensor as T
        y = T.exp(T.matrix()) + T.exp(1)
        T.inplace.exp_inplace(y)
        f = theano.function([], T.load("x.npy"), mode="ProfileMode")
        theano.config.no_flag, theano.config.floatX.startswith("f"), np.cast["float32"](1)
        """,
    )
    assert of(report, "exact")["theano.tensor.exp"] == ["5"]
    assert "theano.config.floatX" in of(report, "exact")
    assert of(report, "missing") == {"theano.tensor.load": ["7"], "theano.config.no_flag": ["8"]}
    assert set(of(report, "adapted")) == {
        "theano.config.lib.cnmem",
        "theano.function(mode=)",
        "theano.tensor.inplace.exp_inplace",
    }
    assert of(report, "brought back") == {"numpy.cast": ["8"]}


def test_what_the_program_goes_on_without_is_optional(tmp_path):
    report = checked(
        tmp_path,
        """
        import theano
        import theano.sandbox.cuda as cuda
        try:
            from theano.gpuarray import fft
            from theano.tensor.signal.pool import pool_2d
        except ImportError:
            from theano.tensor.signal.gone import pool_2d
        if cuda.cuda_available:
            from theano.sandbox.cuda.blas import GpuCorrMM
        try:
            from theano.tensor.nnet.nnet import softsign
        except ImportError:
            from theano.sandbox.nowhere import softsign
        hasattr(theano.tensor, "load")
        fft.cuirfft
        """,
    )
    optional = of(report, "optional")
    assert {"theano.gpuarray.fft", "theano.sandbox.cuda.blas.GpuCorrMM"} <= set(optional)
    assert {"theano.sandbox.nowhere", "theano.tensor.load"} <= set(optional)
    assert set(of(report, "missing")) == {"theano.tensor.signal.gone"}


def test_python_2_is_recognised_and_keeps_its_lines(tmp_path):
    source = "import theano.tensor as T\nprint 'a', \\\n  0777\nT.load\nT.exp\n"
    report = checked(tmp_path, source)
    assert (report.python, of(report, "missing")) == (2, {"theano.tensor.load": ["4"]})
    assert "--py2" in report.hints[0]
    report = checked(tmp_path, "import six\nfor k in xrange(3): d.iteritems()\n")
    assert report.python == 3
    assert "xrange (line 2), .iteritems() (line 2)" in report.hints[0]
    assert "pip install six" in report.hints[1]


def test_cells_of_a_notebook(tmp_path):
    sources = [["%matplotlib inline\n", "import theano.tensor as T"], ["x = 1\n", "T.load(x)"]]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    notebook = json.dumps({"cells": [{"cell_type": "markdown", "source": ["("]}, *cells]})
    report = checked(tmp_path, notebook, "notes.ipynb")
    assert of(report, "missing") == {"theano.tensor.load": ["cell 2:2"]}


def test_the_command(tmp_path, capsys):
    (tmp_path / "good.py").write_text("import theano\nopen('ran', 'w')\n")
    assert cli.main(["check", str(tmp_path)]) == 0
    assert not Path("ran").exists()
    assert "1 file: 1 exact" in capsys.readouterr().out
    (tmp_path / "bad.py").write_text("import theano\ntheano.tensor.load\n")
    assert cli.main(["check", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert "theano.tensor.load (line 2): arrays are not read from disk" in printed
    assert cli.main(["check", "--json", str(tmp_path)]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert [Path(file["path"]).name for file in facts["files"]] == ["bad.py", "good.py"]
    assert facts["counts"]["missing"] == 1
    (tmp_path / "broken.py").write_text("import theano\ndef f(:\n")
    assert cli.main(["check", str(tmp_path / "broken.py")]) == 2
    assert "broken.py:2:" in capsys.readouterr().err
    assert cli.main(["check", "nowhere"]) == 2
    assert "there is no nowhere: give a script" in capsys.readouterr().err


def test_checking_imports_no_program_and_not_theano_of_another(tmp_path):
    (tmp_path / "theano.py").write_text("raise SystemExit('imported')")
    (tmp_path / "program.py").write_text("import theano\ntheano.grad\n")
    command = [sys.executable, "-m", "symgrad", "check", "program.py"]
    paths = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


OLDEST = pytensor.__version__.startswith("3.0.")


def test_every_entry_of_the_table_is_of_a_name_that_is_here():
    for name in ADAPTED:
        module, _, last = name.rpartition(".")
        every = last in ("*", "**")
        assert every or last in recorded()[module], name
        if OLDEST:
            assert status_of(module if every else name).kind != "missing", name


# Parameters that only the code of Theano itself gave by name, or whose default means the same.
SAME_MEANING = {
    "theano.clone",
    "theano.configparser.AddConfigVar",
    "theano.dot",
    "theano.get_scalar_constant_value",
    "theano.gof.utils.simple_extract_stack",
    "theano.misc.pkl_utils.StripPickler",
    "theano.sandbox.linalg.eigvalsh",
    "theano.sparse.basic.structured_add",
    "theano.sparse.basic.structured_maximum",
    "theano.sparse.basic.structured_minimum",
    "theano.sparse.basic.structured_pow",
    "theano.tensor.Tensor",
    "theano.tensor.argsort",
    "theano.tensor.basic.argsort",
    "theano.tensor.basic.permute_row_elements",
    "theano.tensor.raw_random.multinomial",
    "theano.tensor.signal.pool.DownsampleFactorMaxGradGrad",
    "theano.tensor.sort",
}


def takes(value, wanted):
    """Whether a callable takes what Theano's took, at the same places and by the same names."""
    try:
        ours = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return True
    positional = [p for p in ours if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    any_place = any(p.kind is p.VAR_POSITIONAL for p in ours)
    any_name = any(p.kind is p.VAR_KEYWORD for p in ours)
    for place, parameter in enumerate(wanted):
        name, equals, default = parameter.partition("=")
        if name.startswith("*"):
            continue
        if place >= len(positional):
            if not (any_name or (any_place and not equals)):
                return False
        elif positional[place].name != name or (
            equals and default and repr(positional[place].default) != default
        ):
            return False
    required = [p for p in positional[len(wanted) :] if p.default is p.empty]
    return not required


def test_functions_take_what_theanos_took_or_are_in_the_table():
    """The audit of signatures: of every public function and class, but not of methods."""
    different = []
    for name, wanted in PARAMETERS.items():
        if wanted is None or name.rpartition(".")[0] not in recorded():
            continue
        if status_of(name).kind == "exact" and name not in SAME_MEANING:
            value = resolve(name)
            if callable(value) and not takes(value, wanted):
                different.append(name)
    shared = {name.rpartition(".")[2] for name in SAME_MEANING}
    assert [name for name in different if name.rpartition(".")[2] not in shared] == []


# Of variables: hooks of debuggers, other names of parameters, and what `symgrad run` brings.
NOT_METHODS = {"choose", "dot", "get_scalar_constant_value", "reshape"}
NOT_METHODS |= {f"{word}_construction_observer" for word in ("append", "remove")}
NOT_METHODS |= {"construction_observers", "notify_construction_observers"}


def test_methods_of_variables_take_what_theanos_took():
    prefix = "theano.tensor.TensorVariable."
    methods = {
        name.removeprefix(prefix): parameters
        for name, parameters in PARAMETERS.items()
        if prefix in name
    }
    assert len(methods) > 70
    for name in methods.keys() - NOT_METHODS:
        method = inspect.getattr_static(T.TensorVariable, name)
        if methods[name] is not None and name != "clone":
            wanted = [next(iter(inspect.signature(method).parameters)), *methods[name]]
            assert takes(method, wanted) or "kind='quicksort'" in wanted, name


def test_missing_is_computed_and_says_why():
    assert status_of("theano.tensor.nnet.ctc.ctc").note.startswith("there is no warp-ctc")
    assert status_of("theano.tensor.no_such_name").kind == "missing"
    assert status_of_chain("theano.tensor.sort.topk").name == "theano.tensor.sort.topk"
    assert status_of_chain("theano.tensor.exp.name.x").name == "theano.tensor.exp"
    assert status_of_chain("theano.config.change_flags").kind == "exact"
    assert status_of_flag("device").kind == "adapted"
    assert status_of_flag("gcc.cxxflags").kind == "exact"
    assert status_of_flag("no_such_flag").kind == "missing"


def test_the_page_is_what_the_command_prints():
    if not OLDEST:
        pytest.skip("the page is computed with the oldest PyTensor")
    written = ROOT / "docs" / "how-to" / "theano-names.md"
    assert written.read_text() == page()


@pytest.mark.parametrize("module", ["theano", "theano.tensor", "theano.tensor.extra_ops"])
def test_a_star_brings_what_is_passed_on(module):
    brought = {}
    exec(f"from symgrad.{module} import *", brought)
    here = {name for name in recorded()[module] if status_of(f"{module}.{name}").kind != "missing"}
    assert {name for name in here if not name.startswith("_")} <= set(brought)


def test_modules_of_pytensor_do_not_hide_theanos():
    for module in ("theano.sparse.basic", "theano.tensor.elemwise", "theano.tensor.type"):
        assert resolve(module).__name__ == f"symgrad.{module}"
    assert theano.scalar.config is T.config is theano.config
    assert issubclass(T.Op, theano.Op)


def test_calls_as_theano_had_them():
    """Values of Theano 1.0.5, and of NumPy for ``take``."""
    v, m = np.array([3.0, 1.0, 2.0]), np.array([[2.0, 5.0], [1.0, 3.0]])
    first, second = T.split(v, [1, 2], 2, 0)
    assert (first.eval().tolist(), second.eval().tolist()) == ([3.0], [1.0, 2.0])
    assert T.unravel_index(np.array([4]), (2, 3), ndim=2)[1].eval().tolist() == [1]
    assert T.tensor6("x", "float32").dtype == "float32"
    np.testing.assert_allclose(T.nlinalg.eigh(m, "U")[0].eval(), [-2.52493781, 7.52493781])
    assert T.take(v, T.constant(4), mode="clip").eval() == 2.0
    assert T.is_flat(T.vector())
    np.testing.assert_allclose(
        T.nnet.nnet.CrossentropySoftmax1HotWithBiasDx()(v[:2], m, np.array([0, 1])).eval(),
        [[3.0, 15.0], [1.0, 2.0]],
    )
    np.testing.assert_allclose(
        T.nnet.nnet.SoftmaxGrad()(m, m / 10).eval(), [[-0.18, 1.05], [0.0, 0.6]], atol=1e-12
    )
    assert T.inplace.exp_inplace is T.exp
    assert variables.reshape(T.as_tensor_variable(m), [4], 1).eval().tolist() == [2, 5, 1, 3]


def test_correlations_by_their_ops():
    """As NumPy has them: filters are not flipped; gradients are those of the sum."""
    from symgrad.theano.tensor.nnet.corr import CorrMM, CorrMM_gradInputs, CorrMM_gradWeights

    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(1, 1, 4, 3)), rng.normal(size=(1, 1, 2, 2))
    top = CorrMM()(T.as_tensor_variable(image), T.as_tensor_variable(kernel))
    windows = np.lib.stride_tricks.sliding_window_view(image[0, 0], (2, 2))
    np.testing.assert_allclose(top.eval()[0, 0], (windows * kernel[0, 0]).sum(axis=(2, 3)))
    ones = np.ones((1, 1, 3, 2))
    weights = CorrMM_gradWeights()(T.as_tensor_variable(image), T.as_tensor_variable(ones))
    np.testing.assert_allclose(weights.eval()[0, 0], windows.sum(axis=(0, 1)))
    inputs = CorrMM_gradInputs()(T.as_tensor_variable(kernel), T.as_tensor_variable(ones))
    assert inputs.eval().sum() == pytest.approx(6 * kernel.sum())
    with pytest.raises(ValueError, match="shape must be given"):
        CorrMM_gradInputs(subsample=(2, 2))(T.as_tensor_variable(kernel), top)


def test_differences_are_told_once_at_the_line_of_the_program():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            theano.compile.get_mode("ProfileMode")
            theano.config.lib.cnmem = 0.7
            theano.config.lib.cnmem = 0.0
    assert [warning.category for warning in told] == [TheanoDifferenceWarning, TheanoConfigWarning]
    assert all("docs/how-to/port-theano.md" in str(warning.message) for warning in told)
    assert all(warning.filename == __file__ for warning in told)
