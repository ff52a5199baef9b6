"""Every kind of index: how it is written in a graph and in NumPy, and values of each variety."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt

VARIETIES = ("unique", "repeated", "negative", "empty")


@dataclass(frozen=True)
class Kind:
    """One kind of index.

    ``read(table, *inputs)`` makes the subset, ``index(*values)`` the NumPy index of the same
    entries, and ``draw(rng, variety)`` values of the inputs, or None where there are none such.
    """

    shape: tuple[int, ...]
    inputs: Callable[[], list]
    read: Callable
    index: Callable
    draw: Callable
    rows: bool = True  # it chooses rows of axis 0, all of them whole
    jax: bool = True


def integers(rng, variety, high, shape=(5,), dtype="int64"):
    """Integers below `high`, of one variety."""
    unsigned = np.issubdtype(dtype, np.unsignedinteger)
    if variety == "empty":
        return np.zeros((0, *shape[1:]), dtype)
    if variety == "negative":
        return None if unsigned else rng.integers(-high, 0, shape).astype(dtype)
    n = int(np.prod(shape))
    if variety == "unique":
        return rng.permutation(high)[:n].reshape(shape).astype(dtype) if n <= high else None
    values = rng.integers(0, high, shape).astype(dtype)
    values.flat[-1] = values.flat[0]
    return values


def integer_input(name, dtype="int64", shape=(None,)):
    return lambda: [pt.tensor(name, dtype=dtype, shape=shape)]


def vector_of(dtype):
    return Kind(
        shape=(9, 3),
        inputs=integer_input("index", dtype),
        read=lambda W, i: W[i],
        index=lambda i: i,
        draw=lambda rng, v: _some(integers(rng, v, 9, dtype=dtype)),
    )


def _some(*values):
    return None if any(value is None for value in values) else list(values)


def _scalar(rng, variety):
    value = {"unique": 4, "negative": -2}.get(variety)
    return None if value is None else [np.int64(value)]


def _bounds(rng, variety):
    bounds = {"unique": (2, 6), "negative": (-4, -1), "empty": (3, 3)}.get(variety)
    return None if bounds is None else [np.int64(bound) for bound in bounds]


def _start(rng, variety):
    return [np.int64(3)] if variety == "unique" else None


def _nothing(rng, variety):
    return [] if variety == "unique" else None


def _mask(rng, variety, shape=(9,)):
    if variety == "unique":
        return [rng.random(shape) < 0.5]
    return [np.zeros(shape, bool)] if variety == "empty" else None


def _pairs(rng, variety):
    first, second = integers(rng, variety, 9), integers(rng, variety, 4)
    if variety == "unique":
        second = rng.integers(0, 4, len(first))
    return _some(first, second)


MASK = np.array([True, False, True, True, False, False, True, False, False])

KINDS = {
    "scalar": Kind(
        (9, 3), integer_input("i", shape=()), lambda W, i: W[i], lambda i: int(i), _scalar
    ),
    "slice": Kind(
        (9, 3),
        lambda: [pt.lscalar("a"), pt.lscalar("b")],
        lambda W, a, b: W[a:b],
        lambda a, b: slice(int(a), int(b)),
        _bounds,
        jax=False,
    ),
    "slice of static length": Kind(
        (9, 3),
        integer_input("a", shape=()),
        lambda W, a: W[a : a + 4],
        lambda a: slice(int(a), int(a) + 4),
        _start,
    ),
    "constant slice": Kind(
        (9, 3), lambda: [], lambda W: W[1:8:3], lambda: slice(1, 8, 3), _nothing
    ),
    "constant vector": Kind(
        (9, 3), lambda: [], lambda W: W[[1, -1, 1]], lambda: np.array([1, -1, 1]), _nothing
    ),
    **{
        f"vector of {dtype}": vector_of(dtype)
        for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    },
    "matrix": Kind(
        (9, 3),
        integer_input("index", shape=(None, None)),
        lambda W, i: W[i],
        lambda i: i,
        lambda rng, v: _some(integers(rng, v, 9, (3, 2))),
    ),
    "matrix of static shape": Kind(
        (9, 3),
        integer_input("index", shape=(3, 2)),
        lambda W, i: W[i],
        lambda i: i,
        lambda rng, v: None if v == "empty" else _some(integers(rng, v, 9, (3, 2))),
    ),
    "columns": Kind(
        (4, 9),
        integer_input("index"),
        lambda W, i: W[:, i],
        lambda i: (slice(None), i),
        lambda rng, v: _some(integers(rng, v, 9)),
        rows=False,
    ),
    "pairs": Kind(
        (9, 4),
        lambda: [pt.lvector("i"), pt.lvector("j")],
        lambda W, i, j: W[i, j],
        lambda i, j: (i, j),
        _pairs,
        rows=False,
    ),
    "scalar and vector": Kind(
        (9, 4),
        lambda: [pt.lscalar("i"), pt.lvector("j")],
        lambda W, i, j: W[i, j],
        lambda i, j: (int(i), j),
        lambda rng, v: _some(np.int64(3), integers(rng, v, 4, (3,))),
        rows=False,
    ),
    "mixed": Kind(
        (9, 6),
        integer_input("index"),
        lambda W, i: W[i, 2:5],
        lambda i: (i, slice(2, 5)),
        lambda rng, v: _some(integers(rng, v, 9)),
        rows=False,
    ),
    "apart": Kind(
        (5, 3, 4),
        lambda: [pt.lvector("i"), pt.lvector("j")],
        lambda W, i, j: W[i, :, j],
        lambda i, j: (i, slice(None), j),
        lambda rng, v: _some(integers(rng, v, 5, (4,)), integers(rng, v, 4, (4,))),
        rows=False,
    ),
    "mask": Kind(
        (9, 3),
        lambda: [pt.vector("mask", dtype="bool")],
        lambda W, m: W[m],
        lambda m: m,
        _mask,
        jax=False,
    ),
    "matrix mask": Kind(
        (4, 3),
        lambda: [pt.matrix("mask", dtype="bool")],
        lambda W, m: W[m],
        lambda m: m,
        lambda rng, v: _mask(rng, v, (4, 3)),
        rows=False,
        jax=False,
    ),
    "constant mask": Kind((9, 3), lambda: [], lambda W: W[MASK], lambda: MASK, _nothing),
    "nonzero": Kind(
        (9, 3),
        lambda: [pt.vector("mask", dtype="bool")],
        lambda W, m: W[m.nonzero()],
        lambda m: m,
        _mask,
        jax=False,
    ),
    "3-D table": Kind(
        (9, 2, 3),
        integer_input("index"),
        lambda W, i: W[i],
        lambda i: i,
        lambda rng, v: _some(integers(rng, v, 9)),
    ),
    "1-D table": Kind(
        (9,),
        integer_input("index"),
        lambda W, i: W[i],
        lambda i: i,
        lambda rng, v: _some(integers(rng, v, 9)),
    ),
    "take": Kind(
        (9, 3),
        integer_input("index"),
        lambda W, i: pt.take(W, i, axis=0),
        lambda i: i,
        lambda rng, v: _some(integers(rng, v, 9)),
    ),
    "take of columns": Kind(
        (3, 9),
        integer_input("index"),
        lambda W, i: pt.take(W, i, axis=1),
        lambda i: (slice(None), i),
        lambda rng, v: _some(integers(rng, v, 9)),
        rows=False,
    ),
    "take of entries": Kind(
        (9, 3),
        integer_input("index"),
        lambda W, i: pt.take(W, i),
        lambda i: np.unravel_index(np.asarray(i) % 27, (9, 3)),
        lambda rng, v: _some(integers(rng, v, 27)),
        rows=False,
    ),
    "nested": Kind(
        (9, 6),
        integer_input("index"),
        lambda W, i: W[i][:, 1:4],
        lambda i: (i, slice(1, 4)),
        lambda rng, v: _some(integers(rng, v, 9)),
        rows=False,
    ),
}
