"""Longer programs for Theano, run as they stand: they print what Theano 1.0.5 printed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import symgrad.theano as theano
import symgrad.theano.tensor as T
from symgrad.theano.port import python2
from tests.reference.theano_long_programs import LONG_PROGRAMS, PYTHON_2
from tests.theano.conftest import REFERENCE

RECORDED = json.loads((REFERENCE / "theano_programs.json").read_text())
TOLERANCE = {"float64": 1e-8, "float32": 1e-4}
FAST = {"denoising"}


def names():
    """All programs; only a few compile fast enough for every run of the tests."""
    return [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in LONG_PROGRAMS
    ]


def assert_prints_the_same(name, dtype, folder, *options):
    path = folder / f"{name}.py"
    path.write_text(LONG_PROGRAMS[name])
    options += ("--py2",) if name in PYTHON_2 else ()
    done = subprocess.run(
        [sys.executable, "-m", "symgrad", "run", *options, str(path)],
        capture_output=True,
        text=True,
        env=os.environ | {"THEANO_FLAGS": f"floatX={dtype}"},
    )
    assert done.returncode == 0, done.stderr
    printed = [float(word) for word in done.stdout.replace("True", "1").split()]
    rtol = TOLERANCE[dtype]
    np.testing.assert_allclose(printed, RECORDED[name][dtype], rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", names())
def test_program_prints_what_theano_printed(name, tmp_path):
    assert_prints_the_same(name, "float64", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG_PROGRAMS)
def test_program_in_single_precision(name, tmp_path):
    assert_prints_the_same(name, "float32", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["denoising", "sessions"])
def test_program_on_numba(name, tmp_path):
    assert_prints_the_same(name, "float64", tmp_path, "--backend", "numba")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["attention", "hessian_free", "lenet", "sessions", "tagger"])
def test_program_on_jax(name, tmp_path):
    """The others draw from NumPy's streams, or have an Op of their own in C."""
    assert_prints_the_same(name, "float64", tmp_path, "--backend", "jax")


def test_python_2_parameters_may_be_tuples():
    source = """
def f(self, (x, (y, z)), (w,), k=2):
    "Words."
    return x + y * z + w + k
found = f(None, (1, (2, 3)), [4]), map(lambda (k, v): k - v, {5: 2}.items()), (lambda (a): a)(8)
"""
    names = {}
    exec(python2.compile_source(source.encode(), "old.py"), names)
    assert names["found"] == (13, [3], 8)


def test_python_2_methods_have_their_names_of_python_3():
    source = """
class Batches:
    def __init__(self): self.left = 3
    def __iter__(self): return self
    def __nonzero__(self): return self.left > 1
    def __div__(self, n): return self.left / n
    def next(self):
        if not self.left: raise StopIteration
        self.left -= 1
        return self.left
def f(): pass
b = Batches()
found = b.next(), bool(b), b / 2, list(b), bool(b), (k for k in 'ab').next(), f.func_name
"""
    names = {}
    exec(python2.compile_source(source.encode(), "old.py"), names)
    assert names["found"] == (2, True, 1, [1, 0], False, "a", "f")


def test_python_2_sorts_lists_by_a_function_and_arrays_by_their_own():
    source = """
words = ["bb", "a", "ccc"]
words.sort(lambda a, b: cmp(len(b), len(a)))
grid = numpy.array([[2, 1], [1, 2]])
grid.sort(0)
found = words, numpy.sort([2, 1]).tolist(), grid.tolist()
"""
    names = {"numpy": np}
    exec(python2.compile_source(source.encode(), "old.py"), names)
    assert names["found"] == (["ccc", "bb", "a"], [1, 2], [[1, 1], [2, 2]])


@pytest.mark.parametrize("module", ["pickle", "cPickle"])
def test_python_2_pickles_to_files_of_text(module, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        f"import numpy, {module} as p\n"
        f"from {module} import Pickler\n"
        "with open('state', 'w') as file:\n"
        "    p.dump(numpy.arange(3), file)\n"
        "    Pickler(file, -1).dump([4])\n"
        "file = open('state')\n"
        "print p.load(file).sum(), p.Unpickler(file).load()[0]\n"
        "open('old', 'w').write('S\"\\\\xe9\"\\np0\\n.')\n"
        "print len(p.load(open('old'))), len(p.loads(p.dumps('abc', 2)))\n"
    )
    run = [sys.executable, "-m", "symgrad", "run", "--py2", str(program)]
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ | path
    )
    assert done.stdout.split() == ["3", "4", "1", "3"]


