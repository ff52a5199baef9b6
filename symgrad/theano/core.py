"""All that the port takes from the rest of symgrad, besides its errors.

Backends
    ``choose``, ``mode_of``, ``with_symgrad_rewrites``, ``register_scans`` and
    ``STATIC_EXCLUDED`` make modes; :func:`compiling_on_jax` and :func:`calling_on_jax` are the
    contexts in which JAX compiles and runs; ``blas`` is configured before a function is compiled.
Indices
    :func:`checked_indices` checks them where the backend cannot raise.
Graphs
    ``substitute`` replaces variables; ``is_known`` says whether JAX knows a length.
Ops
    ``RowSum``, which prints as a sum.
"""

import contextlib
from collections.abc import Iterable, Iterator

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.backends import choose, mode_of
from symgrad.backends.c import blas
from symgrad.backends.c.sums import RowSum
from symgrad.backends.rewrites import register_scans, with_symgrad_rewrites
from symgrad.backends.xla.lengths import is_known
from symgrad.backends.xla.static import EXCLUDED as STATIC_EXCLUDED
from symgrad.compile.check_indices import guard
from symgrad.graph.replace import substitute

__all__ = [
    "STATIC_EXCLUDED",
    "RowSum",
    "blas",
    "calling_on_jax",
    "checked_indices",
    "choose",
    "compiling_on_jax",
    "is_known",
    "mode_of",
    "register_scans",
    "substitute",
    "with_symgrad_rewrites",
]


@contextlib.contextmanager
def compiling_on_jax() -> Iterator[None]:
    """Keep dtypes, and explain what JAX cannot express."""
    from symgrad.backends.xla import linker as jax

    try:
        with jax.float64(), jax.quiet():
            yield
    except NotImplementedError as error:
        raise jax.inexpressible(error) from error


@contextlib.contextmanager
def calling_on_jax(shared: Iterable[SharedVariable]) -> Iterator[None]:
    """Move shared variables to the device, and explain shapes that depend on data."""
    from symgrad.backends.xla import linker as jax

    with jax.float64():
        for variable in shared:
            jax.to_device(variable)
        try:
            yield
        except (TypeError, IndexError) as error:
            explained = jax.depends_on_data(error)
            if explained is None:
                raise
            raise explained from error


def checked_indices(
    outputs: list[Variable], updates: dict[SharedVariable, Variable]
) -> tuple[list[Variable], dict[SharedVariable, Variable], list[Variable]]:
    """Outputs and updates with checked indices, for JAX, and a report.

    The report has three integers for each index: whether it is bad, the index, and the length of
    its axis. It is empty if there is no index to check.
    """
    guarded = guard(outputs, updates, "jax")
    findings = zip(*[iter(guarded.report)] * 3, strict=True)
    report = [
        integer
        for finding, (kind, _) in zip(findings, guarded.reported, strict=True)
        if kind == "index"
        for integer in finding
    ]
    return guarded.outputs, guarded.updates, report
