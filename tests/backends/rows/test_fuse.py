"""One pass over the rows: equal to separate reads, arithmetic and writes, or left alone."""

import pickle

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.compile.debug.debugmode import DebugMode
from pytensor.compile.mode import Mode

import symgrad as sg
from symgrad.backends import mode_of
from symgrad.backends.rewrite_order import with_symgrad_rewrites
from symgrad.backends.rows.op import RowUpdate
from symgrad.backends.tags import FUSION
from tests.cost.test_index_kinds import RULES, rates, tolerance
from tests.kinds import VARIETIES, integers

pytestmark = pytest.mark.skipif(not pytensor.config.cxx, reason="there is no C++ compiler")


def both(inputs, updates, start, backend="c"):
    """A call of the function with and one without fusion, and the audit of the first.

    Each call starts from the same tables and returns them.
    """
    fs = [sg.function(inputs, updates=updates, backend=backend, fuse=x) for x in (True, False)]

    def run(f, *args):
        for table, value in start.items():
            table.set_value(value)
        f(*args)
        return [table.get_value() for table in updates]

    return (lambda *args: run(fs[0], *args)), (lambda *args: run(fs[1], *args)), fs[0].audit


def values_of(updates, rng):
    """Positive values for tables and slots, for counts as they are."""
    return {
        one: rng.random(one.get_value().shape).astype(one.dtype)
        if one.dtype.startswith("float")
        else one.get_value()
        for one in updates
    }


def row_updates(f):
    nodes = f.maker.fgraph.toposort()
    return [node for node in nodes if isinstance(node.op, RowUpdate)]


def check_rule(rule, dtype, backend, **options):
    rng = np.random.default_rng(0)
    W = sg.shared(rng.normal(size=(9, 5)).astype(dtype), name="W")
    index, g = pt.lvector("index"), pt.matrix("g", dtype=dtype)
    updates = sg.RULES[rule]([g], [W[index]], **rates(rule), **options)
    fused, separate, audit = both([index, g], updates, values_of(updates, rng), backend)
    tables = tuple(one for one in updates if one.type.ndim == 2)
    # One inc, whose rows nothing has to be computed for, is a loop already.
    is_alone = rule == "sgd" and not options
    assert audit.fused == (() if is_alone else (tables,))
    assert {cost.kind for cost in audit.costs} == {"rows"}
    for variety in VARIETIES:
        at = integers(rng, variety, 9)
        block = rng.normal(size=(len(at), 5)).astype(dtype)
        for a, b in zip(fused(at, block), separate(at, block), strict=True):
            np.testing.assert_allclose(a, b, **tolerance(dtype))


@pytest.mark.parametrize("backend", ["c", "numba"])
@pytest.mark.parametrize("rule", ["adagrad", "rowwise_adagrad"])
def test_rules(rule, backend):
    check_rule(rule, "float32", backend)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["c", "numba"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_all_rules(rule, dtype, backend):
    check_rule(rule, dtype, backend)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("sgd", {"constraint": sg.max_norm(1.0)}),
        ("rowwise_adagrad", {"constraint": sg.unit_norm()}),
        ("adam", {"counter": "row"}),
        ("adagrad", {"write": "set", "constraint": sg.nonnegative()}),
    ],
    ids=["max_norm", "two sums", "counts of rows", "set"],
)
@pytest.mark.parametrize("backend", ["c", "numba"])
def test_options(rule, options, backend):
    check_rule(rule, "float64", backend, **options)


