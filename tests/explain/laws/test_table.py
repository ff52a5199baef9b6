"""Which Ops have a notation, and how users add theirs."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import Elemwise

from symgrad.explain import Maths, Notation, notation, number
from symgrad.explain.laws.table import is_known
from tests.explain.costs import A, explained, subclasses

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
    without_entry = {
        op_class.__name__
        for op_class in subclasses(Op)
        if op_class.__module__.startswith(PLACES)
        and not any(place in op_class.__module__ for place in NOT_THERE)
        and op_class.pullback is not Op.pullback
        and not issubclass(op_class, (Elemwise, Blockwise))
        and not is_known(op_class)
    }
    assert without_entry <= WITHOUT_ENTRY


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
