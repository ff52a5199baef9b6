"""Matrix products that are computed once."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import dfs_rewriter
from pytensor.tensor.blas import Dot22, Dot22Scalar

import symgrad as sg
from symgrad.backends.c.products import scaled_product_of_product

a, b, s = pt.dmatrix("a"), pt.dmatrix("b"), pt.dscalar("s")


def kinds(outputs):
    fgraph = FunctionGraph([a, b, s], outputs, clone=True)
    dfs_rewriter(scaled_product_of_product).rewrite(fgraph)
    return {type(node.op) for node in fgraph.apply_nodes} & {Dot22, Dot22Scalar}


def test_a_product_beside_its_multiple_is_computed_once():
    assert kinds([Dot22()(a, b), Dot22Scalar()(a, b, s)]) == {Dot22}


def test_another_product_is_left_alone():
    assert kinds([Dot22()(b, a), Dot22Scalar()(a, b, s)]) == {Dot22, Dot22Scalar}
    assert kinds([Dot22Scalar()(a, b, s)]) == {Dot22Scalar}


def test_in_c():
    f = sg.function([a, b, s], [pt.dot(a, b), s * pt.dot(a, b)], backend="c")
    product, multiple = f(np.eye(2), np.ones((2, 2)), 3.0)
    assert product.tolist() == [[1, 1], [1, 1]]
    assert multiple.tolist() == [[3, 3], [3, 3]]
