"""symgrad.theano against values recorded from Theano 1.0.5, and old programs as they stand."""

import json
import os
import pickle
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytensor
import pytest

import symgrad.theano as theano
import symgrad.theano.tensor as T
from symgrad.errors import SymgradError
from symgrad.theano.port import python2
from tests.reference.theano_core_cases import CASES
from tests.reference.theano_programs import PROGRAMS
from tests.theano.conftest import REFERENCE, assert_same

RECORDED = json.loads((REFERENCE / "theano_core.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_case_agrees_with_theano(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(CASES[name](theano, T, np), RECORDED[name])


def run(path, *options, **environment):
    """What ``symgrad run`` prints for a program: words, and what went to the other stream."""
    done = subprocess.run(
        [sys.executable, "-m", "symgrad", "run", *options, str(path)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def test_texts_are_those_of_theano():
    """Graphs, Ops, types and classes, as they were printed by 1.0.5."""
    printed, _ = run(REFERENCE / "theano_texts.py")
    assert printed == (REFERENCE / "theano_texts.txt").read_text().split()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_what_theano_printed(name, tmp_path):
    path = tmp_path / f"{name}.py"
    path.write_text(PROGRAMS[name])
    printed, _ = run(path, *(["--py2"] if name == "mlp" else []))
    np.testing.assert_allclose(list(map(float, printed)), RECORDED[f"{name}.py"], rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_program_on_another_backend(backend, tmp_path):
    path = tmp_path / "word2vec.py"
    path.write_text(PROGRAMS["word2vec"])
    printed, _ = run(path, "--backend", backend)
    np.testing.assert_allclose(list(map(float, printed)), RECORDED["word2vec.py"], rtol=1e-6)


def test_run_installs_the_name_with_flags_and_python_2_modules(tmp_path):
    helper = "def half(n):\n    print 'half of', n\n    return n / 2\n"
    (tmp_path / "helper.py").write_text(helper)
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import sys, theano, numpy, collections
        import theano.tensor as T
        from helper import half
        print theano.config.floatX, T.dmatrix().dtype, T.matrix().dtype, half(7), 010, 7L
        print sys.argv[1:], theano.config.gpuarray.preallocate, numpy.float is float
        print bool(T.scalar()), isinstance({}, collections.Mapping), theano.__version__[:5]
        try:
            if T.scalar() > 1: print "true"
        except TypeError, error:
            print type(error).__name__
        try:
            from theano.gpuarray import fft
        except ImportError, error:
            print "libgpuarray" in str(error)
        """)
    )
    flags = "floatX=float32,device=cpu,gpuarray.preallocate=0.8"
    printed, warned = run(program, "--py2", THEANO_FLAGS=flags)
    assert "flags of Theano without effect here: gpuarray.preallocate=0.8" in warned
    words = "half of 7 float32 float64 float32 3 8 7 [] 0.8 True True True 1.0.5 TypeError True"
    assert printed == words.split()


def test_nothing_is_changed_for_others_by_the_import_alone():
    code = "import symgrad.theano, pytensor.tensor as pt\ntry: bool(pt.scalar())\n"
    code += "except TypeError: print('raises')\n"
    code += "import importlib.util; print(importlib.util.find_spec('theano'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["raises", "None"]


def test_theano_holds_itself():
    from symgrad.theano import theano as inner

    assert inner is theano


def test_missing_names_say_why():
    with pytest.raises(AttributeError, match=r"theano\.tensor\.load is not available: arrays"):
        _ = T.load
    with pytest.raises(ImportError, match=r"theano\.gpuarray\.fft.*libgpuarray"):
        from symgrad.theano.gpuarray import fft  # noqa: F401
    assert not hasattr(T, "no_such_name")


def test_errors_of_function_say_what_is_wrong():
    x = T.dscalar("x")
    with pytest.raises(TypeError, match="inputs are a list"):
        theano.function(x, x)
    with pytest.raises(TypeError, match="givens"):
        theano.function([theano.shared(1.0)], x)
    f = theano.function([x], x)
    with pytest.raises(KeyError, match="is no input"):
        f["y"]


def test_functions_and_shareds_are_pickled():
    x, w = T.dvector("x"), theano.shared(np.ones(2), name="w")
    f = theano.function([x, theano.In(T.dscalar("c"), value=2.0)], x * w, on_unused_input="ignore")
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(again(np.arange(2.0)), [0, 1])
    assert pickle.loads(pickle.dumps(w)).name == "w"


def test_zip_files_keep_arrays_and_names(tmp_path):
    from symgrad.theano.misc.pkl_utils import dump, load

    table, other = theano.shared(np.arange(4.0), name="table"), np.ones((2, 2))
    path = tmp_path / "model.zip"
    with path.open("wb") as file:
        dump((table, other), file)
    assert "table" in np.load(path, allow_pickle=True).files
    with path.open("rb") as file:
        again, array = load(file)
    np.testing.assert_array_equal(again.get_value(), np.arange(4.0))
    np.testing.assert_array_equal(array, other)


def test_flags_are_read_over_the_file(tmp_path, monkeypatch):
    from symgrad.theano.environment import read_flags

    (tmp_path / "rc").write_text("[global]\nfloatX = float32\ndevice = cpu\n[nvcc]\nfastmath=1\n")
    monkeypatch.setenv("THEANORC", str(tmp_path / "rc"))
    monkeypatch.setenv("THEANO_FLAGS", "floatX=float64,mode=FAST_COMPILE")
    flags = read_flags()
    assert flags == {
        "floatX": "float64",
        "device": "cpu",
        "nvcc.fastmath": "1",
        "mode": "FAST_COMPILE",
    }
    with pytest.raises(AttributeError, match=r"theano\.config\.no_flag"):
        _ = theano.config.no_flag
    with theano.config.change_flags(floatX="float32", scan__debug=True):
        assert (pytensor.config.floatX, theano.config.scan.debug) == ("float32", True)
    assert (pytensor.config.floatX, theano.config.scan.debug) == ("float64", False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print 'a', b", "print('a', b)"),
        ("print('a')", "print('a')"),
        ("print (a), b", "print((a), b)"),
        ("print >>f, a", "print(a, file=f)"),
        ("print a,", "print(a, end=' ')"),
        ("print", "print()"),
        ("raise E, 'x'", "raise E( 'x')"),
        ("x = 0777 + 10L", "x = 0o777 + 10"),
        ("s = '0777 <> 10L'  # print x", "s = '0777 <> 10L'  # print x"),
        ("a <> `b`", "a != repr(b)"),
        ("if x: print y; print z", "if x: print(y); print(z)"),
        ("exec 'a = 1' in d", "exec('a = 1' , d)"),
    ],
)
def test_python_2_is_translated(old, new):
    assert python2.translate(old).replace(" ", "") == new.replace(" ", "")


def test_missing_program_is_an_error():
    from symgrad.theano.port.run import run as run_program

    with pytest.raises(SymgradError, match="there is no file nowhere.py"):
        run_program("nowhere.py")


def test_optimizers_of_graphs_may_write_in_place():
    from symgrad.theano.gof.opt import inplace_optimizer

    seen = []
    rewriter = inplace_optimizer(seen.append)
    x = T.dvector("x")
    graph = theano.gof.FunctionGraph([x], [x + 1])
    rewriter.rewrite(graph)
    assert seen == [graph]
    assert hasattr(graph, "destroyers")