@pytest.mark.parametrize("backend", ["c", "numba"])
@pytest.mark.parametrize("layout", ["Fortran", "sliced", "3-D", "transposed 3-D", "vector", "one"])
def test_layouts(layout, backend):
    rng = np.random.default_rng(0)
    start = {
        "Fortran": np.asfortranarray(rng.random((9, 5))),
        "sliced": rng.random((18, 10))[::2, ::2],
        "3-D": rng.random((9, 2, 3)),
        "transposed 3-D": rng.random((3, 2, 9)).T,
        "vector": rng.random(27)[::3],
        "one": rng.random((9, 1)),
    }[layout]
    W = sg.shared(start, name="W", borrow=True)
    index, g = pt.lvector("index"), pt.tensor("g", dtype="float64", shape=(None,) * start.ndim)
    updates = sg.adagrad([g], [W[index]], learning_rate=0.1)
    f = sg.function([index, g], updates=updates, backend=backend)
    assert len(f.audit.fused) == 1
    before, at = start.copy(), np.array([3, -1, 3])
    block = rng.normal(size=(3, *start.shape[1:]))
    f(at, block)
    expected, acc = before.copy(), np.zeros_like(before)
    for row, summed in ((3, block[0] + block[2]), (8, block[1])):
        acc[row] += summed**2
        expected[row] -= 0.1 * summed / np.sqrt(acc[row] + 1e-6)
    np.testing.assert_allclose(W.get_value(), expected, rtol=1e-12)
    assert W.get_value(borrow=True) is start  # in place