def test_python_2_reads_and_writes_text_of_any_encoding(tmp_path):
    (tmp_path / "latin").write_bytes("d\xe9j\xe0\r\nvu\r\n".encode("latin-1"))
    source = """
lines = open("latin").readlines()
words = [line.strip().decode("latin-1") for line in open("latin", "rU")]
with open("copy", "w") as copy:
    copy.writelines(lines)
    copy.write("|".join([u"d\xe9j\xe0".encode("utf-8"), u"\xe9".encode("latin-1")]))
with open("copy", "ab") as copy:
    copy.write("!")
found = (len(lines[0]), words, unicode("vu", "utf-8"), unicode("vu", errors="ignore"),
         unicode(3), "vu".decode("utf-8", errors="ignore"), b"vu".decode("ascii"))
"""
    program = tmp_path / "program.py"
    program.write_text(source + "print repr(found)\n", encoding="utf-8")
    run = [sys.executable, "-m", "symgrad", "run", "--py2", str(program)]
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ | path
    )
    assert done.stdout.strip() == "(6, ['d\xe9j\xe0', 'vu'], 'vu', 'vu', '3', 'vu', 'vu')"
    expected = "d\xe9j\xe0\r\nvu\r\n".encode("latin-1") + "d\xe9j\xe0".encode() + b"|\xe9!"
    assert (tmp_path / "copy").read_bytes() == expected


def test_python_2_divides_in_place():
    source = """
class Rates: rate = 7
r, w, k, n, s = Rates(), numpy.array([6.0, 3.0]), numpy.array([7, 4]), [9, 9], [0, 1]
def scaled(a): a /= 2
scaled(w), scaled(k)
r.rate /= 2
n[0] /= 2
n[s.pop()] /= 3
found = r.rate, w.tolist(), k.tolist(), n
"""
    names = {"numpy": np}
    exec(python2.compile_source(source.encode(), "old.py"), names)
    assert names["found"] == (3, [3, 1.5], [3, 2], [4, 3])


def test_python_2_packages_import_their_own_modules_by_name(tmp_path):
    inner = tmp_path / "layers" / "cells"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("from units import SIZE\nimport cells.gates\n")
    (inner.parent / "units.py").write_text("SIZE = 4\n")
    (inner.parent / "random.py").write_text(
        "from __future__ import absolute_import\nimport random\n"
    )
    (inner / "__init__.py").write_text(
        "import gates, os.path as p, random as r\nfrom units import SIZE\n"
    )
    (inner / "gates.py").write_text("NUMBER = 3\n")
    (inner / "units.py").write_text("SIZE = 5\n")
    (tmp_path / "units.py").write_text("SIZE = 6\n")
    program = tmp_path / "program.py"
    program.write_text(
        "import layers, layers.random, units\n"
        "print layers.SIZE, layers.cells.SIZE, units.SIZE, layers.cells.gates.NUMBER\n"
        "print layers.cells.p.sep, layers.cells.r.random() < 1\n"
        "print layers.random.random.__name__\n"
    )
    run = [sys.executable, "-m", "symgrad", "run", "--py2", str(program)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "5", "6", "3", "/", "True", "random"]


