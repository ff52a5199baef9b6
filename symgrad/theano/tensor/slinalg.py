"""``theano.tensor.slinalg``: SciPy's linear algebra."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar import upcast
from pytensor.tensor import linalg

from symgrad.theano.names import forward

imported_scipy = True
MATRIX_STRUCTURES = ("general", "symmetric", "lower_triangular", "upper_triangular")


def solve(a, b):
    """The solution of ``a x = b``."""
    a, b = _floats(a), _floats(b)
    return linalg.solve(a, b, b_ndim=b.ndim)


def solve_lower_triangular(a, b):
    """The solution of ``a x = b``, with the lower triangle of `a`."""
    a, b = _floats(a), _floats(b)
    return linalg.solve_triangular(a, b, lower=True, b_ndim=b.ndim)


def solve_upper_triangular(a, b):
    """The solution of ``a x = b``, with the upper triangle of `a`."""
    a, b = _floats(a), _floats(b)
    return linalg.solve_triangular(a, b, lower=False, b_ndim=b.ndim)


def solve_symmetric(a, b):
    """The solution of ``a x = b``, with a symmetric `a`."""
    a, b = _floats(a), _floats(b)
    return linalg.solve(a, b, assume_a="sym", b_ndim=b.ndim)


def _floats(x):
    """`x` as floats: for small integers PyTensor solves in another dtype than it announces."""
    x = pt.as_tensor_variable(x)
    return pt.cast(x, upcast(x.dtype, "float32"))


class Solve:
    """``Solve(A_structure="general", lower=False)(a, b)``."""

    def __init__(self, A_structure="general", lower=False, overwrite_A=False, overwrite_b=False):
        if A_structure not in MATRIX_STRUCTURES:
            raise ValueError("Invalid matrix structure argument", A_structure)
        self.A_structure, self.lower = A_structure, lower

    def __call__(self, a, b):
        if self.A_structure == "lower_triangular":
            return solve_lower_triangular(a, b)
        if self.A_structure == "upper_triangular":
            return solve_upper_triangular(a, b)
        return solve(a, b)


class _Definite(CheckAndRaise):
    """Checks that also raise where only the gradient of the input is computed."""

    def pullback(self, inputs, outputs, output_gradients):
        _, *conditions = inputs
        checked = self(output_gradients[0], *conditions)
        return [checked, *(disconnected_type() for _ in conditions)]


class Cholesky:
    """``Cholesky(lower=True, on_error="raise")(x)``: the triangle whose square is `x`.

    A matrix that is not positive definite raises LinAlgError, also in the gradient. With
    ``on_error="nan"`` the result is NaN.
    """

    def __init__(self, lower=True, on_error="raise"):
        if on_error not in ("raise", "nan"):
            raise ValueError(f'on_error is {on_error!r}: choose "raise" or "nan"')
        self.lower, self.on_error = lower, on_error

    def __call__(self, x):
        triangle = linalg.cholesky(x, lower=self.lower, on_error="nan")
        if self.on_error == "nan":
            return triangle
        check = _Definite(np.linalg.LinAlgError, "the matrix is not positive definite")
        return check(triangle, ~pt.isnan(triangle).any())


cholesky = Cholesky()


def eigvalsh(a, b, lower=True):
    """The eigenvalues of a symmetric matrix; with `b`, the `w` of ``a v = w b v``."""
    nothing = b is None or not hasattr(getattr(b, "type", b), "dtype")
    return linalg.eigvalsh(a, None if nothing else b, lower)


def kron(a, b):
    """The Kronecker product of matrices; of a matrix and a vector, flattened to a vector."""
    a, b = pt.as_tensor_variable(a), pt.as_tensor_variable(b)
    if a.ndim + b.ndim <= 2:
        raise TypeError("kron: inputs dimensions must sum to 3 or more.")
    if a.ndim + b.ndim == 3:
        products = a.dimshuffle(*range(a.ndim), *["x"] * b.ndim) * b
        return products.dimshuffle(1, 0, 2).flatten()
    return linalg.kron(a, b)


__getattr__ = forward("theano.tensor.slinalg", "pytensor.tensor.slinalg", "pytensor.tensor.linalg")
