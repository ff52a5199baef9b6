"""Common subexpressions."""

import pytensor.tensor as pt

from symgrad.explain.derive.merge import Merger


def test_what_is_computed_twice_becomes_one_variable():
    V, W, Y = pt.dvectors("v", "w", "y")
    merger = Merger({Y})
    assert merger.merged(pt.exp(1 - V)) is merger.merged(pt.exp(1 - V))
    assert merger.merged(pt.exp(1 - V)) is not merger.merged(pt.exp(2 - V))
    assert merger.merged(pt.exp(V + Y)) is not merger.merged(pt.exp(V + W))
