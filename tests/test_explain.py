"""Explanations: every formula is computed and compared, and pages are what they were."""

import json
import re
import runpy
import unicodedata
from functools import partial
from pathlib import Path

import numpy as np
import pytensor
import pytensor.scalar.basic as pb
import pytensor.scalar.math as pm
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.raise_op import Assert
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.blas import BatchedDot
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.signal.conv import convolve1d, convolve2d
from pytensor.tensor.special import log_softmax, softmax, xlogy
from pytensor.tensor.type import complex_dtypes

import symgrad as sg
from symgrad.explain import explain, notation
from symgrad.explain.check import check
from symgrad.explain.command import run
from symgrad.explain.derive.derivation import derive
from symgrad.explain.maths import Maths, call, number, symbol
from symgrad.explain.laws.table import _TABLE, is_known, notation_of
from symgrad.explain import Notation
from symgrad.explain.sample import user_point
from symgrad.explain.graph import leaves_of
from symgrad.explain.laws.scalars import Scalar

# Arguments of the scalar Ops whose domain is not (0.3, 0.9).
DOMAINS = {
    pb.ArcCosh: [1.7],
    pm.Log1mexp: [-0.7],
    pm.BetaInc: [0.6, 0.7, 0.4],
    pm.BetaIncInv: [0.6, 0.7, 0.4],
    pb.Clip: [0.5, 0.2, 0.7],
    pb.Mod: [2.3, 0.7],
    pb.Maximum: [0.3, 0.8],
    pb.Minimum: [0.3, 0.8],
    pb.Switch: [True, 0.4, 0.6],
    pm.Hyp2F1: [0.4, 0.6, 1.2, 0.3],
    pm.PolyGamma: [1, 0.7],
    getattr(pm, "NdtriExp", None): [-0.7],
}
# No gradient flows through these: truths, complex numbers, and graphs that are not written by hand.
LEFT_OUT = {"Composite", "ScalarLoop", "Grad2F1Loop", "ScalarInnerGraphOp", "ScalarOp"}
LEFT_OUT |= {"UnaryScalarOp", "BinaryScalarOp", "LogicalComparison", "FixedLogicalComparison"}
LEFT_OUT |= {"UnaryBitOp", "BinaryBitOp", "Real", "Imag", "Angle", "Complex", "ComplexFromPolar"}
LEFT_OUT |= {"Conj"}


def children(kind):
    for child in kind.__subclasses__():
        yield child
        yield from children(child)


def scalar_ops():
    found = {one for one in children(ScalarOp) if one.__module__.startswith("pytensor.scalar")}
    found = {one for one in found if one.pullback is not ScalarOp.pullback}
    return sorted((one for one in found if one.__name__ not in LEFT_OUT), key=lambda k: k.__name__)


def explained(cost, wrt=None, **options):
    return explain(cost, wrt, **{"backend": None} | options)


def assert_true(e):
    """Every line holds, and there are some."""
    found = e.check()
    assert found.lines
    assert found, str(found)


def made(op_class):
    """An Elemwise of a scalar Op, on vectors of its domain."""
    example = next((one for one in vars(pb).values() if type(one) is op_class), None)
    example = example or next((one for one in vars(pm).values() if type(one) is op_class), None)
    example = example or op_class(pb.upgrade_to_float, name="op")
    values = DOMAINS.get(op_class) or [0.6 - 0.1 * k for k in range(getattr(example, "nin", 1))]
    values = [0.4, 0.7] if len(values) < 1 else values
    inputs = [
        pt.vector(f"x{k}", dtype=str(np.asarray(value).dtype)) for k, value in enumerate(values)
    ]
    point = {f"x{k}": np.array([value, value]) for k, value in enumerate(values)}
    return Elemwise(example)(*inputs), point


def test_every_scalar_op_with_a_derivative_has_an_entry():
    assert [one.__name__ for one in scalar_ops() if not is_known(one)] == []


