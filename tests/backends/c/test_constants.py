"""Constants of fused C code in the precision of what they are used with."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.graph.basic import Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import in2out

from symgrad.backends.c.constants import wide_constants

single = pt.constant(np.float32(0.9))


def rewritten(output, *inputs):
    fgraph = FunctionGraph(list(inputs), [output], clone=True)
    in2out(wide_constants).rewrite(fgraph)
    return fgraph.outputs[0]


def constant_of(output):
    (constant,) = (v for v in output.owner.inputs if isinstance(v.owner or v, Constant))
    return constant


def test_a_single_among_doubles_becomes_a_double_of_the_same_value():
    x = pt.dscalar("x")
    constant = constant_of(rewritten(x * single, x))
    assert constant.dtype == "float64"
    assert constant.data == np.float32(0.9)


@pytest.mark.parametrize(
    ("dtype", "constant"), [("float32", single), ("float64", pt.constant(np.ones(2, "float32")))]
)
def test_singles_among_singles_and_arrays_stay(dtype, constant):
    x = pt.vector("x", dtype=dtype)
    output = rewritten(x + constant, x)
    constants = [v for v in _ancestors(output) if isinstance(v, Constant)]
    assert [v.dtype for v in constants] == ["float32"]


def _ancestors(variable):
    stack, seen = [variable], []
    while stack:
        seen.append(stack.pop())
        stack.extend(seen[-1].owner.inputs if seen[-1].owner is not None else ())
    return seen
