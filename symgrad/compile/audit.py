"""What one call of a compiled function costs each table: its rows, a sweep, or a copy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.maker import FunctionMaker
from pytensor.compile.ops import DeepCopyOp
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.link.basic import JITLinker
from pytensor.tensor.shape import Shape, Shape_i

from symgrad.backends.rows.op import RowUpdate
from symgrad.errors import AuditError
from symgrad.graph.index_reads import describe, is_index_read, is_index_write
from symgrad.graph.index_writes import write_chain

__all__ = ["Audit", "TableCost", "audit"]

Kind = Literal["rows", "swept", "copied"]


@dataclass(frozen=True)
class TableCost:
    """What a call does to one table.

    Attributes
    ----------
    table : shared variable
    kind : {"rows", "swept", "copied"}
        Only some rows are read and written; all of it is worked on; a second table is made.
    node : str
        The node to blame; empty for "rows".
    deliberate : bool
        The updates say that this dense update is meant.
    updated : bool
        The call writes the table; otherwise it only reads it.
    """

    table: SharedVariable
    kind: Kind
    node: str = ""
    deliberate: bool = False
    updated: bool = True

    def __str__(self) -> str:
        words = {
            "rows": "rows touched" if self.updated else "rows read",
            "swept": "table swept",
            "copied": "table copied",
        }[self.kind]
        blame = f" by {self.node}" if self.node else ""
        meant = " (a dense update, as asked)" if self.deliberate else ""
        return f"{describe(self.table)}: {words}{blame}{meant}"


@dataclass(frozen=True)
class Audit:
    """The costs of all tables of a function that are read by index; prints one line each.

    Attributes
    ----------
    costs : tuple of TableCost
    fused : tuple of tuple of shared variables
        Tables whose rows are read, changed and written in one pass, in groups.
    """

    costs: tuple[TableCost, ...]
    fused: tuple[tuple[SharedVariable, ...], ...] = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self.costs)) or "no table is read by index"

    @property
    def offences(self) -> list[TableCost]:
        """The costs that grow with a table and were not asked for."""
        return [cost for cost in self.costs if cost.kind != "rows" and not cost.deliberate]

    def check(self) -> None:
        """Raise an :class:`AuditError` if a table is copied or swept without being asked to."""
        if self.offences:
            raise AuditError(
                "a call of this function costs more than the rows it uses:\n"
                + "\n".join(f"  {cost}\n    {_remedy(cost)}" for cost in self.offences)
            )


def _remedy(cost: TableCost) -> str:
    name = describe(cost.table)
    return (
        f"Read {name} only as {name}[index], do all arithmetic on those rows, and write once: "
        f"(W, inc_subtensor(W[index], step)), or let a rule do it: sg.adam(cost, [{name}]). To "
        "look at the whole table call get_value(). If the dense work is meant, pass audit='warn' "
        "or audit='off'."
    )


def audit(
    compiled: PyTensorFunction,
    tables: Collection[SharedVariable],
    dense: Collection[SharedVariable] = (),
    order: Sequence[SharedVariable] = (),
) -> Audit:
    """Judge a compiled PyTensor function.

    Parameters
    ----------
    compiled : pytensor Function
    tables : set of shared variables
        Those read or written by index in the user's graph.
    dense : set of shared variables
        Those whose dense update is meant.
    order : sequence of shared variables
        The order of the lines: that of the updates. Other tables come last.

    Returns
    -------
    Audit
    """
    maker = compiled.maker
    fgraph = maker.fgraph
    donated = isinstance(maker.linker, JITLinker) and not hasattr(fgraph, "destroy_handler")
    updated = {at: fgraph.outputs[output] for output, at in fgraph.update_mapping.items()}
    costs = []
    for position, spec in enumerate(maker.inputs):
        table = spec.variable
        if table in tables:
            new = updated.get(position)
            kind, node = _cost(fgraph, fgraph.inputs[position], new, donated)
            costs.append(TableCost(table, kind, node, table in dense, new is not None))
    rank = {shared: position for position, shared in enumerate(order)}
    costs.sort(key=lambda cost: rank.get(cost.table, len(rank)))
    return Audit(tuple(costs), tuple(_fused(maker, rank)))


def _fused(
    maker: FunctionMaker, rank: dict[SharedVariable, int]
) -> Iterator[tuple[SharedVariable, ...]]:
    """The tables that each RowUpdate writes."""
    variables = dict(
        zip(maker.fgraph.inputs, (spec.variable for spec in maker.inputs), strict=True)
    )
    for node in maker.fgraph.toposort():
        if isinstance(node.op, RowUpdate):
            tables = [variables[table] for table in node.inputs[: node.op.n_written]]
            yield tuple(sorted(tables, key=lambda table: rank.get(table, len(rank))))


def _cost(
    fgraph: FunctionGraph, table: Variable, new: Variable | None, donated: bool
) -> tuple[Kind, str]:
    """``(kind, node to blame)`` of one table.

    XLA has no in-place Ops: there, the one chain of writes of a donated table is in place.
    """
    kind: Kind = "rows"
    versions, blame = {table}, ""
    in_chain = write_chain(new, views=True).writes if donated and new is not None else ()
    stack = [table]
    while stack:
        version = stack.pop()
        writes = 0
        for node, position in fgraph.clients[version]:
            if node not in fgraph.apply_nodes or isinstance(node.op, (Shape, Shape_i)):
                continue
            continued = _continued(node, position)
            if _takes_rows(node, position) and (is_index_read(node) or not continued):
                continue
            if is_index_write(node) and position == 0:
                writes += 1
                in_place = continued or node in in_chain
                if not in_place or writes > 1:
                    return "copied", str(node)
            elif isinstance(node.op, DeepCopyOp):
                return "copied", f"{node} (the table is an output)"
            elif not continued:
                kind, blame = "swept", str(node)
                continue
            elif node.op.destroy_map and not _takes_rows(node, position):
                kind, blame = "swept", str(node)
            for output in continued or node.outputs:
                if output not in versions:
                    versions.add(output)
                    stack.append(output)
        if _is_returned(fgraph, version):
            return "copied", "being an output"
    if new is not None and new not in versions:
        return ("swept" if kind == "swept" else "copied"), blame or str(new.owner or new)
    return kind, blame


def _takes_rows(node: Apply, position: int) -> bool:
    """Does the node read this input by index only? Numba fuses such reads into loops."""
    if position in getattr(node.op, "reads_rows_of", ()):
        return True
    inner = getattr(node.op, "fgraph", None)
    if inner is None or len(inner.inputs) != len(node.inputs):
        return is_index_read(node) and position == 0
    return all(
        isinstance(client.op, (Shape, Shape_i))
        or (is_index_write(client) and at == 0)
        or _takes_rows(client, at)
        for client, at in inner.clients.get(inner.inputs[position], ())
        if client in inner.apply_nodes
    )


def _continued(node: Apply, position: int) -> list[Variable]:
    """The outputs of the node that live in the memory of this input."""
    maps = node.op.view_map | node.op.destroy_map
    return [node.outputs[k] for k, positions in maps.items() if position in positions]


def _is_returned(fgraph: FunctionGraph, variable: Variable) -> bool:
    returned = [o for k, o in enumerate(fgraph.outputs) if k not in (fgraph.update_mapping or {})]
    return variable in returned