def has_derivative(op_class):
    z, _ = made(op_class)
    if z.type.dtype in ("bool", "int64", *complex_dtypes):
        return False
    floats = [one for one in z.owner.inputs if one.type.dtype == "float64"]
    entry = notation_of(z.owner.op)
    return any(term is not None for term in entry.pull(z.owner, [z.type()])) and bool(floats)


PIECEWISE = ("Cast", "AND", "OR", "XOR", "Invert", "Second")
SMOOTH = [
    pytest.param(one, marks=pytest.mark.slow if one in (pm.Hyp2F1, pm.BetaInc) else ())
    for one in scalar_ops()
    if one.__name__ not in PIECEWISE and has_derivative(one)
]


@pytest.mark.parametrize("op_class", SMOOTH)
def test_scalar_op_is_true(op_class):
    z, values = made(op_class)
    wrt = [one for one in z.owner.inputs if one.type.dtype == "float64"]
    found = pytensor.grad(z.sum(), wrt, null_gradients="return", disconnected_inputs="ignore")
    wrt = [one for one, g in zip(wrt, found, strict=True) if hasattr(g.type, "dtype")]
    cost = z.sum()
    derivation = derive([cost], wrt)
    checked = check(derivation, user_point(leaves_of([cost]), values))
    assert len(checked.lines) >= 2
    assert checked, str(checked)


def A(*shape, name="A"):
    return pt.tensor(name, dtype="float64", shape=shape)


def B(*shape):
    return A(*shape, name="B")


def scan_of(x, h):
    return pytensor.scan(
        lambda x, h: pt.tanh(x * h), sequences=[x], outputs_info=[h], return_updates=False
    )


def inner(a, b):
    x, y = a.type(), b.type()
    return OpFromGraph([x, y], [x * pt.exp(y)])(a, b)


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
    "case", [pytest.param(one, marks=pytest.mark.slow if one in SLOW else ()) for one in TENSORS]
)
def test_tensor_op_is_true(case):
    z = TENSORS[case]()
    weights = np.linspace(0.5, 1.5, 5)[0] + pt.arange(z.size).reshape(z.shape)
    assert_true(explained((weights * z).sum()))


# Ops that pass a gradient back, and are explained as "pullback of X".
WITHOUT_ENTRY = {
    *("Cholesky", "CholeskySolve", "Eig", "Eigh", "Eigvalsh", "Expm", "LU", "LUFactor", "QR"),
    *("MatrixPinv", "SVD", "Solve", "SolveBase", "SolveTriangular", "BaseBlockDiagonal"),
    *("BlockDiagonal", "FillDiagonal", "FillDiagonalOffset", "PermuteRowElements"),
    *("Fourier", "IRFFTOp", "RFFTOp", "Bartlett", "SearchsortedOp", "MulWithoutZeros"),
    *("MinimizeOp", "MinimizeScalarOp", "RootOp", "RootScalarOp", "ScipyScalarWrapperOp"),
    "ScipyVectorWrapperOp",
}
PLACES = ("pytensor.tensor", "pytensor.scan", "pytensor.compile", "pytensor.gradient")
NOT_THERE = (".rewriting", ".random", ".xtensor")


def test_ops_without_an_entry():
    found = {
        one.__name__
        for one in children(Op)
        if one.__module__.startswith(PLACES)
        and not any(place in one.__module__ for place in NOT_THERE)
        and one.pullback is not Op.pullback
        and not issubclass(one, (Elemwise, Blockwise))
        and not is_known(one)
    }
    assert found <= WITHOUT_ENTRY


def test_an_op_without_an_entry_says_so():
    x = A(2, 2)
    e = explained(pt.linalg.cholesky(x @ x.T + np.eye(2)).sum())
    assert "pullback of Cholesky" in e.text()
    assert e.check()


