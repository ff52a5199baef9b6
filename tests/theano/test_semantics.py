"""What small programs mean in Theano 1.0.5, as recorded there, and indices on JAX."""

import copy
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest

import symgrad.theano as theano
import symgrad.theano.tensor as T
from symgrad.backends import mode_of
from symgrad.errors import BackendError
from tests.reference.make_theano_semantics import CASES
from tests.theano.conftest import REFERENCE, assert_same

RECORDED = json.loads((REFERENCE / "theano_semantics.json").read_text())

# Errors that are other classes here; each is an error all the same.
RENAMED = {"E_grad": "GradientError", "AssertionError": "ValueError"}


SLOW = {"scan_with_checkpoints", "truncated_normal_numbers"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in CASES]


@pytest.mark.parametrize("name", NAMES)
def test_program_means_what_it_meant_in_theano(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(CASES[name](theano, T), RECORDED[name], RENAMED)


def test_copies_have_states_of_their_own():
    # In Theano 1.0.5 they had the memory of a result in common, and the state went wrong.
    x, s = T.dscalars("x", "s")
    f = theano.function([x, theano.In(s, value=1.0, update=s + x)], s * 10)
    g = copy.copy(f)
    assert [f(2.0), f(3.0), g(1.0), g(0.0), f(0.0)] == [10, 30, [10], [20], 60]
    assert [f[s], g[s]] == [6, 2]


def test_updates_may_be_of_a_more_special_type():
    W, x = theano.shared(np.zeros((2, 1)), name="W"), T.dmatrix("x")
    theano.function([], updates=[(W, T.ones((2, 1)))])()
    assert W.get_value().tolist() == [[1], [1]]
    state = theano.In(x, value=np.zeros((3, 1)), update=T.ones((1, 1), dtype="float64"))
    f = theano.function([state], x.sum())
    assert [f(), f()] == [0, 1]


def on_jax(*args, **options):
    return theano.function(*args, **options, mode=mode_of("jax"))


def test_jax_says_what_it_cannot_know():
    x, n = T.dmatrix("x"), T.iscalar("n")
    given = theano.scan(lambda row: row * 2, outputs_info=x, n_steps=n)[0]
    with pytest.raises(BackendError, match="given as a number .*Take it from the shape"):
        on_jax([x, n], given)(np.ones((2, 3)), 2)
    with pytest.raises(BackendError, match="boolean mask|nonzero"):
        on_jax([x], x[x[:, 0] > 0])
    with pytest.raises(TypeError, match="Wrong number of dimensions"):
        on_jax([x], x)(np.ones(3))


@pytest.fixture
def table():
    return theano.shared(np.arange(8.0).reshape(4, 2), name="W")


@pytest.mark.parametrize("bad", [[4], [0, -5], [1, 9]])
def test_jax_raises_for_an_index_out_of_range_and_writes_nothing(table, bad):
    i = T.lvector("i")
    f = on_jax([i], table[i].sum(), updates=[(table, T.inc_subtensor(table[i], 1.0))])
    assert f([0, -1]) == 14
    before = table.get_value()
    with pytest.raises(IndexError, match=f"index {bad[-1]} is out of bounds"):
        f(bad)
    np.testing.assert_array_equal(table.get_value(), before)


def test_jax_returns_what_was_asked_for_beside_its_report(table):
    i = T.lscalar("i")
    assert on_jax([i], table[i])(1).tolist() == [2, 3]
    assert [row.tolist() for row in on_jax([i], [table[i]])(-1)] == [[6, 7]]
    assert on_jax([i], {"row": table[i], "twice": 2 * i})(2)["row"].tolist() == [4, 5]
    write = on_jax([i], updates=[(table, T.set_subtensor(table[i], 0.0))])
    assert write(3) is None
    assert write.copy()(0) == []
    assert table.get_value()[:, 1].tolist() == [0, 3, 5, 0]
    with pytest.raises(IndexError):
        write(4)


def test_jax_leaves_repeated_writes_alone(table):
    i = T.lvector("i")
    f = on_jax([i], updates=[(table, T.set_subtensor(table[i], table[i] * 2))])
    f([1, 1, 2])
    assert table.get_value()[:, 0].tolist() == [0, 4, 8, 6]


INSTALLED = """
import collections
import inspect
import warnings

import numpy as np
import theano
import theano.tensor as T

counter = theano.shared(0.0)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    counter.default_update = counter + 1
f = theano.function([], counter)
f()
del counter.default_update
g = theano.function([], counter)
print(g(), g(), f(), g())
x = T.arange(24).reshape((2, 3, 4))
print(x[[slice(1, 2), slice(1, -1), slice(None)]].eval().tolist())
c, row = T.col(), T.row()
shapes = [c[:, None], c[1:, None], c[None, :], c[0, None], c[:, None, :], row[0, :, None]]
print([shape.broadcastable for shape in shapes] == [
    (False, True), (False, True), (True, False), (True,), (False, True, True), (False, True)])
mean = theano.shared(np.ones(2))
mean.default_update = mean * 0.5 + T.constant([[1.0, 2.0]]).sum(0)  # its length is known
theano.function([], mean)()
print(mean.get_value().tolist())
y = theano.Variable(T.dscalar)
print(y.type, y.owner, np.linspace(-1, 1, np.sqrt(9.0)))
print("filter_dilation" in inspect.getargspec(T.nnet.conv2d).args)
print(issubclass(list, collections.MutableSequence))
total, _ = theano.scan(lambda entry, before: entry + before, T.vector(), T.zeros(()))
scan = total.owner.inputs[0].owner.op
same = [[*output.owner.inputs] == [*scan.inputs] for output in scan.outputs]
print([variable.ndim for variable in scan.inputs], same)
theano.config.compute_test_value = "raise"
try:
    T.ones((2, 3)) + T.ones((3, 2))
except ValueError:
    print("while it is built")
"""


def test_what_a_program_of_theano_expects_of_the_process(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(INSTALLED)
    command = [sys.executable, "-m", "symgrad", "run", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1.0 1.0 1.0 2.0",
        "[[[16, 17, 18, 19]]]",
        "True",
        "[1.5, 2.5]",
        "TensorType(float64, scalar) None [-1.  0.  1.]",
        "True",
        "True",
        "[0, 0] [True]",
        "while it is built",
    ]


@pytest.mark.slow
def test_a_graph_becomes_a_page(tmp_path):
    pytest.importorskip("pydot")
    x = T.dvector("x")
    path = tmp_path / "graph.html"
    theano.d3viz.d3viz(theano.function([x], x * 2), str(path))
    assert "<html" in path.read_text()
