"""A curved cost of rows, with its gradient, Hessian and Gauss-Newton matrix by hand."""

import numpy as np
import pytensor.tensor as pt

import symgrad as sg

index = pt.lvector("index")
vectors = pt.dmatrix("vectors")
ROWS = np.array([4, 1, 4, -1])
DISTINCT = [4, 1, 5]
# Which distinct row each occurrence is, for rows of two entries.
GATHER = np.kron([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], np.eye(2))
A, C = np.array([0.7, -0.4]), np.array([0.3, 0.5])
TARGETS = np.random.default_rng(2).normal(size=(4, 2))
MIX = np.array([[1.0, 0.5, -0.3], [0.2, -0.8, 0.6]])


def table(name="W", dtype="float64"):
    return sg.shared(np.random.default_rng(1).normal(size=(6, 2)).astype(dtype), name=name)


def cost_of(subset):
    """Curved, and with cross terms between all rows."""
    return (
        pt.sum((subset @ A) ** 4) / 4
        + pt.sum((subset - TARGETS) ** 2) / 2
        + pt.sum(subset @ C) ** 2 / 2
    )


def dense(occurrences):
    """``(cost, gradient, Hessian)`` of `cost_of` over the occurrences, by hand."""
    u, s = occurrences @ A, np.sum(occurrences @ C)
    cost = np.sum(u**4) / 4 + np.sum((occurrences - TARGETS) ** 2) / 2 + s**2 / 2
    gradient = (u**3)[:, None] * A + occurrences - TARGETS + s * C
    hessian = np.tile(np.outer(C, C), (4, 4)) + np.eye(8)
    for k in range(4):
        hessian[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] += 3 * u[k] ** 2 * np.outer(A, A)
    return cost, gradient.ravel(), hessian


def dense_on_rows(values):
    """The same over the distinct rows of a table with these values."""
    cost, gradient, hessian = dense(values[ROWS])
    return cost, GATHER.T @ gradient, GATHER.T @ hessian @ GATHER


def output_of(subset):
    return pt.tanh(subset @ MIX)


def loss_of(output):
    return pt.sum((output - 0.2) ** 2) / 2 + pt.sum(output) ** 2 / 2


def dense_gauss_newton(occurrences):
    z = np.tanh(occurrences @ MIX)
    jacobian = np.zeros((12, 8))
    for k in range(4):
        jacobian[3 * k : 3 * k + 3, 2 * k : 2 * k + 2] = (1 - z[k] ** 2)[:, None] * MIX.T
    return jacobian.T @ (np.eye(12) + 1) @ jacobian
