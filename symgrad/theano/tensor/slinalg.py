"""``theano.tensor.slinalg``: linear algebra of SciPy."""

import pytensor.tensor as pt
from pytensor.tensor import linalg

from symgrad.theano.names import forward

__all__ = ["Solve", "kron", "solve", "solve_lower_triangular", "solve_upper_triangular"]

imported_scipy = True


def solve(a, b):
    """The solution of ``a x = b``."""
    return linalg.solve(a, b, b_ndim=pt.as_tensor_variable(b).ndim)


def solve_lower_triangular(a, b):
    """The solution of ``a x = b``, of the lower triangle of `a`."""
    return linalg.solve_triangular(a, b, lower=True, b_ndim=pt.as_tensor_variable(b).ndim)


def solve_upper_triangular(a, b):
    """The solution of ``a x = b``, of the upper triangle of `a`."""
    return linalg.solve_triangular(a, b, lower=False, b_ndim=pt.as_tensor_variable(b).ndim)


class Solve:
    """``Solve(A_structure="general", lower=False)(a, b)``."""

    def __init__(self, A_structure="general", lower=False, overwrite_A=False, overwrite_b=False):
        structures = ("general", "symmetric", "lower_triangular", "upper_triangular")
        if A_structure not in structures:
            raise ValueError("Invalid matrix structure argument", A_structure)
        self.A_structure, self.lower = A_structure, lower

    def __call__(self, a, b):
        if self.A_structure == "lower_triangular":
            return solve_lower_triangular(a, b)
        if self.A_structure == "upper_triangular":
            return solve_upper_triangular(a, b)
        return solve(a, b)


def kron(a, b):
    """The Kronecker product of matrices; of a matrix and a vector, in one row of numbers."""
    a, b = pt.as_tensor_variable(a), pt.as_tensor_variable(b)
    if a.ndim + b.ndim <= 2:
        raise TypeError("kron: inputs dimensions must sum to 3 or more.")
    if a.ndim + b.ndim == 3:
        products = a.dimshuffle(*range(a.ndim), *["x"] * b.ndim) * b
        return products.dimshuffle(1, 0, 2).flatten()
    return linalg.kron(a, b)


__getattr__ = forward("theano.tensor.slinalg", "pytensor.tensor.slinalg", "pytensor.tensor.linalg")
