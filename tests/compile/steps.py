"""A table and the inputs of a step on its rows."""

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

vector_of_indices = pt.lvector("vector_of_indices")
x = pt.dmatrix("x")


def table(n=6, d=2, name="W", dtype="float64"):
    return sg.shared(np.random.default_rng(n).normal(size=(n, d)).astype(dtype), name=name)


def values(updates):
    return {shared: np.array(shared.get_value()) for shared in updates}
