"""Writes of rows in C: equal to NumPy's, whatever the shapes, types and repeats."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.debug.debugmode import DebugMode

import symgrad as sg
from symgrad.backends import mode_of
from symgrad.backends.rewrite_order import with_symgrad_rewrites
from symgrad.backends.rows.write import RowWrite
from symgrad.backends.tags import C

WRITES = {"inc": pt.inc_subtensor, "set": pt.set_subtensor}
# Shapes of the table, the index and the rows.
SHAPES = {
    "rows": ((6, 3), (4,), (4, 3)),
    "one row for all": ((6, 3), (4,), (1, 3)),
    "a vector for all": ((6, 3), (4,), (3,)),
    "a number for all": ((6, 3), (4,), ()),
    "a column": ((6, 3), (4,), (4, 1)),
    "numbers": ((6,), (4,), (4,)),
    "blocks": ((6, 3, 2), (4,), (4, 3, 2)),
    "matrix of indices": ((6, 3), (2, 2), (2, 2, 3)),
    "no rows": ((6, 3), (0,), (0, 3)),
}


def written(table, index, rows, how):
    expected = table.copy()
    if how == "inc":
        np.add.at(expected, index, rows)
    else:
        expected[index] = rows
    return expected


def compiled(*args, **options):
    """Without sg.function, whose checks would look at the index before."""
    return pytensor.function(*args, **options, mode=mode_of("c"))


def writes(f):
    return [node for node in f.maker.fgraph.toposort() if isinstance(node.op, RowWrite)]


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("case", SHAPES)
def test_shapes(case, how):
    rng = np.random.default_rng(0)
    shape, of_index, of_rows = SHAPES[case]
    start = rng.random(shape)
    at, given = rng.integers(-3, 3, of_index), rng.random(of_rows)
    index, rows = pt.tensor("index", dtype="int64", shape=(None,) * at.ndim), tensor_like(given)
    table = sg.shared(start, name="table")
    new = WRITES[how](table[index], rows)
    f = compiled([index, rows], updates={table: new})
    (node,) = writes(f)
    assert node.op.inplace
    f(at, given)
    np.testing.assert_allclose(table.get_value(), written(start, at, given, how), rtol=1e-15)


def tensor_like(array):
    return pt.tensor("rows", dtype=array.dtype, shape=(None,) * array.ndim)


@pytest.mark.parametrize("how", WRITES)
@pytest.mark.parametrize("dtype", ["float32", "int64", "int8", "bool"])
def test_dtypes_and_strides(dtype, how):
    """Of a table that is a part of another one, by rows of another type."""
    if (dtype, how) == ("bool", "inc"):
        pytest.skip("bools are not added")
    rng = np.random.default_rng(0)
    start = rng.integers(0, 2, (9, 8)).astype(dtype)
    given = rng.integers(0, 2, (4, 3)).astype("bool" if dtype == "bool" else "int8")
    table, index, rows = pt.matrix(dtype=dtype), pt.bvector(), tensor_like(given)
    f = compiled([table, index, rows], WRITES[how](table[index], rows))
    assert writes(f)
    at = np.array([0, -1, 0, 2], "int8")
    part = start[::2, 1:7:2]
    found = f(part, at, given)
    assert np.array_equal(found, written(part, at, given, how))
    assert found.dtype == dtype


def test_the_dense_gradient_of_a_read():
    W, index = sg.shared(np.ones((6, 3)), name="W"), pt.lmatrix("index")
    f = compiled([index], pytensor.grad((W[index] ** 2).sum(), W))
    (node,) = writes(f)
    assert node.op.inplace
    assert f(np.array([[1, 1], [1, 5]]))[:, 0].tolist() == [0, 6, 0, 0, 0, 2]


@pytest.mark.parametrize("how", WRITES)
def test_nothing_is_written_before_all_is_checked(how):
    W, index, rows = sg.shared(np.ones((6, 3)), name="W"), pt.lvector("index"), pt.dmatrix("rows")
    f = compiled([index, rows], updates={W: WRITES[how](W[index], rows)})
    for at, given, message in (
        ([0, 6], np.zeros((2, 3)), "index 6"),
        ([0, -7], np.zeros((2, 3)), "index -7"),
        ([0, 1], np.zeros((3, 3)), "broadcast"),
    ):
        with pytest.raises((IndexError, ValueError), match=message):
            f(np.array(at), given)
    assert np.array_equal(W.get_value(), np.ones((6, 3)))


def test_debug_mode():
    W, index, rows = sg.shared(np.ones((6, 3)), name="W"), pt.lvector("index"), pt.dmatrix("rows")
    debug = with_symgrad_rewrites(DebugMode(check_py_code=True, require_matching_strides=0))
    for write in WRITES.values():
        new = write(W[index], rows)
        f = pytensor.function([index, rows], updates={W: new}, mode=debug.including(C))
        assert writes(f)
        f(np.array([1, -1, 1]), np.ones((3, 3)))
