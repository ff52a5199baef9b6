"""All that the port takes from the rest of symgrad, besides its errors.

Backends
    ``choose``, ``mode_of``, ``with_symgrad_rewrites`` and ``scans_in_mode`` make modes, without
    the rewrites ``UNSOUND`` and ``EXCLUDED_ON_JAX``; :func:`compiling_on_jax` and
    :func:`calling_on_jax` are the contexts in which JAX compiles and runs; ``blas`` is configured
    before a function is compiled.
Indices
    :func:`checked_indices` checks them where the backend cannot raise.
Graphs
    ``substitute`` replaces variables; ``is_known`` says whether JAX knows a length.
Ops
    ``RowSum``, which prints as a sum.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.backends import BACKENDS, choose, mode_of
from symgrad.backends.c import blas
from symgrad.backends.c.sums import RowSum
from symgrad.backends.rewrite_order import with_symgrad_rewrites
from symgrad.backends.scans import scans_in_mode
from symgrad.backends.tags import EXCLUDED_ON_JAX, UNSOUND
from symgrad.backends.xla.lengths import is_known
from symgrad.compile.check_indices import check_indices
from symgrad.graph.replace import substitute
from symgrad.pytensor_compat import STEPS_HAVE_OWN_MODE

__all__ = [
    "EXCLUDED_ON_JAX",
    "STEPS_HAVE_OWN_MODE",
    "UNSOUND",
    "RowSum",
    "blas",
    "calling_on_jax",
    "checked_indices",
    "choose",
    "compiling_on_jax",
    "is_known",
    "mode_of",
    "scans_in_mode",
    "substitute",
    "with_symgrad_rewrites",
]


def compiling_on_jax() -> AbstractContextManager[None]:
    """Keep dtypes, and explain what JAX cannot express."""
    return BACKENDS["jax"].compiling()


def calling_on_jax(shared: Iterable[SharedVariable]) -> AbstractContextManager[None]:
    """Move shared variables to the device, and explain shapes that depend on data."""
    return BACKENDS["jax"].calling(shared)


def checked_indices(
    outputs: list[Variable], updates: dict[SharedVariable, Variable]
) -> tuple[list[Variable], dict[SharedVariable, Variable], list[Variable]]:
    """Outputs and updates with checked indices, for JAX, and a report.

    The report has three integers for each index: whether it is bad, the index, and the length of
    its axis. It is empty if there is no index to check.
    """
    checked = check_indices(outputs, updates, "jax")
    findings = [finding for finding in checked.findings if finding.kind == "index"]
    report = [integer for finding in findings for integer in finding.variables]
    return checked.outputs, checked.updates, report