def test_an_op_can_be_taught():
    class Doubled(Op):
        def make_node(self, x):
            return Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = 2 * inputs[0]

        def pullback(self, inputs, outputs, cotangents):
            return [2 * cotangents[0]]

    before = explained(Doubled()(A(2)).sum())
    assert "pullback of Doubled" in before.text()

    @notation(Doubled)
    class Entry(Notation):
        law = "twice"

        def write(self, step, args):
            return Maths("product", (number(2), *args))

        def pull(self, step, bars):
            return [bars[0] * self.factor]

        factor = 2

    e = explained(Doubled()(A(2)).sum())
    assert "z1 = 2·A" in e.text()
    assert "from z1: twice" in e.text()
    assert e.check()
    Entry.factor = 3
    assert not explained(Doubled()(A(2)).sum()).check()


def test_the_check_finds_a_false_derivative(monkeypatch):
    wrong = Scalar("sin", lambda z, x: [pt.sin(x)], "derivative of sin")
    monkeypatch.setitem(_TABLE, pb.Sin, wrong)
    found = explained(pt.sin(pt.dscalar("x"))).check()
    assert not found
    assert "derivative of sin" in str(found)
    assert "wrong" in str(found)


def lookup():
    W, index = sg.shared(np.arange(10.0).reshape(5, 2), name="W"), pt.lvector("index")
    subset = W[index]
    subset.name = "subset"
    cost = ((subset - 1) ** 2).sum()
    cost.name = "cost"
    return W, index, subset, cost


FAQ = """\
cost, differentiated with respect to subset

Forward
  W                   (5, 2)   shared
  index               (n,)     input
  subset = W[index]   (n, 2)   wrt
  z1 = subset - 1     (n, 2)
  z2 = z1²            (n, 2)
  cost = sum(z2)      ()       cost

Backward
  bar(cost) = 1           ()       where it starts
  z̄2 += bar(cost)         (n, 2)   from cost: sum rule: every entry receives it
  z̄1 += z̄2·2·z1^(2 - 1)   (n, 2)   from z2: power rule
      = 2·z̄2·z1           (n, 2)   simplified
  bar(subset) += z̄1·1     (n, 2)   from z1: sum rule
               = z̄1       (n, 2)   simplified

In closed form
  bar(subset) = 2·(subset - 1)   (n, 2)

Subset subset
  subset = W[index] selects rows
  bar(W) = scatter_add(0[index], bar(subset)) would take them back to all 5 rows, 10 entries
  kept is bar(subset) of shape (n, 2)
  a row that is read twice: inc adds each of them: the row receives the sum
                            set writes one after the other: the last one wins, the others are lost"""  # noqa: E501


def test_the_faq_as_text():
    _, _, subset, cost = lookup()
    assert str(explained(cost, subset)) == FAQ


TEXTBOOK = """\
z3, differentiated with respect to x

Rule by rule
  d/dx (x²)          = 2·x                                   power rule
  d/dx (sin(x))      = cos(x)                                derivative of sin
  d/dx (x²·sin(x))   = d/dx (x²)·sin(x) + x²·d/dx (sin(x))   product rule
                     = 2·x·sin(x) + x²·cos(x)                simplified
"""


def test_a_textbook_page():
    x = pt.dscalar("x")
    e = explained(x**2 * pt.sin(x), x)
    assert str(e).startswith(TEXTBOOK)
    (_, gradient), = e.gradients  # fmt: skip
    at = 0.7
    expected = 2 * at * np.sin(at) + at**2 * np.cos(at)
    assert eval(gradient.plain().replace("²", "**2").replace("·", "*"), vars(np) | {"x": at}) == (
        pytest.approx(expected)
    )
    assert any(line.law == "rule by rule" for line in e.check().lines)
    assert e.check()


X = pt.dscalar("x")
TEXTBOOK_GRADIENTS = {
    "1/x": (1 / X, "-1/x²"),
    "log": (pt.log(X) / X, "1/x² - log(x)/x²"),
    "root": (pt.sqrt(1 + X**2), "x/sqrt(1 + x²)"),
    "chain": (pt.exp(-(X**2) / 2), "-x·exp(-x²/2)"),
    "factor": (3 * pt.tanh(X) - X, "3·(1 - tanh(x)²) - 1"),
    "power": (X**5 - X**-2, "5·x⁴ + 2·x^(-3)"),
}


