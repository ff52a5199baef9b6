"""``theano.tensor.nlinalg``: NumPy's linear algebra."""

import pytensor.tensor as pt
from pytensor.tensor import linalg

from symgrad.theano.names import forward


def extract_diag(x):
    """The diagonal of a matrix."""
    return pt.diagonal(pt.as_tensor_variable(x))


def alloc_diag(x):
    """A matrix of zeros with `x` as its diagonal."""
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
    """``a = q r``; the modes are "reduced", "complete", "r" and "raw", as in NumPy."""
    a = pt.as_tensor_variable(a)
    if mode == "r":
        return linalg.qr(a, mode="r")[: pt.minimum(*a.shape)]
    if mode == "raw":
        reflections, factors, _ = linalg.qr(a, mode="raw")
        return [reflections.T, factors]
    return linalg.qr(a, mode={"full": "reduced"}.get(mode, mode))


def svd(a, full_matrices=1, compute_uv=1):
    """``a = u s v``: returns u, s and v, or only s."""
    return linalg.svd(a, full_matrices=bool(full_matrices), compute_uv=bool(compute_uv))


def eigh(a, UPLO="L"):
    """The eigenvalues and eigenvectors of a symmetric matrix, which is read from one triangle."""
    return linalg.eigh(a, lower=UPLO == "L", driver="evd")  # NumPy's driver: it decides the signs


lstsq = linalg.Lstsq  # a class in Theano: ``lstsq()(x, y, rcond)``


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
