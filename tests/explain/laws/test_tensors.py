"""The notations of tensor Ops are true."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.raise_op import Assert
from pytensor.tensor.blas import BatchedDot
from pytensor.tensor.signal.conv import convolve1d, convolve2d
from pytensor.tensor.special import log_softmax, softmax, xlogy

import symgrad as sg
from tests.explain.costs import A, B, assert_true, explained, inner, scan_of

INDEX = np.array([1, 0, 1])


TENSORS = {
    "matrices": lambda: A(2, 3) @ B(3, 4),
    "matrix and vector": lambda: A(2, 3) @ B(3),
    "dot with a vector": lambda: pt.dot(A(2, 3), B(3)),
    "vectors": lambda: pt.dot(A(3), B(3)),
    "stacks of matrices": lambda: A(2, 2, 3) @ B(3, 4),
    "batched_dot": lambda: BatchedDot()(A(2, 2, 3), B(2, 3, 4)),
    "broadcast row": lambda: A(2, 3) * B(3),
    "broadcast column": lambda: A(2, 3) / B(2)[:, None],
    "broadcast scalar": lambda: A(2, 3) ** B(),
    "the same twice": lambda: A(2, 3) * pt.dot(a := A(2, 3, name="C"), a.T).sum(),
    "sum of an axis": lambda: A(2, 3).sum(axis=0),
    "mean": lambda: A(2, 3).mean(),
    "mean of an axis": lambda: A(2, 3).mean(axis=1),
    "variance": lambda: A(2, 3).var(axis=0),
    "product": lambda: A(2, 3).prod(axis=1),
    "maximum": lambda: A(2, 3).max(axis=1),
    "minimum": lambda: A(2, 3).min(),
    "logsumexp": lambda: pt.logsumexp(A(2, 3), axis=1),
    "softmax": lambda: softmax(A(2, 3), axis=1),
    "softmax of all": lambda: softmax(A(2, 3)),
    "log_softmax": lambda: log_softmax(A(2, 3), axis=0),
    "cumsum": lambda: pt.cumsum(A(2, 3), axis=1),
    "cumprod": lambda: pt.cumprod(A(4)),
    "transpose": lambda: A(2, 3).T,
    "other axes": lambda: A(2, 3, 4).transpose(1, 2, 0),
    "reshape": lambda: A(2, 3).reshape((3, 2)),
    "flatten": lambda: A(2, 3).flatten(),
    "join": lambda: pt.concatenate([A(2, 3), B(2, 2)], axis=1),
    "stack": lambda: pt.stack([A(3), B(3)]),
    "make_vector": lambda: pt.stack([A(3).sum(), B(3).sum()]),
    "split": lambda: pt.split(A(5), splits_size=[2, 3], n_splits=2)[0] * 2,
    "alloc": lambda: pt.alloc(A(3), 2, 3),
    "repeat": lambda: pt.repeat(A(3), 2),
    "entry": lambda: A(3)[1],
    "slice": lambda: A(4, 3)[1:3, ::2],
    "rows": lambda: A(4, 3)[INDEX],
    "pairs": lambda: A(4, 3)[INDEX, [2, 0, 2]],
    "columns": lambda: A(4, 3)[:, INDEX],
    "matrix of indices": lambda: A(4, 3)[[[0, 1], [1, 1]]],
    "mask": lambda: A(3)[np.array([True, False, True])],
    "inc of a slice": lambda: pt.inc_subtensor(A(4)[1:3], B(2)),
    "set of a slice": lambda: pt.set_subtensor(A(4)[1:3], B(2)),
    "inc of rows": lambda: pt.inc_subtensor(A(4, 2)[INDEX], B(3, 2)),
    "inc of rows by one": lambda: pt.inc_subtensor(A(4, 2)[INDEX], B(2)),
    "set of distinct rows": lambda: pt.set_subtensor(A(4, 2)[[0, 2]], B(2, 2)),
    "inverse": lambda: pt.linalg.inv(A(2, 2) + np.eye(2)),
    "det": lambda: pt.linalg.det(A(2, 2) + np.eye(2)),
    "diag": lambda: pt.diag(A(3)),
    "diagonal": lambda: pt.diag(A(3, 3)),
    "sort": lambda: pt.sort(A(4)),
    "xlogy": lambda: xlogy(A(3), B(3)),
    "convolution": lambda: convolve1d(A(5), B(2), mode="valid"),
    "full convolution": lambda: convolve1d(A(4), B(2), mode="full"),
    "convolution of images": lambda: convolve2d(A(4, 4), B(2, 2), mode="valid"),
    "scan": lambda: scan_of(A(3), B()),
    "op from graph": lambda: inner(A(3), B(3)),
    "einsum": lambda: pt.einsum("ij,kj->ik", A(2, 3), B(4, 3)),
    "switch": lambda: pt.switch(A(3) > 0.5, A(3, name="C"), B(3)),
    "cast": lambda: pt.cast(A(3), "float32") * B(3),
    "where it is clipped": lambda: pt.clip(A(6), 0.4, 0.7),
    "assert": lambda: Assert("positive")(A(3), pt.all(B(3) > 0)),
}


SLOW = ("scan", "convolution of images")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow if case in SLOW else ()) for case in TENSORS]
)
def test_tensor_op_is_true(case):
    z = TENSORS[case]()
    weights = np.linspace(0.5, 1.5, 5)[0] + pt.arange(z.size).reshape(z.shape)
    assert_true(explained((weights * z).sum()))


def test_a_set_of_repeated_rows_is_found_false():
    # The gradient that PyTensor gives to rows that are overwritten is not zero, as it should be.
    e = explained((pt.set_subtensor(A(4, 2)[INDEX], B(3, 2)) ** 2).sum())
    wrong = [line for line in e.check().lines if not line.ok]
    assert {line.variable for line in wrong} == {"B"}


def test_random_numbers_stay_what_they_are():
    x = A(3)
    rng = sg.shared(np.random.default_rng(1))
    _, noise = pt.random.normal(size=(3,), rng=rng, return_next_rng=True)
    assert_true(explained((x * noise).sum(), x))


def test_an_index_that_is_a_number():
    v, k, t = pt.dvector("v"), pt.lscalar("k"), pt.dscalar("t")
    e = explained(v[k] * v[1:k].sum() * pt.set_subtensor(v[k], t)[0], [v, t])
    assert e.check(), str(e.check())