def test_graphs_of_others():
    """RMSprop with momentum as programs write it by hand, rows summed beforehand."""
    rng = np.random.default_rng(0)
    W, v, m = (sg.shared(rng.random((9, 4)), name=name) for name in ("W", "v", "m"))
    index, g = pt.lvector("index"), pt.dmatrix("g")
    rows, summed, _ = sg.coalesce(index, g, W.shape[0])
    new_v = 0.9 * v[rows] + 0.1 * summed**2
    new_m = 0.5 * m[rows] - 0.01 * summed / pt.sqrt(new_v + 1e-6)
    updates = {
        v: pt.set_subtensor(v[rows], new_v),
        m: pt.set_subtensor(m[rows], new_m),
        W: pt.inc_subtensor(W[rows], new_m),
    }
    start = {one: one.get_value() for one in updates}
    fused, separate, audit = both([index, g], updates, start)
    assert audit.fused == ((v, m, W),)
    at, block = np.array([1, -1, 8, 1]), rng.normal(size=(4, 4))
    for a, b in zip(fused(at, block), separate(at, block), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_a_table_that_is_only_read():
    rng = np.random.default_rng(0)
    W = sg.shared(rng.random((9, 4)), name="W")
    rate = pytensor.shared(rng.random((9, 1)), shape=(None, 1))
    index, g = pt.lvector("index"), pt.dmatrix("g")
    rows, summed, _ = sg.coalesce(index, g, W.shape[0])
    updates = {W: pt.inc_subtensor(W[rows], -rate[rows] * summed)}
    fused, separate, audit = both([index, g], updates, {W: W.get_value()})
    assert audit.fused == ((W,),)
    args = np.array([1, 1, -1]), rng.random((3, 4))
    np.testing.assert_allclose(fused(*args)[0], separate(*args)[0], rtol=1e-13)


def test_widths_do_not_mix():
    """Two tables of one index share numbers per row, not entries: two passes."""
    rng = np.random.default_rng(0)
    A, B = (sg.shared(rng.random((9, k)), name=f"W{k}") for k in (4, 6))
    per_row, mask = pt.dvector("per_row"), pt.vector("mask", dtype="bool")
    (rows,) = mask.nonzero()
    column = per_row.dimshuffle(0, "x")
    updates = {
        A: pt.set_subtensor(A[rows], A[rows] * column),
        B: pt.set_subtensor(B[rows], B[rows] * column + pt.sum(A[rows] ** 2, axis=1)[:, None]),
    }
    start = {one: one.get_value() for one in updates}
    fused, separate, audit = both([per_row, mask], updates, start)
    assert max(map(len, audit.fused), default=0) <= 1
    args = rng.random(3), np.arange(9) % 3 == 1
    for a, b in zip(fused(*args), separate(*args), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_tables_of_different_length():
    """Each has its own rows: -1 is the last one of either; none is written beyond its end."""
    rng = np.random.default_rng(0)
    A, B = sg.shared(rng.random((9, 2)), name="A"), sg.shared(rng.random((7, 2)), name="B")
    g = pt.dmatrix("g")
    index = pt.constant([-1, -3])
    updates = {
        A: pt.set_subtensor(A[index], A[index] * g),
        B: pt.set_subtensor(B[index], B[index] + g),
    }
    start = {one: one.get_value() for one in updates}
    fused, separate, audit = both([g], updates, start)
    assert audit.fused == ((A, B),)
    block = rng.random((2, 2))
    for a, b in zip(fused(block), separate(block), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)
    f = sg.function([g], updates=updates, backend="c")
    B.set_value(np.ones((2, 2)))
    before = A.get_value()
    with pytest.raises(sg.errors.IndexOutOfRangeError, match="-3"):
        f(block)
    assert np.array_equal(A.get_value(), before)
    assert np.array_equal(B.get_value(), np.ones((2, 2)))


@pytest.mark.parametrize("linker", ["py", "cvm", "numba"])
def test_the_op_checks_before_it_writes(linker):
    """In plain PyTensor nothing else looks at the index."""
    A, B = sg.shared(np.ones((9, 2)), name="A"), sg.shared(np.ones((7, 2)), name="B")
    index, g = pt.lvector("index"), pt.dmatrix("g")
    rows, summed, _ = sg.coalesce(index, g, 9)
    updates = {
        A: pt.set_subtensor(A[rows], A[rows] * summed),
        B: pt.set_subtensor(B[rows], B[rows] + summed),
    }
    f = pytensor.function([index, g], updates=updates, mode=mode(linker))
    assert len(row_updates(f)) == 1
    for at, block, message in (
        ([0, 8], np.zeros((2, 2)), "index"),
        ([0, 9], np.zeros((2, 2)), "index"),
        ([0, 1, 2], np.zeros((2, 2)), "one"),
        ([0, 1], np.zeros((2, 3)), "shape"),
    ):
        with pytest.raises((IndexError, ValueError), match=message):
            f(np.array(at), block)
    assert np.array_equal(A.get_value(), np.ones((9, 2)))
    assert np.array_equal(B.get_value(), np.ones((7, 2)))


def mode(linker):
    """Plain PyTensor, but for fusion and the rewrites that are unsound."""
    return with_symgrad_rewrites(Mode(linker, "fast_run")).including(FUSION)


def test_a_table_that_may_not_be_written():
    """A memory map opened for reading, say: C code that wrote there would crash."""
    start = np.ones((9, 2))
    W = sg.shared(start, name="W", borrow=True)
    index, g = pt.lvector("index"), pt.dmatrix("g")
    f = sg.function([index, g], updates=sg.adagrad([g], [W[index]], 0.1), backend="c")
    start.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        f(np.array([1]), np.ones((1, 2)))
    assert np.array_equal(start, np.ones((9, 2)))


@pytest.mark.parametrize("linker", ["cvm", "numba"])
def test_written_by_hand_with_repeats(linker):
    """All is read before anything is written: sums add up, and of what is set the last remains."""
    rng = np.random.default_rng(0)
    W, v, m = (sg.shared(rng.random((9, 4)), name=name) for name in ("W", "v", "m"))
    index, g = pt.lvector("index"), pt.dmatrix("g")
    old, new_v = W[index], v[index] + g**2
    updates = {
        v: pt.set_subtensor(v[index], new_v),
        m: pt.inc_subtensor(m[index], m[index] * new_v),
        W: pt.inc_subtensor(old, -0.1 * g * old / pt.sqrt(new_v + 1e-6)),
    }
    before = [one.get_value() for one in updates]
    f = pytensor.function([index, g], updates=updates, mode=mode(linker))
    (node,) = row_updates(f)
    assert node.op.n_written == 3
    at, block = np.array([1, 3, 1, -6, 8, 1]), rng.normal(size=(6, 4))
    f(at, block)
    expected_v, expected_m, expected_W = (one.copy() for one in before)
    found = before[0][at] + block**2
    expected_v[at] = found
    np.add.at(expected_m, at, before[1][at] * found)
    np.add.at(expected_W, at, -0.1 * block * before[2][at] / np.sqrt(found + 1e-6))
    for one, expected in zip(updates, (expected_v, expected_m, expected_W), strict=True):
        np.testing.assert_allclose(one.get_value(), expected, rtol=1e-13)


def test_left_alone():
    W, m = sg.shared(np.ones((9, 2)), name="W"), sg.shared(np.ones((9, 2)), name="m")
    index, g = pt.lvector("index"), pt.dmatrix("g")
    rows, summed, _ = sg.coalesce(index, g, W.shape[0])
    written = pt.set_subtensor(W[rows], W[rows] * summed)
    cases = {
        "read after the write": ([written[index].sum()], {W: written}),
        "two writes": ([], {W: pt.inc_subtensor(written[index], g * g)}),
        "written elsewhere": ([], {m: written}),
        "not an update": ([written], {}),
        "columns": ([], {W: pt.inc_subtensor(W[:, pt.constant([0])], 2 * g)}),
    }
    for name, (outputs, updates) in cases.items():
        f = pytensor.function(
            [index, g], outputs, updates=updates, mode=mode("cvm"), on_unused_input="ignore"
        )
        assert not row_updates(f), name


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_random_graphs(data):
    """Whatever reads and writes what, fused or not, the values are those of no rewrite at all."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    lengths = data.draw(st.sampled_from([(6, 6, 6), (6, 6, 5)]))
    tables = [sg.shared(rng.random((n, 2)), name=f"T{k}") for k, n in enumerate(lengths)]
    index, g = pt.lvector("index"), pt.dmatrix("g")
    rows, summed, _ = sg.coalesce(index, g, 5)
    state = {one: one for one in tables}
    blocks = [summed]
    for _ in range(data.draw(st.integers(1, 5))):
        target, source = (data.draw(st.sampled_from(tables)) for _ in range(2))
        # The table as it was, or as it has become.
        seen = data.draw(st.sampled_from([source, state[source]]))
        block = data.draw(st.sampled_from(blocks)) * 0.5 + seen[rows]
        if data.draw(st.booleans()):
            block = block - pt.sum(block, axis=1, keepdims=True)
        blocks.append(block)
        write = data.draw(st.sampled_from([pt.set_subtensor, pt.inc_subtensor]))
        state[target] = write(state[target][rows], block)
    updates = {one: new for one, new in state.items() if new is not one}
    start = {one: one.get_value() for one in tables}
    at, block = rng.integers(-5, 5, 4), rng.random((4, 2))
    found = []
    for this in (mode("cvm"), Mode("py", None)):
        f = pytensor.function([index, g], blocks[-1].sum(), updates=updates, mode=this)
        for table, value in start.items():
            table.set_value(value)
        found.append([f(at, block), *(one.get_value() for one in tables)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_old_rows_that_are_still_wanted():
    """The table cannot be overwritten while its old values are an output: a copy, and right."""
    W, mask = sg.shared(np.ones((4, 2)), name="W"), pt.vector("mask", dtype="bool")
    (rows,) = mask.nonzero()
    new = pt.set_subtensor(W[rows], W[rows] * 3)
    f = pytensor.function([mask], W[:3], updates={W: new}, mode=mode("cvm"))
    assert np.array_equal(f(np.array([1, 0, 0, 0], bool)), np.ones((3, 2)))
    assert W.get_value().tolist() == [[3, 3], [1, 1], [1, 1], [1, 1]]


def fused_node(rule="rowwise_adagrad", **options):
    """A RowUpdate as the rewrites make it, not in place, on plain variables."""
    W = sg.shared(np.ones((9, 5)), name="W")
    index, g = pt.lvector("index"), pt.dmatrix("g")
    updates = sg.RULES[rule]([g], [W[index]], **rates(rule), **options)
    f = pytensor.function([index, g], updates=updates, mode=mode("cvm"))
    (node,) = row_updates(f)
    return node


def test_debug_mode():
    W = sg.shared(np.random.default_rng(0).random((9, 5)), name="W")
    index, g = pt.lvector("index"), pt.dmatrix("g")
    updates = sg.RULES["rowwise_adagrad"]([g], [W[index]], 0.1, constraint=sg.max_norm(1.0))
    debug = DebugMode(check_py_code=True, require_matching_strides=0)
    f = pytensor.function([index, g], updates=updates, mode=debug.including(FUSION))
    assert row_updates(f)
    f(np.array([1, -1, 1]), np.ones((3, 5)))
    f(np.array([], "int64"), np.ones((0, 5)))


def test_openmp():
    rng = np.random.default_rng(0)
    args = np.array([3, 1, -1, 3, 5] * 3), rng.random((15, 5))
    with pytensor.config.change_flags(openmp=True, openmp_elemwise_minsize=1):
        W = sg.shared(np.ones((9, 5)), name="W")
        index, g = pt.lvector("index"), pt.dmatrix("g")
        updates = sg.adam([g], [W[index]], constraint=sg.max_norm(1.0))
        fused, separate, audit = both(
            [index, g], updates, {one: one.get_value() for one in updates}
        )
        assert audit.fused
    for a, b in zip(fused(*args), separate(*args), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_one_c_module_for_all_rates():
    """Numbers are operands: another learning rate needs no other C code."""
    ops = []
    for rate in (0.1, 0.2):
        W = sg.shared(np.ones((9, 5)), name="W")
        index, g = pt.lvector("index"), pt.dmatrix("g")
        updates = sg.adagrad([g], [W[index]], learning_rate=rate)
        f = pytensor.function([index, g], updates=updates, mode=mode("cvm"))
        ops += [node.op for node in row_updates(f)]
    first, second = ops
    assert first == second
    assert pickle.loads(pickle.dumps(first)) == first


def test_names():
    assert str(fused_node().op) == "RowUpdate{inc, set}"


def test_jax_means_the_same(monkeypatch):
    """The rewrite leaves JAX alone, since XLA fuses as well; the Op can run there all the same."""
    mode = mode_of("jax").including(FUSION)
    monkeypatch.setattr("symgrad.compile.compiled.mode_of", lambda backend: mode)
    W = sg.shared(np.random.default_rng(0).random((9, 5)), name="W")
    index, g = pt.lvector("index"), pt.dmatrix("g")
    updates = sg.RULES["rowwise_adagrad"]([g], [W[index]], constraint=sg.max_norm(1.0))
    start = values_of(updates, np.random.default_rng(1))
    found = []
    for fuse in (True, False):
        f = sg.function([index, g], updates=updates, backend="jax", audit="off", fuse=fuse)
        assert len(f.audit.fused) == fuse
        for table, value in start.items():
            table.set_value(value)
        f(np.array([1, -1, 1]), np.ones((3, 5)))
        found.append([table.get_value() for table in updates])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_one_gather_and_one_buffer_around_it():
    """Parts of one subset: the rows are read once, and their gradients fill one buffer."""
    W, index = sg.shared(np.ones((50, 4), "float32"), name="W"), pt.lvector("index")
    subset, n = W[index], index.shape[0] // 3
    first, second, third = subset[:n], subset[n : 2 * n], subset[2 * n :]
    cost = (first * (third - second)).sum()
    f = sg.function([index], cost, updates=sg.adagrad(cost, subset), backend="c")
    names = [str(node.op) for node in f.compiled.maker.fgraph.toposort()]
    assert sum(name.startswith("AdvancedSubtensor") for name in names) == 1
    assert names.count("Alloc") == 1
    assert sum(name.startswith("IncSubtensor") for name in names) == 3
    f(np.arange(12))
    assert not np.array_equal(W.get_value()[:12], np.ones((12, 4)))