@pytest.mark.parametrize("backend", ["c", "numba"])
def test_arrays_are_made_as_older_numpy_made_them(backend, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import pickle, numpy, theano, theano.tensor as T\n"
        "rows = numpy.asarray([[1, 2], [3]])\n"
        "print(rows.dtype, len(rows[0]), numpy.array([[1], [2]]).dtype.kind)\n"
        "print(numpy.fromstring(b'\\0\\0\\x80?', dtype='float32'))\n"
        "print(numpy.fromstring('1', sep=' '))\n"
        "print(pickle.loads(pickle.dumps(numpy.array)) is numpy.array)\n"
        "try:\n"
        "    numpy.array([[1, 2], [3]], dtype='int32')\n"
        "except ValueError:\n"
        "    print('refused')\n"
        "x = T.dvector()\n"
        "rest = x[T.arange(x.shape[0] - 1) + 1]\n"
        "print(theano.function([x], [T.sort(x).cumsum(), rest])([3, 1])[0].tolist())\n"
    )
    run = [sys.executable, "-m", "symgrad", "run", "--backend", backend, str(program)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "Rewrite failure" not in done.stderr
    words = "object 2 i [1.] [1.] True refused [1.0, 4.0]"
    assert done.stdout.split() == words.split()


def test_first_random_op_leaves_the_seed_of_numpy(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import numpy\n"
        "from theano.sandbox.rng_mrg import MRG_RandomStreams\n"
        "numpy.random.seed(0)\n"
        "MRG_RandomStreams(1).uniform((2,))\n"
        "print(numpy.random.rand())\n"
    )
    run = [sys.executable, "-m", "symgrad", "run", str(program)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(np.random.RandomState(0).rand(), abs=1e-12)


def test_set_of_a_sum_adds_up_when_its_parts_are_multiplied_by_one():
    table, i, g = theano.shared(np.zeros((3, 1))), T.ivector("i"), T.dmatrix("g")
    rows = table[i]
    new = np.float32(1) * rows + np.float32(1) * g**2
    f = theano.function([i, g], [], updates=[(table, T.set_subtensor(rows, new))])
    f([0, 1, 0], [[1.0], [10.0], [100.0]])
    assert table.get_value().ravel().tolist() == [10001, 100, 0]  # as Theano 1.0.5 leaves it


def test_an_op_may_take_no_compiler():
    class Half(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.gof.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = np.asarray(inputs[0] / 2)

        def c_headers(self):
            return ["<math.h>"]

        def c_libraries(self, compiler):
            return []

    op = Half()
    assert op.c_headers(c_compiler=None) == ["<math.h>"]
    assert op.c_libraries(c_compiler=None) == []


def test_python_2_walks_through_lines_of_text_and_reads_bytes(tmp_path):
    source = """
import csv, gzip, numpy, pickle, cPickle
with open("table", "wb") as table:
    csv.writer(table).writerows([["a", 1], ["b", 2]])
print list(csv.reader(open("table", "rb"))),
print [row["a"] for row in csv.DictReader(open("table", "rb"))]
print " ".join([line.strip() for line in open("table", "rb")])
for module in pickle, cPickle:
    module.dump(["x", 1], open("pickled", "wb"))
    print module.load(open("pickled", "rb")),
packed = gzip.open("packed", "wb"); cPickle.dump("y", packed, 2); packed.close()
numpy.save(open("array", "wb"), numpy.arange(2))
print cPickle.load(gzip.open("packed", "rb")), numpy.load(open("array", "rb")),
print numpy.frombuffer(open("array", "rb").read()[-8:], dtype="int64")
"""
    program = tmp_path / "program.py"
    program.write_text(source)
    run = [sys.executable, "-m", "symgrad", "run", "--py2", str(program)]
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        run, capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ | path
    )
    assert done.stdout.splitlines() == [
        "[['a', '1'], ['b', '2']] ['b']",
        "a,1 b,2",
        "['x', 1] ['x', 1] y [0 1] [1]",
    ]


def test_what_theano_pickled_is_read(tmp_path):
    """Tables, types, random streams, and the archives of ``pkl_utils``; not graphs of Ops."""
    program = tmp_path / "program.py"
    program.write_text(READS_PICKLES)
    pickles = REFERENCE / "theano_pickles.json"
    run = [sys.executable, "-W", "error", "-m", "symgrad", "run", str(program), str(pickles)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    drawn = 0.32425445408994724  # by Theano 1.0.5: RandomStreams(3).uniform(()).eval()
    *lines, last = done.stdout.splitlines()
    assert lines == ["table [[0, 1, 2], [3, 4, 5]] 3 (False, True)", "[[0, 3], [1, 4], [2, 5]]"] * 2
    assert float(last) == drawn


READS_PICKLES = """
import base64, io, json, pickle, sys
import theano
import theano.tensor as T
from theano.misc import pkl_utils

with open(sys.argv[1]) as file:
    data = {name: base64.b64decode(text) for name, text in json.load(file).items()}
for _ in range(2):
    kinds = pickle.loads(data["shared"])
    table = kinds["table"]
    print(table, table.get_value().astype(int).tolist(), kinds["step"].get_value(), end=" ")
    print(kinds["col"].broadcastable)
    assert kinds["col"] == T.fcol().type and kinds["step"].type == T.lscalar().type
    f = theano.function([], table.T, updates=[(table, table + 1)])
    print(f().astype(int).tolist())
    assert table.get_value()[0, 0] == 1
assert pickle.loads(data["oldest"]).get_value().sum() == 15
first, again, step = pkl_utils.load(io.BytesIO(data["archive"]))
assert first is again and first.get_value().sum() == 15 and step.get_value() == 3
print(pickle.loads(data["streams"]).uniform(()).eval())
"""
