"""A compiled step: NumPy at the edges, dtypes, shapes that JAX compiles for."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad import errors
from symgrad.backends import BACKENDS
from tests.compile.steps import table, vector_of_indices
from tests.conftest import compile_on


def test_a_table_goes_from_backend_to_backend():
    W = table(dtype="float32")
    updates = sg.adam((W[vector_of_indices] ** 2).sum(), W, learning_rate=0.1)
    cost = (W[vector_of_indices] ** 2).sum()
    fs = {b: sg.function([vector_of_indices], cost, updates=updates, backend=b) for b in BACKENDS}
    reference = table(dtype="float32")
    same = sg.adam((reference[vector_of_indices] ** 2).sum(), reference, learning_rate=0.1)
    g = compile_on("unoptimised", [vector_of_indices], updates=same)
    for b in ("jax", "c", "jax", "numba", "c", "jax", "jax"):
        assert type(fs[b]([0, 3, 3])) is np.ndarray
        g([0, 3, 3])
    assert int(updates.slots["t"].get_value()) == 7
    for shared, other in zip(updates, same, strict=True):
        value = shared.get_value()
        assert type(value) is np.ndarray
        assert value.dtype == other.get_value().dtype
        np.testing.assert_allclose(value, other.get_value(), rtol=2e-5)


def test_the_users_array_is_never_written(backend):
    mine = np.ones((4, 2))
    W = sg.shared(np.zeros((4, 2)), name="W")
    f = sg.function(
        [vector_of_indices], updates=sg.sgd(W[vector_of_indices].sum(), W, 1.0), backend=backend
    )
    W.set_value(mine)
    f([0]), f([0])
    assert (mine == 1).all()
    kept = W.get_value()
    f([1])
    assert kept[1, 0] == 1
    assert W.get_value()[1, 0] == 0
    kept[:] = 7
    assert W.get_value()[1, 0] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_survive(dtype, backend):
    W = table(dtype=dtype)
    updates = sg.adam(W[vector_of_indices].mean(), W, learning_rate=0.1)
    f = sg.function([vector_of_indices], W[vector_of_indices], updates=updates, backend=backend)
    assert f([0, 2]).dtype == dtype
    assert {s.get_value().dtype.name for s in updates} == {dtype, "int64"}


def test_jax_keeps_float64_whatever_floatx_is():
    with pytensor.config.change_flags(floatX="float32"):
        W = table(dtype="float64")
        updates = sg.adam(W[vector_of_indices].sum(), W)
        f = sg.function([vector_of_indices], updates=updates, backend="jax")
        f([0])
        assert W.get_value().dtype == "float64"
        assert updates.slots["t"].get_value().dtype == "int64"


def test_two_shareds_over_one_array(backend):
    array = np.ones((4, 2))
    a = sg.shared(array, name="a", borrow=True)
    b = sg.shared(array, name="b", borrow=True)
    updates = sg.sgd(a[vector_of_indices].sum() + b.sum(), [a, b], 1.0)
    with pytest.raises(errors.SharedArrayError, match="a and b live on one array"):
        sg.function([vector_of_indices], updates=updates, backend=backend)
    b.set_value(array.copy(), borrow=True)
    f = sg.function([vector_of_indices], updates=updates, backend=backend)
    if backend != "jax":  # JAX copies to the device what it is given
        b.set_value(a.get_value(borrow=True), borrow=True)
        with pytest.raises(errors.SharedArrayError, match="live on one array"):
            f([0])


def compilations(caplog, call):
    """How often JAX compiles something in a call."""
    import jax

    caplog.clear()
    with jax.log_compiles():
        call()
    return sum("compil" in record.message.lower() for record in caplog.records)


@pytest.mark.parametrize("rule", [sg.sgd, sg.adagrad, sg.adam])
def test_jax_compiles_once_for_one_shape(rule, caplog):
    W = table(dtype="float32")
    updates = rule((W[vector_of_indices] ** 2).sum(), W, learning_rate=0.1)
    f = sg.function([vector_of_indices], updates=updates, backend="jax")
    assert compilations(caplog, lambda: f([0, 3]))  # the tables come from NumPy
    assert not compilations(caplog, lambda: f([3, 3]))  # and now from the call before
    W.set_value(2 * W.get_value())
    assert not compilations(caplog, lambda: f(np.array([-1, 0])))
    assert compilations(caplog, lambda: f([1]))


def test_jax_says_when_it_compiles_for_ever_new_shapes():
    W = table()
    f = sg.function([vector_of_indices], W[vector_of_indices], backend="jax")
    with pytest.warns(errors.RetraceWarning, match="5 shapes.*one length: pad"):
        for n in range(1, 6):
            f([0] * n)
    f([0] * 9)


@pytest.mark.parametrize(
    "graph",
    [
        lambda W, i, a, m: W[a : i[0]],
        lambda W, i, a, m: W[m],
        lambda W, i, a, m: W[m.nonzero()],
        lambda W, i, a, m: pt.split(W[i], pt.stack([a, i.shape[0] - a]), n_splits=2)[0] ** 2,
    ],
    ids=["slice", "mask", "nonzero", "split"],
)
def test_what_jax_cannot_express_is_said_when_compiling(graph):
    W, a, m = table(), pt.lscalar("a"), pt.vector("m", dtype="bool")
    subset = graph(W, vector_of_indices, a, m)
    with pytest.raises(errors.BackendError, match="JAX (needs|cannot).*use backend='c' or"):
        sg.function(
            [vector_of_indices, a, m],
            updates=sg.sgd(subset.sum(), W, 1.0),
            backend="jax",
            on_unused_input="ignore",
        )
