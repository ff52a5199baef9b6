"""Scans on JAX whose step knows the lengths that are given to it."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.scan.op import Scan

import symgrad as sg
from symgrad.backends.xla.scans import TracedScan

x, y = pt.matrix("x"), pt.vector("y")


def ops_of(f):
    return [node.op for node in f.compiled.maker.fgraph.apply_nodes]


def test_a_step_makes_a_shape_of_a_length_that_it_is_given():
    states = pytensor.scan(
        lambda v, n: pt.full((n,), v).sum(), y, non_sequences=x.shape[0], return_updates=False
    )
    f = sg.function([x, y], states, backend="jax")
    assert any(isinstance(op, TracedScan) for op in ops_of(f))
    assert f(np.ones((4, 1)), np.ones(2)).tolist() == [4, 4]


def test_a_scan_that_is_given_no_length_is_left_alone():
    states = pytensor.scan(lambda v: v * 2, y, return_updates=False)
    f = sg.function([y], states, backend="jax")
    assert not any(isinstance(op, TracedScan) for op in ops_of(f))


def test_a_traced_scan_is_for_jax():
    states = pytensor.scan(lambda v, n: v * n, y, non_sequences=x.shape[0], return_updates=False)
    scan = next(node for node in pytensor.graph.ancestors([states]) if is_scan(node)).owner
    with pytest.raises(NotImplementedError, match="for JAX alone"):
        TracedScan(scan.op).perform(scan, [], [])


def is_scan(variable):
    return isinstance(getattr(variable.owner, "op", None), Scan)
