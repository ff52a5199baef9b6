"""Reductions on JAX return the dtype that they have in PyTensor."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import dfs_rewriter

import symgrad as sg
from symgrad.backends.xla.reductions import reduce_in_output_dtype

x = pt.fmatrix("x")


def test_a_sum_accumulates_in_the_dtype_that_it_returns():
    fgraph = FunctionGraph([x], [x.sum(axis=1)], clone=True)
    dfs_rewriter(reduce_in_output_dtype).rewrite(fgraph)
    (output,) = fgraph.outputs
    assert (output.dtype, output.owner.op.dtype, output.owner.op.acc_dtype) == ("float32",) * 3


@pytest.mark.parametrize("reduce", [pt.max, lambda x: x.astype("float64").sum()])
def test_others_are_left_alone(reduce):
    fgraph = FunctionGraph([x], [reduce(x)], clone=True)
    before = fgraph.outputs[0]
    dfs_rewriter(reduce_in_output_dtype).rewrite(fgraph)
    assert fgraph.outputs[0] is before


def test_on_jax():
    f = sg.function([x], [x.sum(), x.prod(axis=0)], backend="jax")
    total, products = f(np.full((2, 3), 0.5, "float32"))
    assert (total.dtype, products.dtype) == ("float32", "float32")
    assert total == 3
    assert products.tolist() == [0.25] * 3