@pytest.mark.parametrize("case", TEXTBOOK_GRADIENTS)
def test_simplified_to_what_one_would_write(case):
    cost, expected = TEXTBOOK_GRADIENTS[case]
    e = explained(cost, X)
    assert e.gradients[0][1].plain() == expected
    assert e.check()


UNARY = (pt.sin, pt.cos, pt.tanh, lambda u: u**2, lambda u: 1 / (1 + u**2), lambda u: -u)
BINARY = (pt.add, pt.sub, pt.mul, lambda u, v: u / (2 + v**2))
EXPRESSIONS = st.recursive(
    st.sampled_from([X, X, pt.constant(2.0), pt.constant(-1.0)]),
    lambda inner: st.one_of(
        st.builds(lambda f, u: f(u), st.sampled_from(UNARY), inner),
        st.builds(lambda f, u, v: f(u, v), st.sampled_from(BINARY), inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=12, deadline=None)
@given(EXPRESSIONS)
def test_any_function_of_one_number(inner):
    cost = inner * X
    e = explained(cost, X)
    assert e.check(), str(e)
    (gradient,) = [formula for _, formula in e.gradients]
    if gradient is None:
        return
    text = gradient.plain().replace("·", "*").replace("^", "**")
    text = re.sub("[⁰-⁹²³]+", lambda m: f"**{unicodedata.normalize('NFKC', m[0])}", text)
    at = np.float64(0.37)
    expected = pytensor.grad(cost, X).eval({X: at}, mode="FAST_COMPILE")
    # Numbers are printed to six places.
    assert eval(text, vars(np) | {"x": at}) == pytest.approx(float(expected), rel=1e-3, abs=1e-4)


def test_fan_out_is_a_sum_over_consumers():
    x = A(3, name="x")
    e = explained((x**2).sum() + pt.exp(x).sum() + x[0])
    node = e.node("x")
    assert len(node.contributions) == 3
    assert len({one.consumer for one in node.contributions}) == 3
    assert "sum over 3 consumers" in e.text()


def test_broadcasting_is_a_sum_over_the_axis():
    e = explained((A(4, 3) * B(3)).sum())
    (one,) = e.node("B").contributions
    assert one.law == "product rule; sum over the broadcast axis 0"
    assert one.term.plain() == "sum(z̄1·A, axis 0)"


def test_local_derivatives():
    x = A(3, name="x")
    e = explained((pt.exp(x) * x).sum())
    first, second = e.node("x").contributions
    assert (first.local.plain(), second.local.plain()) == ("z1", "z1")
    assert e.node("z2").contributions[0].local is None
    assert e.node("z1").contributions[0].local.plain() == "x"


def test_names_and_ids():
    z1 = pt.dvector("z1")
    twice = [pt.dscalar("a"), pt.dscalar("a")]
    e = explained((pt.exp(z1) * twice[0] * twice[1]).sum())
    assert [node.name for node in e.nodes][:2] == ["z1", "z2"]
    assert [node.id for node in e.nodes] == [f"n{k}" for k in range(len(e.nodes))]
    assert {"a", "a.2"} <= {node.name for node in e.nodes}
    assert explained((pt.exp(z1) * twice[0] * twice[1]).sum()) == e


def test_every_edge_leads_to_a_node():
    _, _, subset, cost = lookup()
    e = explained(cost, subset)
    ids = {node.id for node in e.nodes}
    assert {e.cost, *e.wrt} <= ids
    for node in e.nodes:
        assert set(node.inputs) <= ids
        assert {one.consumer for one in node.contributions} <= ids


def test_values_adjoints_and_differences():
    _, index, subset, cost = lookup()
    e = explained(cost, subset, values={index: [3, 1, 3]})
    readings = {e.node(one.node).name: one for one in e.readings}
    rows = np.arange(10.0).reshape(5, 2)[[3, 1, 3]]
    assert readings["subset"].value == rows.tolist()
    assert readings["subset"].adjoint == (2 * (rows - 1)).tolist()
    np.testing.assert_allclose(readings["subset"].finite, 2 * (rows - 1), rtol=1e-6)
    assert readings["cost"].adjoint == 1
    assert readings["W"].adjoint is None
    assert e.node("subset").shape == ("3", "2")


def test_large_values_are_compared_along_a_direction():
    x = pt.dvector("x")
    e = explained((x**2).sum(), values={"x": np.linspace(0, 1, 100)})
    reading = e.readings[0]
    assert (reading.size, reading.value, reading.finite) == (100, None, None)
    assert reading.error < 1e-6


def test_float32_is_checked_in_float64():
    x = pt.fvector("x")
    assert_true(explained(pt.exp(pt.cast(x, "float32") * 2).mean() + x.sum()))


def test_repeated_rows():
    _, _, subset, cost = lookup()
    (story,) = explained(cost, subset, values={"index": [3, 1, -2]}).subsets
    (row,) = story.repeated
    assert (row.row, row.positions) == (3, (0, 2))
    assert (row.inc, row.set) == ([20.0, 24.0], [10.0, 12.0])
    assert (story.table_entries, story.subset_entries, story.rows) == (10, 6, (3, 1, 3))


RULES = {
    "sgd": partial(sg.sgd, learning_rate=0.1),
    "momentum": partial(sg.momentum, learning_rate=0.1),
    "adam": sg.adam,
    "rmsprop": sg.rmsprop,
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_with_its_numbers(name):
    W, index, subset, cost = lookup()
    before = W.get_value()
    e = explained(cost, subset, rule=RULES[name], values={"index": [3, 1, 3]})
    (story,) = e.rules
    np.testing.assert_array_equal(W.get_value(), before)
    updates = RULES[name](cost, [subset])
    sg.function([index], updates=updates)([3, 1, 3])
    assert story.rule == name
    assert story.row == 3
    for line in story.lines:
        shared = W if line.target == "step" else next(
            slot for key, slot in updates.slots.items() if key.split("/")[0] == line.target
        )  # fmt: skip
        after = shared.get_value()
        np.testing.assert_allclose(line.after, after[story.row] if after.ndim else after)
    step = story.lines[0].numbers.plain().replace("^", "**").replace("·", "*").replace("²", "**2")
    moved = eval(step, {"sqrt": np.sqrt})
    # A repeated row takes one step of plain descent for each of its reads.
    times = 2 if name == "sgd" else 1
    assert story.lines[0].after[0] - story.lines[0].before[0] == pytest.approx(times * moved)


def test_a_rule_without_rows_has_no_numbers():
    _, _, subset, cost = lookup()
    e = explained(cost, subset, rule=sg.adam, values={"index": []})
    assert e.rules[0].row is None
    assert {line.numbers for line in e.rules[0].lines} == {None}
    assert e.text()


def test_random_numbers_stay_what_they_are():
    x = A(3)
    rng = sg.shared(np.random.default_rng(1))
    _, noise = pt.random.normal(size=(3,), rng=rng, return_next_rng=True)
    assert_true(explained((x * noise).sum(), x))


def test_what_the_compiler_did():
    _, _, subset, cost = lookup()
    e = explain(cost, subset, rule=sg.adam, backend="c")
    names = [one.name for one in e.compilation.rewrites]
    assert "MergeOptimizer" in names
    assert names.index("MergeOptimizer") < names.index("symgrad_fuse_row_updates")
    (fused,) = (one for one in e.compilation.fused if one.op == "RowUpdate")
    laws = {name: formula.plain() for name, formula in fused.formulas}
    assert laws["m/W ="].startswith("0.9·m/W[row] + 0.1·")
    assert set(laws) == {"m/W =", "v/W =", "W +="}
    assert sum("RowUpdate writes" in one for one in e.compilation.in_place) == 3


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_what_other_compilers_did(backend):
    pytest.importorskip(backend)
    _, _, subset, cost = lookup()
    e = explain(cost, subset, rule=sg.adam, backend=backend)
    assert e.compilation.backend == backend
    assert e.compilation.rewrites
    assert any(one.op == "RowUpdate" for one in e.compilation.fused) == (backend == "numba")


def test_a_rewrite_that_would_change_the_meaning():
    W, _, subset, cost = lookup()
    updates = sg.Updates([(W, sg.set_subtensor(subset, subset + 1))])
    e = explain(cost, subset, rule=updates)
    if pytensor.__version__.startswith("3.0"):
        assert "local_set_to_inc_subtensor would turn a set" in e.compilation.warnings[0]
        assert "local_set_to_inc_subtensor" in e.text()
    assert "local_set_to_inc_subtensor" not in [one.name for one in e.compilation.rewrites]


def test_a_loop_is_explained_inside():
    h, x = pt.scalar("h"), pt.vector("x", shape=(3,))
    e = explained(scan_of(x, h)[-1] ** 2, h)
    (node,) = (one for one in e.nodes if one.inside)
    inner = {one.name: one for one in node.inside.nodes}
    assert inner["h[t]"].forward.plain() == "tanh(z1)"
    assert inner["h[t-1]"].adjoint.plain() == "z̄1·x[t]"
    assert node.law == "backpropagation through time"
    checked = {(line.consumer.split()[0], line.variable) for line in e.check().lines}
    assert {("h[t]", "z1"), ("z1", "h[t-1]"), ("z1", "x[t]")} <= checked


def test_an_op_from_a_graph_is_explained_inside():
    e = explained(inner(A(3), B(3)).sum())
    assert "Inside z1: what it computes" in e.text()
    (node,) = (one for one in e.nodes if one.inside)
    found = {one.name: one for one in node.inside.nodes}
    assert found["A"].adjoint.plain() == "z̄2·z1"
    assert found["z1"].forward.plain() == "exp(B)"


HOSTILE = ["</script>", "<b>", 'a"b', "$x$", "a|b", "a_b", "naïve", "x\\y", "`"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name):
    x = pt.dvector(name)
    e = explained((x**2).sum(), values={x: [1.0, 2.0]})
    assert json.loads(e.json())["nodes"][0]["name"] == name
    chart = e.mermaid()
    assert chart.count('"') == 2 * sum(line.count('"') // 2 for line in chart.splitlines())
    assert "<" not in chart.replace("-->", "").replace(".->", "")
    for line in e.markdown().splitlines():
        if line.startswith("| $"):
            assert line.count(" | ") in (2, 3)
    assert name in e.text()


def test_markdown_and_json_hold_the_formulas():
    _, _, subset, cost = lookup()
    e = explain(cost, subset, rule=sg.adam, values={"index": [3, 1, 3]})
    page = e.markdown()
    assert r"\overline{\mathrm{subset}} = 2\, \left(\mathrm{subset} - 1\right)" in page
    assert page.count("$$") % 2 == 0
    assert e._repr_markdown_() == page
    data = json.loads(e.json())
    assert data["gradients"][0][1]["text"] == "2·(subset - 1)"
    assert data["gradients"][0][1]["tree"]["head"] == "product"
    assert data["compilation"]["backend"] == "c"
    assert not any(key.startswith("_") for key in data)


def test_a_chart_for_mermaid():
    x = pt.dscalar("x")
    assert explained(pt.sin(x), x).mermaid().splitlines() == [
        "flowchart TB",
        '  n0{{"x  ()"}}',
        '  n1(("z1 = sin(x)  ()"))',
        "  n0 --> n1",
        '  n1 -. "z̄1·cos(x)" .-> n0',
    ]


def test_formulas_have_the_brackets_they_need():
    a, b = symbol("a"), symbol("b")
    total = Maths("sum", (a, b))
    assert Maths("product", (total, a)).plain() == "(a + b)·a"
    assert Maths("power", (total, number(2))).plain() == "(a + b)²"
    assert Maths("quotient", (a, Maths("product", (a, b)))).plain() == "a/(a·b)"
    assert Maths("sum", (a, Maths("negative", (total,)))).plain() == "a - (a + b)"
    assert Maths("product", (a, number(-2))).plain() == "a·(-2)"
    assert Maths("matmul", (total, b)).latex() == r"\left(a + b\right)\, b"
    assert call("f_g", a).latex() == r"\operatorname{f\_g}\left(a\right)"
    assert symbol("alpha_2").latex() == r"\alpha_{2}"


def test_the_example(tmp_path, capsys):
    example = Path(__file__).parents[1] / "examples" / "04_derive_a_gradient.py"
    main = runpy.run_path(str(example))["main"]
    assert main(["--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count(" lines, 0 wrong") == 4
    for name in ("lookup_table", "logistic_regression", "softmax_cross_entropy", "lstm_step"):
        for suffix in (".html", ".svg", ".md"):
            assert (tmp_path / f"{name}{suffix}").stat().st_size > 300
    for suffix in (".html", ".md"):
        page = (tmp_path / f"lstm_step{suffix}").read_text(encoding="utf-8")
        assert "sum over 4 consumers" in page


SCRIPT = """
import pytensor.tensor as pt

x, y = pt.dvector("x"), pt.dvector("y")
cost = (x * y).sum()
"""


def test_the_command(tmp_path, capsys):
    script = tmp_path / "model.py"
    script.write_text(SCRIPT)
    assert run(f"{script}:cost", ["x"]) == 0
    assert "x̄ += z̄1·y" in capsys.readouterr().out
    for suffix, start in ((".md", "# $"), (".mmd", "flowchart"), (".json", "{"), (".txt", "z2, ")):
        out = tmp_path / f"page{suffix}"
        run(f"{script}:cost", [f"{script}:x", "y"], out)
        assert out.read_text().startswith(start)
    for wrong in ("cost", f"{script}.no:cost", f"{script}:no", f"{script}:cost.no"):
        with pytest.raises(sg.errors.HyperparameterError, match="names no variable|has no"):
            run(wrong)
    other = tmp_path / "other.py"
    other.write_text(SCRIPT)
    with pytest.raises(sg.errors.HyperparameterError, match="of another script"):
        run(f"{script}:cost", [f"{other}:x"])


def test_two_hundred_nodes():
    x = A(3, name="x")
    z = x
    for _ in range(100):
        z = pt.tanh(z) * x
    e = explained(z.sum())
    assert len(e.nodes) > 200
    assert e.gradients == (("x", None),)
    assert e.node("x").contributions[-1].term.plain() == "z̄1·(1 - z1²)"


def test_a_set_of_repeated_rows_is_found_false():
    # The gradient that PyTensor gives to rows that are overwritten is not zero, as it should be.
    e = explained((pt.set_subtensor(A(4, 2)[INDEX], B(3, 2)) ** 2).sum())
    wrong = [line for line in e.check().lines if not line.ok]
    assert {line.variable for line in wrong} == {"B"}


def test_bad_input_is_refused():
    _, index, subset, cost = lookup()
    wrong = {
        "names 0 of the inputs": {"values": {"idx": [1]}},
        "has nothing for the input index": {"values": {}},
        "has 2 dimensions": {"values": {index: [[1]]}},
        "give a mapping": {"values": [1]},
        "rule is str": {"rule": "adam"},
        "the rule returned list": {"rule": lambda cost, params: []},
    }
    for words, options in wrong.items():
        with pytest.raises(sg.errors.HyperparameterError, match=words):
            explained(cost, subset, **options)
    with pytest.raises(sg.errors.BackendError, match="choose one of c, numba, jax"):
        explain(cost, subset, backend="gpu")
    with pytest.raises(sg.errors.DisconnectedError, match="nothing to derive"):
        explained(pt.lscalar("k") * 2)
    with pytest.raises(sg.errors.SubsetRebuiltError):
        explain(cost, subset.owner.op(*subset.owner.inputs))
