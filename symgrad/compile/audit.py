"""What one call of a compiled function costs each table: its rows, a sweep, or a copy."""

from dataclasses import dataclass

from pytensor.compile.ops import DeepCopyOp
from pytensor.link.basic import JITLinker
from pytensor.tensor.shape import Shape, Shape_i

from symgrad.backends.rows.op import RowUpdate
from symgrad.errors import AuditError
from symgrad.graph.index_reads import describe, is_index_read, is_index_write

__all__ = ["Audit", "TableCost", "audit"]


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
    """

    table: object
    kind: str
    node: str = ""
    deliberate: bool = False
    updated: bool = True

    def __str__(self):
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
    fused: tuple[tuple, ...] = ()

    def __str__(self):
        return "\n".join(map(str, self.costs)) or "no table is read by index"

    @property
    def offences(self):
        """The costs that grow with a table and were not asked for."""
        return [cost for cost in self.costs if cost.kind != "rows" and not cost.deliberate]

    def check(self):
        """Raise an :class:`AuditError` if a table is copied or swept without being asked to."""
        if self.offences:
            raise AuditError(
                "a call of this function costs more than the rows it uses:\n"
                + "\n".join(f"  {cost}\n    {_remedy(cost)}" for cost in self.offences)
            )


def _remedy(cost):
    name = describe(cost.table)
    return (
        f"Read {name} only as {name}[index], do all arithmetic on those rows, and write once: "
        f"(W, inc_subtensor(W[index], step)), or let a rule do it: sg.adam(cost, [{name}]). To "
        "look at the whole table call get_value(). If the dense work is meant, pass audit='warn' "
        "or audit='off'."
    )


def audit(compiled, tables, dense=(), order=()):
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
    updated = {i: fgraph.outputs[o] for o, i in fgraph.update_mapping.items()}
    costs = []
    for position, spec in enumerate(maker.inputs):
        if spec.variable in tables:
            new = updated.get(position)
            kind, node = _cost(fgraph, fgraph.inputs[position], new, donated)
            costs.append(
                TableCost(spec.variable, kind, node, spec.variable in dense, new is not None)
            )
    rank = {shared: position for position, shared in enumerate(order)}
    costs = sorted(costs, key=lambda cost: rank.get(cost.table, len(rank)))
    return Audit(tuple(costs), tuple(_fused(maker, rank)))


def _fused(maker, rank):
    """The tables that each RowUpdate writes."""
    variables = dict(
        zip(maker.fgraph.inputs, (spec.variable for spec in maker.inputs), strict=True)
    )
    for node in maker.fgraph.toposort():
        if isinstance(node.op, RowUpdate):
            tables = [variables[table] for table in node.inputs[: node.op.n_written]]
            yield tuple(sorted(tables, key=lambda table: rank.get(table, len(rank))))


def _cost(fgraph, table, new, donated):
    """``(kind, node to blame)`` of one table.

    XLA has no in-place Ops: there, the one chain of writes of a donated table is in place.
    """
    versions, kind, blame = {table}, "rows", ""
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
                on_way = continued or (donated and new is not None and _makes(new, node))
                if not on_way or writes > 1:
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


def _takes_rows(node, position):
    """Does the node read this input by index only? Numba fuses such reads into loops."""
    if position in getattr(node.op, "reads_rows_of", ()):
        return True
    inner = getattr(node.op, "fgraph", None)
    if inner is None or len(inner.inputs) != len(node.inputs):
        return is_index_read(node) and position == 0
    return all(
        isinstance(one.op, (Shape, Shape_i))
        or (is_index_write(one) and at == 0)
        or _takes_rows(one, at)
        for one, at in inner.clients.get(inner.inputs[position], ())
        if one in inner.apply_nodes
    )


def _continued(node, position):
    """The outputs of the node that live in the memory of this input."""
    maps = node.op.view_map | node.op.destroy_map
    return [node.outputs[k] for k, positions in maps.items() if position in positions]


def _makes(new, node):
    """Is `new` the end of a chain of indexed writes and views that goes through `node`?"""
    while new.owner is not None and (is_index_write(new.owner) or new.owner.op.view_map):
        if new.owner is node:
            return True
        new = new.owner.inputs[0]
    return False


def _is_returned(fgraph, variable):
    returned = [o for k, o in enumerate(fgraph.outputs) if k not in fgraph.update_mapping]
    return variable in returned
