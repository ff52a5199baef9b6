"""``theano.tensor.nlinalg``: linear algebra of NumPy."""

import pytensor.tensor as pt
from pytensor.tensor import linalg

from symgrad.theano.names import forward


def extract_diag(x):
    """The diagonal of a matrix."""
    return pt.diagonal(pt.as_tensor_variable(x))


def alloc_diag(x):
    """A matrix with a diagonal, and zeros around it."""
    return pt.diag(pt.as_tensor_variable(x))


def diag(x):
    """The diagonal of a matrix, or a matrix with this diagonal."""
    x = pt.as_tensor_variable(x)
    if x.ndim not in (1, 2):
        raise TypeError("diag requires vector or matrix argument", x)
    return pt.diag(x)


def trace(X):
    """The sum of the diagonal."""
    return extract_diag(X).sum()


def qr(a, mode="reduced"):
    """``a = q r``: "reduced", "complete", "r" or "raw", as :func:`numpy.linalg.qr` has them."""
    a = pt.as_tensor_variable(a)
    if mode == "r":
        return linalg.qr(a, mode="r")[: pt.minimum(*a.shape)]
    if mode == "raw":
        reflections, factors, _ = linalg.qr(a, mode="raw")
        return [reflections.T, factors]
    return linalg.qr(a, mode={"full": "reduced"}.get(mode, mode))


def svd(a, full_matrices=1, compute_uv=1):
    """``a = u s v``: u, s and v, or s alone."""
    return linalg.svd(a, full_matrices=bool(full_matrices), compute_uv=bool(compute_uv))


def eigh(a, UPLO="L"):
    """Eigenvalues and eigenvectors of a symmetric matrix, read from one triangle of it."""
    return linalg.eigh(a, lower=UPLO == "L", driver="evd")  # NumPy's: the signs depend on it


lstsq = linalg.Lstsq  # in Theano a class: ``lstsq()(x, y, rcond)``


def norm(x, ord):
    """The norm of a vector or of a matrix: None, "fro", "inf", "-inf" or a number."""
    x = pt.as_tensor_variable(x)
    ord = {"inf": float("inf"), "-inf": -float("inf")}.get(ord, ord)
    if x.ndim == 0:
        raise ValueError("norm: a vector or a matrix is needed, not a number")
    if x.ndim > 2:
        raise NotImplementedError(f"norm: a vector or a matrix is needed, not {x.ndim} dimensions")
    if ord is None:
        return pt.sqrt((abs(x) ** 2).sum())
    if x.ndim == 1 and ord == 0:
        return x[x.nonzero()].shape[0]
    return linalg.norm(x, ord)


__getattr__ = forward("theano.tensor.nlinalg", "pytensor.tensor.nlinalg", "pytensor.tensor.linalg")
