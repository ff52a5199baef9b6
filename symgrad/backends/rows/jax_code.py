"""What JAX runs for :class:`~symgrad.backends.rows.op.RowUpdate`."""

from collections.abc import Callable

from pytensor.graph.basic import Apply

from symgrad.backends.rows.program import RowProgram
from symgrad.ops.coalesce import Coalesce

__all__ = ["jax_row_update"]


def jax_row_update(op: RowProgram, node: Apply) -> Callable:
    """The function that JAX traces."""
    import jax.numpy as jnp

    from symgrad.pytensor_compat import jax_funcify

    laws = [jax_funcify(stage.scalar_op, node=stage.apply_node()) for stage in op.stages]
    ndim = node.inputs[0].type.ndim

    def as_column(operand):
        return operand.reshape(-1, *[1] * (ndim - 1)) if operand.ndim == 1 else operand

    def evaluated(stage, law, values):
        outputs = law(*(values[k] for k in stage.reads))
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        if stage.kind != "sum":
            return outputs
        axes = tuple(range(1, ndim))
        return [
            jnp.sum(output, axis=axes, dtype=inner, keepdims=True).astype(dtype)
            for output, (inner, dtype) in zip(outputs, stage.sums, strict=True)
        ]

    def row_update(*inputs):
        tables, indices, length, operands = op.split([jnp.asarray(array) for array in inputs])
        if op.summed is not None:
            coalesce = jax_funcify(Coalesce(), node=None)
            rows, summed, _ = coalesce(indices[0], operands[op.summed], length)
            indices, operands = [rows], list(operands)
            operands[op.summed] = summed
        rows_of = [indices[k] for k in op.index_of]
        values = [table[rows] for table, rows in zip(tables, rows_of, strict=True)]
        values += map(as_column, operands)
        for stage, law in zip(op.stages, laws, strict=True):
            values += evaluated(stage, law, values)
        written = [
            table.at[rows].add(values[new]) if adds else table.at[rows].set(values[new])
            for table, rows, new, adds in zip(tables, rows_of, op.new, op.adds)  # noqa: B905
        ]
        return written if len(written) > 1 else written[0]

    return row_update
