"""Every scalar Op with a derivative has a notation, and all of them are true."""

import numpy as np
import pytensor
import pytensor.scalar.basic as pb
import pytensor.scalar.math as pm
import pytensor.tensor as pt
import pytest
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import complex_dtypes

from symgrad.explain.check import check
from symgrad.explain.derive.derivation import derive
from symgrad.explain.graph import leaves_of
from symgrad.explain.laws.table import is_known, notation_of
from symgrad.explain.sample import user_point
from tests.explain.costs import subclasses

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


def scalar_ops():
    ops = {op for op in subclasses(ScalarOp) if op.__module__.startswith("pytensor.scalar")}
    ops = {op for op in ops if op.pullback is not ScalarOp.pullback and op.__name__ not in LEFT_OUT}
    return sorted(ops, key=lambda op: op.__name__)


def made(op_class):
    """An Elemwise of a scalar Op, on vectors of its domain."""
    example = next((op for op in vars(pb).values() if type(op) is op_class), None)
    example = example or next((op for op in vars(pm).values() if type(op) is op_class), None)
    example = example or op_class(pb.upgrade_to_float, name="op")
    values = DOMAINS.get(op_class) or [0.6 - 0.1 * k for k in range(getattr(example, "nin", 1))]
    values = [0.4, 0.7] if len(values) < 1 else values
    inputs = [
        pt.vector(f"x{k}", dtype=str(np.asarray(value).dtype)) for k, value in enumerate(values)
    ]
    point = {f"x{k}": np.array([value, value]) for k, value in enumerate(values)}
    return Elemwise(example)(*inputs), point


def test_every_scalar_op_with_a_derivative_has_an_entry():
    assert [op_class.__name__ for op_class in scalar_ops() if not is_known(op_class)] == []


def has_derivative(op_class):
    z, _ = made(op_class)
    if z.type.dtype in ("bool", "int64", *complex_dtypes):
        return False
    floats = [x for x in z.owner.inputs if x.type.dtype == "float64"]
    entry = notation_of(z.owner.op)
    return any(term is not None for term in entry.pull(z.owner, [z.type()])) and bool(floats)


PIECEWISE = ("Cast", "AND", "OR", "XOR", "Invert", "Second")


SMOOTH = [
    pytest.param(op_class, marks=pytest.mark.slow if op_class in (pm.Hyp2F1, pm.BetaInc) else ())
    for op_class in scalar_ops()
    if op_class.__name__ not in PIECEWISE and has_derivative(op_class)
]


@pytest.mark.parametrize("op_class", SMOOTH)
def test_scalar_op_is_true(op_class):
    z, values = made(op_class)
    wrt = [x for x in z.owner.inputs if x.type.dtype == "float64"]
    gradients = pytensor.grad(z.sum(), wrt, null_gradients="return", disconnected_inputs="ignore")
    wrt = [x for x, g in zip(wrt, gradients, strict=True) if hasattr(g.type, "dtype")]
    cost = z.sum()
    derivation = derive([cost], wrt)
    checked = check(derivation, user_point(leaves_of([cost]), values))
    assert len(checked.lines) >= 2
    assert checked, str(checked)
