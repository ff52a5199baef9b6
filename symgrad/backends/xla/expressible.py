"""Graphs that JAX cannot express, and what to write instead."""

from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.tensor.basic import Split

from symgrad.backends.xla.lengths import is_known
from symgrad.errors import BackendError
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write

__all__ = ["check_expressible", "depends_on_data", "inexpressible"]


def check_expressible(fgraph: FunctionGraph) -> None:
    """Raise a :class:`BackendError` for nodes whose shapes JAX cannot know in advance."""
    for node in fgraph.apply_nodes:
        if isinstance(node.op, Split) and not isinstance(node.inputs[-1], Constant):
            raise BackendError(
                f"JAX needs shapes that do not depend on data, but {node} splits into lengths "
                "known only at run time. Read the parts by an index of their own, or use "
                "backend='c' or 'numba'"
            )
        if not (is_index_read(node) or is_index_write(node)):
            continue
        for entry in indices_of(node):
            bounds = (entry.start, entry.stop, entry.step) if isinstance(entry, slice) else ()
            if any(isinstance(bound, Variable) and not is_known(bound) for bound in bounds):
                raise BackendError(
                    f"JAX needs shapes that do not depend on data, but {node} takes a slice whose "
                    "bounds are known only at run time. Write W[a : a + 8] with a constant "
                    "length, or give an index vector, or use backend='c' or 'numba'"
                )


def inexpressible(error: Exception) -> BackendError:
    """The :class:`BackendError` for what PyTensor's JAX linker says it cannot convert."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    masks = (
        " A boolean mask or nonzero() selects a number of rows that depends on data, and JAX "
        "needs shapes that do not: give an index vector of fixed length (padded with repeats, "
        "say)."
    )
    return BackendError(
        f"JAX cannot express this graph: {reason}.{masks if 'Nonzero' in reason else ''} Or use "
        "backend='c' or 'numba'"
    )


def depends_on_data(error: Exception) -> BackendError | None:
    """The :class:`BackendError` for a length that JAX does not know while it traces, or None."""
    import jax

    kinds = (
        jax.errors.ConcretizationTypeError,
        jax.errors.NonConcreteBooleanIndexError,
        jax.errors.TracerArrayConversionError,
        jax.errors.TracerIntegerConversionError,
    )
    # JAX raises a plain TypeError for an unknown shape: only its text tells it apart.
    if not isinstance(error, kinds) and "sequences of concrete values" not in str(error):
        return None
    reason = str(error).strip().splitlines()[0].rstrip(".")
    return BackendError(
        "JAX needs shapes and numbers of steps that do not depend on data, but one is computed, or "
        f"given as a number ({reason}). Take it from the shape of an array, or use backend='c' or "
        "'numba'"
    )
