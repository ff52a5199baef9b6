"""Tables are donated to XLA, which works in their memory."""

import gc
import weakref

import numpy as np
import pytensor.tensor as pt
import pytest

import symgrad as sg
from tests.compile.steps import vector_of_indices


def test_jax_donates_the_tables():
    W = sg.shared(np.zeros((1000, 8), "float32"), name="W")
    updates = sg.adam((W[vector_of_indices] ** 2).sum(), W)
    f = sg.function([vector_of_indices], updates=updates, backend="jax")
    f([0, 1])
    arrays = {s: s.container.storage[0] for s in updates if s.type.ndim}
    assert len(arrays) == 3
    assert all(not isinstance(a, np.ndarray) for a in arrays.values())
    pointers = {s: a.unsafe_buffer_pointer() for s, a in arrays.items()}
    f([2, 1])
    for shared, array in arrays.items():
        assert array.is_deleted()
        assert shared.container.storage[0].unsafe_buffer_pointer() == pointers[shared]


def adagrad_by_hand(W):
    """What is added to `sums` is not made of what is read of it."""
    sums = sg.shared(np.ones((5000, 8), "float32"), name="sums")
    rows = W[vector_of_indices]
    step = 2 * rows + 1
    new = sums[vector_of_indices] + step**2
    return [
        (sums, pt.inc_subtensor(sums[vector_of_indices], step**2)),
        (W, pt.inc_subtensor(rows, -step / pt.sqrt(new))),
    ]


def adam(W):
    return sg.adam((W[vector_of_indices] ** 2).sum(), W)


@pytest.mark.parametrize(("updates", "n_tables"), [(adam, 3), (adagrad_by_hand, 2)])
def test_xla_needs_no_second_table(updates, n_tables):
    from symgrad.backends.xla.linker import float64

    W = sg.shared(np.zeros((5000, 8), "float32"), name="W")
    f = sg.function([vector_of_indices], updates=updates(W), backend="jax")
    f([0, 1])
    fgraph = f.compiled.maker.fgraph
    shared = iter(s.container.storage[0] for s in f.compiled.get_shared())
    given = [
        next(shared) if spec.implicit else np.array([0, 1]) for spec in f.compiled.maker.inputs
    ]
    assert len(given) == len(fgraph.inputs)
    with float64():
        memory = f.compiled.vm.jit_fn.lower(*given).compile().memory_analysis()
    n_bytes = W.get_value().nbytes
    assert memory.alias_size_in_bytes >= n_tables * n_bytes
    assert memory.temp_size_in_bytes < n_bytes / 10


def test_tables_on_the_device_leave_the_memory_here():
    W = sg.shared(np.zeros((5, 2)), name="W")
    f = sg.function(
        [vector_of_indices], updates=sg.sgd(W[vector_of_indices].sum(), W, 1.0), backend="jax"
    )
    here = weakref.ref(W.container.storage[0])
    f([0])
    gc.collect()
    assert here() is None
