"""The tags of symgrad's rewrites, and the rewrites of PyTensor's that its modes leave out."""

from symgrad.pytensor_compat import excluded_rewrites

__all__ = ["EVERY", "EXCLUDED_ON_JAX", "FUSION", "JAX", "NUMBA", "UNSOUND", "C"]

# Tags: of every mode, of the backends, and of the fusion of rows, which `fuse=False` leaves out.
EVERY, C, NUMBA, JAX = "symgrad", "symgrad_c", "symgrad_numba", "symgrad_jax"
FUSION = "symgrad_fuse"

UNSOUND = excluded_rewrites("unsound")
EXCLUDED_ON_JAX = excluded_rewrites("jax")
