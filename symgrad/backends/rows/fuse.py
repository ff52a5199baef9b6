"""The rewrite that makes one pass over the rows of reads, arithmetic and writes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph, Output
from pytensor.graph.rewriting.basic import GraphRewriter, MergeOptimizer
from pytensor.graph.type import Type
from pytensor.graph.utils import InconsistencyError, MethodNotDefined
from pytensor.scalar.basic import Add, Composite, IntDiv, Mod, ScalarOp, get_scalar_type
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.type import TensorType

from symgrad.backends.rows.op import RowUpdate
from symgrad.backends.rows.stages import RowLaw, level
from symgrad.graph.distinct import has_distinct_values
from symgrad.graph.index_reads import is_index_read, is_index_write
from symgrad.graph.index_writes import ignores_duplicates, row_index, writes_into
from symgrad.graph.provenance import Coalesced, coalesced, unchecked
from symgrad.pytensor_compat import update_positions

__all__ = ["FuseRowUpdates", "WriteInPlace", "is_plain"]


class FuseRowUpdates(GraphRewriter):
    """Replace writes of rows, and what only they need, by one :class:`RowUpdate`.

    A write is a candidate if it is the only write into an updated table: its target is the table
    itself, nothing but the update uses its result, and an index vector along axis 0 chooses its
    rows. Nothing in the graph then depends on what is written, so that all reads can come first.
    If the index is distinct by construction, each row is read just before it is written. If rows
    may repeat, a separate node reads the rows of the written tables first.
    """

    name = "symgrad_fuse_row_updates"

    def apply(self, fgraph: FunctionGraph) -> None:
        if not update_positions(fgraph):
            return
        MergeOptimizer().rewrite(fgraph)  # equal indices become one variable
        for writes in _writes_by_index(fgraph):
            for group in _linked(fgraph, writes):
                fusion = _Fusion(fgraph, group)
                if fusion.is_sound() and fusion.saves_work():
                    new = fusion.build()
                    old = [node.outputs[0] for node in fusion.writes]
                    fgraph.replace_all(zip(old, new, strict=True), reason=self.name)


class WriteInPlace(GraphRewriter):
    """Let each :class:`RowUpdate` work in the memory of its tables."""

    name = "symgrad_row_updates_in_place"

    def apply(self, fgraph: FunctionGraph) -> None:
        for node in fgraph.toposort():
            if isinstance(node.op, RowUpdate) and not node.op.inplace:
                new = node.op.in_place().make_node(*node.inputs)
                pairs = list(zip(node.outputs, new.outputs, strict=True))
                try:
                    fgraph.replace_all_validate(pairs, reason=self.name)
                except InconsistencyError:
                    continue  # the old rows are still needed; the audit reports the copy


def _writes_by_index(fgraph: FunctionGraph) -> Iterable[list[Apply]]:
    """Lists of candidates with the same index and the same number of dimensions."""
    writes: dict[tuple[Variable, int], list[Apply]] = {}
    for node in fgraph.toposort():
        if _is_candidate(fgraph, node):
            key = unchecked(_index_of(node)), node.inputs[0].type.ndim
            writes.setdefault(key, []).append(node)
    return writes.values()


def _is_candidate(fgraph: FunctionGraph, node: Apply) -> bool:
    if not is_index_write(node) or _row_index(node) is None:
        return False
    table, rows = node.inputs[:2]
    if table not in fgraph.inputs or rows.type.ndim != table.type.ndim:
        return False
    if rows.type.dtype != table.type.dtype or not is_plain(table.type):
        return False
    clients, updates = fgraph.clients[node.outputs[0]], update_positions(fgraph)
    updated = [
        fgraph.inputs[updates[client.op.idx]]
        for client, _ in clients
        if isinstance(client.op, Output) and client.op.idx in updates
    ]
    others = [client for client, _ in fgraph.clients[table] if client is not node]
    return (
        len(clients) == 1
        and updated == [table]
        and not any(isinstance(other.op, Output) or writes_into(other, table) for other in others)
    )


def is_plain(type_: Type) -> bool:
    """Is it a tensor whose entries C code can add?"""
    unsupported = ("float16", "complex64", "complex128")
    return isinstance(type_, TensorType) and type_.dtype not in unsupported


def _row_index(node: Apply) -> Variable | None:
    """The index vector by which a read or write chooses rows of axis 0, or None."""
    index = row_index(node)
    return index if index is not None and index.type.ndim == 1 else None


def _index_of(node: Apply) -> Variable:
    """The index vector of a node that is known to have one."""
    index = _row_index(node)
    assert index is not None
    return index


def _linked(fgraph: FunctionGraph, writes: Sequence[Apply]) -> list[list[Apply]]:
    """Groups of writes that share values: entries, or numbers per row."""
    inside = _inside(fgraph, writes)
    groups: list[tuple[list[Apply], set[Variable]]] = []  # writes, and the values they share
    # Tables with one number per row come last. They say nothing of the length of rows, and must
    # not join tables whose rows have different lengths.
    for node in sorted(writes, key=lambda write: level(write.inputs[0].type, True) != "entry"):
        values = _region(node.inputs[1], inside)
        linked = [group for group in groups if _link(node, group[1] & values)]
        if level(node.inputs[0].type, True) != "entry":
            linked = linked[:1]
        groups = [group for group in groups if group not in linked]
        joined = [write for group in linked for write in group[0]]
        groups.append(([*joined, node], values.union(*(group[1] for group in linked))))
    return [group for group, _ in groups]


def _link(node: Apply, shared: set[Variable]) -> bool:
    """Do these shared values let a write join others?"""
    if level(node.inputs[0].type, True) == "entry":
        return any(level(variable.type) == "entry" for variable in shared)
    return bool(shared)


def _region(variable: Variable, inside: Collection[Apply]) -> set[Variable]:
    """The variable, and what nodes inside compute it from, if it differs from row to row."""
    region, stack = set(), [variable]
    while stack:
        member = stack.pop()
        if member in region or isinstance(member, Constant) or level(member.type) == "call":
            continue
        region.add(member)
        if member.owner in inside:
            stack.extend(member.owner.inputs)
    return region


def _inside(fgraph: FunctionGraph, writes: Sequence[Apply]) -> dict[Apply, None]:
    """The nodes that can be part of the law: row-wise arithmetic that only the writes need."""
    ndim = writes[0].inputs[0].type.ndim
    inside: dict[Apply, None] = {}
    for node in reversed(fgraph.toposort()):
        if _is_row_wise(node, ndim):
            clients = [client for output in node.outputs for client in fgraph.clients[output]]
            if all(
                client in inside or (client in writes and position == 1)
                for client, position in clients
            ):
                inside[node] = None
    return inside


def _is_row_wise(node: Apply, ndim: int) -> bool:
    """Does the node work on rows, each by itself?"""
    op, variables = node.op, [*node.inputs, *node.outputs]
    if not all(is_plain(variable.type) for variable in variables):
        return False
    if isinstance(op, Elemwise):
        return (
            node.outputs[0].type.ndim in (1, ndim)
            and level(node.outputs[0].type) != "call"
            and all(_spans(variable.type) for variable in variables)
            and _can_be_fused(op.scalar_op, node)
        )
    if isinstance(op, DimShuffle):  # a vector of one number per row as a column
        return ndim > 1 and tuple(op.new_order) == (0, *["x"] * (ndim - 1))
    return (
        isinstance(op, CAReduce)
        and isinstance(op.scalar_op, Add)
        and ndim > 1
        and node.inputs[0].type.ndim == ndim
        and level(node.inputs[0].type) == "entry"
        and node.inputs[0].type.shape[0] != 1
        and op.axis is not None
        and tuple(op.axis) == tuple(range(1, ndim))
    )


def _is_elemwise(node: Apply) -> bool:
    return isinstance(node.op, Elemwise)


def _spans(type_: TensorType) -> bool:
    """Does a value extend along all dimensions of a row, or along none?"""
    broadcast = [size == 1 for size in type_.shape[1:]]
    return all(broadcast) or not any(broadcast)


def _has_rows(variable: Variable) -> bool:
    return variable.type.ndim > 0 and variable.type.shape[0] != 1


def _can_be_fused(scalar_op: ScalarOp, node: Apply) -> bool:
    # A loop over rows cannot stop half way: integer division can fail.
    scalar_ops = [scalar_op]
    if isinstance(scalar_op, Composite):
        scalar_ops = [inner.op for inner in scalar_op.fgraph.apply_nodes]
    if any(isinstance(inner, (IntDiv, Mod)) for inner in scalar_ops):
        return False
    scalars = (get_scalar_type(variable.type.dtype)() for variable in node.inputs)
    applied = scalar_op.make_node(*scalars)
    names = [f"i{k}" for k in range(len(node.inputs))], [f"o{k}" for k in range(len(node.outputs))]
    try:
        scalar_op.c_code(applied, "law", *names, {"fail": "", "id": "0"})
    except (NotImplementedError, MethodNotDefined):
        return False
    return True


@dataclass
class _Fusion:
    """A group of writes that becomes one Op."""

    fgraph: FunctionGraph
    writes: list[Apply]

    def __post_init__(self) -> None:
        self.inside = _inside(self.fgraph, self.writes)
        self.index = unchecked(_index_of(self.writes[0]))
        self.is_distinct = has_distinct_values(self.index)
        self.ndim = self.writes[0].inputs[0].type.ndim
        self.written = {node.inputs[0]: node for node in self.writes}

    @cached_property
    def leaves(self) -> list[Variable]:
        """What the law takes from outside, in order: reads, operands and constants."""
        leaves: dict[Variable, None] = {}
        for node in self.writes:
            leaves |= dict.fromkeys(self._leaves_of(node.inputs[1]))
        return list(leaves)

    def _leaves_of(self, variable: Variable) -> list[Variable]:
        leaves, seen, stack = [], set(), [variable]
        while stack:
            member = stack.pop()
            if member in seen:
                continue
            seen.add(member)
            if member.owner in self.inside:
                stack.extend(reversed(member.owner.inputs))
            else:
                leaves.append(member)
        return leaves

    def _table_read_by(self, variable: Variable) -> Variable | None:
        """The table that a leaf reads by the same index, if the Op may read it."""
        node = variable.owner
        if node is None or not is_index_read(node) or node.inputs[0] not in self.fgraph.inputs:
            return None
        index, table = _row_index(node), node.inputs[0]
        if index is None or unchecked(index) is not self.index or table.type.ndim != self.ndim:
            return None
        if not is_plain(table.type) or not _spans(table.type):
            return None
        if table in self.written:  # a repeat must not read what the one before it wrote
            return table if self.is_distinct else None
        positions = update_positions(self.fgraph).values()
        overwritten = {self.fgraph.inputs[position] for position in positions}
        return None if table in overwritten else table

    @cached_property
    def reads(self) -> dict[Variable, Variable]:
        """The leaves that are reads: ``{variable: table}``."""
        tables = {leaf: self._table_read_by(leaf) for leaf in self.leaves}
        return {leaf: table for leaf, table in tables.items() if table is not None}

    @cached_property
    def operands(self) -> list[Variable]:
        """All other leaves. Constants are among them, so that C code serves any learning rate."""
        return [leaf for leaf in self.leaves if leaf not in self.reads]

    def is_sound(self) -> bool:
        """Can the rows be updated in one pass, whatever the values?"""
        supported = all(_spans(table.type) for table in self.written) and all(
            _spans(leaf.type) and is_plain(leaf.type) for leaf in self.leaves
        )
        if not supported or len(self._widths()) > 1:
            return False
        return self.is_distinct or not any(ignores_duplicates(node) for node in self.writes)

    def _widths(self) -> list[set[Variable]]:
        """Sets of tables and variables whose rows are known to have the same shape."""
        alike = [{*node.inputs, *node.outputs} for node in self.inside if _is_elemwise(node)]
        alike += [{table, node.inputs[1]} for table, node in self.written.items()]
        alike += [{table, read} for read, table in self.reads.items()]
        alike += [{leaf} for leaf in self.leaves]
        tables = {*self.written, *self.reads.values()}
        widths: list[set[Variable]] = []
        for variables in alike:
            wide = {v for v in variables if level(v.type, v in tables) == "entry"}
            others = [width for width in widths if not width & wide]
            joined = wide.union(*(width for width in widths if width & wide))
            widths = [*others, joined] if joined else others
        return widths

    def saves_work(self) -> bool:
        return bool(self.inside) or self._coalesced() is not None

    def _coalesced(self) -> Coalesced | None:
        """The Coalesce whose rows and sums nothing else needs, or None."""
        origin = coalesced(self.index)
        if origin is None or origin.rows is not self.index:
            return None
        summed = origin.summed
        clients = {
            client for output in origin.node.outputs for client, _ in self.fgraph.clients[output]
        }
        # Checked again for a table of another length: the checks would still need the rows.
        own = {*self.writes, *self.inside, *(read.owner for read in self.reads)}
        alone = clients <= own and all(
            client in self.writes
            for read in self.reads
            for client, _ in self.fgraph.clients[read]
            if client not in self.inside
        )
        aligned = [
            operand for operand in self.operands if operand is not summed and _has_rows(operand)
        ]
        return origin if alone and summed in self.operands and not aligned else None

    def build(self) -> list[Variable]:
        """The outputs of the Op, in the order of the writes."""
        origin = self._coalesced()
        indices: list[Variable] = []
        index_of: list[int] = []
        tables: list[Variable] = []
        chosen = [(table, _index_of(node)) for table, node in self.written.items()]
        for read, table in self.reads.items():
            if table not in dict(chosen):
                chosen.append((table, _index_of(read.owner)))
        for table, index in chosen:
            tables.append(table)
            if index not in indices:
                indices.append(index)
            index_of.append(indices.index(index))
        numbers = {read: tables.index(table) for read, table in self.reads.items()}
        numbers |= {operand: len(tables) + k for k, operand in enumerate(self.operands)}
        law = RowLaw(self.inside, numbers, len(tables) + len(self.operands))
        stages, new = law.stages([node.inputs[1] for node in self.writes])
        adds = tuple(not node.op.set_instead_of_inc for node in self.writes)
        distinct, operands, summed = self.is_distinct, list(self.operands), None
        if origin is not None:
            summed = operands.index(origin.summed)
            operands[summed] = origin.gradient
            indices = [origin.index, origin.length]
        op = RowUpdate(stages, tuple(index_of), new, adds, distinct=distinct, summed=summed)
        return op.make_node(*tables, *indices, *operands).outputs
