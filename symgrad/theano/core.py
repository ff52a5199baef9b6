"""All that the port takes from the rest of symgrad, besides its errors.

backends
    ``blas``, ``choose``, ``mode_of``, ``with_symgrad_rewrites``, ``register_scans``,
    ``STATIC_EXCLUDED`` and :func:`jax_backend`: what compiles a function.
indices
    ``guard``: checks of indices where the backend has none.
graphs
    ``substitute``: a graph with variables replaced; ``is_known``: whether JAX knows a length.
Ops
    ``RowSum``, which prints as a sum.
"""

from types import ModuleType

from symgrad.backends import blas, choose, mode_of
from symgrad.backends.rewrites import register_scans, with_symgrad_rewrites
from symgrad.backends.static import EXCLUDED as STATIC_EXCLUDED
from symgrad.guards import guard
from symgrad.ops.lengths import is_known
from symgrad.ops.row_sum import RowSum
from symgrad.substitute import substitute

__all__ = [
    "STATIC_EXCLUDED",
    "RowSum",
    "blas",
    "choose",
    "guard",
    "is_known",
    "jax_backend",
    "mode_of",
    "register_scans",
    "substitute",
    "with_symgrad_rewrites",
]


def jax_backend() -> ModuleType:
    """The backend of JAX, which imports JAX."""
    from symgrad.backends import jax

    return jax
