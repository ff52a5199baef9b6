"""The rewrite that makes one pass over the rows of reads, arithmetic and writes."""

from dataclasses import dataclass
from functools import cached_property

from pytensor.compile.mode import optdb
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import Output
from pytensor.graph.rewriting.basic import GraphRewriter, MergeOptimizer
from pytensor.graph.utils import InconsistencyError, MethodNotDefined
from pytensor.scalar.basic import Add, Composite, IntDiv, Mod, get_scalar_type
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.type import TensorType

from symgrad.backends.rows.law import Law, level
from symgrad.backends.rows.op import RowUpdate
from symgrad.graph.distinct import has_distinct_values
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write
from symgrad.ops.check_index import CheckIndex
from symgrad.ops.coalesce import Coalesce

__all__ = ["TAG", "FuseRowUpdates", "is_plain", "row_index_of"]

# No stock mode includes it.
TAG = "symgrad_fuse"


class FuseRowUpdates(GraphRewriter):
    """Replace writes of rows, and what only they need, by one :class:`RowUpdate`.

    A write is a candidate if it is all that happens to an updated table: its target is the table
    itself, nothing but the update looks at its result, and its rows are chosen by an index vector
    along axis 0. Nothing in the graph then depends on what is written, so all reads can come
    first. Where the index is distinct by construction, each row is read just before it is written.
    Where it may repeat, rows of tables that are written are read by a node of its own beforehand.
    """

    name = "symgrad_fuse_row_updates"

    def apply(self, fgraph):
        if not fgraph.update_mapping:
            return
        MergeOptimizer().rewrite(fgraph)  # one index should be one variable
        for writes in _alike(fgraph):
            for group in _linked(fgraph, writes):
                fused = _Fusion(fgraph, group)
                if fused.is_sound() and fused.saves_work():
                    new = fused.build()
                    old = [node.outputs[0] for node in fused.writes]
                    fgraph.replace_all(zip(old, new, strict=True), reason=self.name)


class WriteInPlace(GraphRewriter):
    """Let each :class:`RowUpdate` work in the memory of its tables."""

    name = "symgrad_row_updates_in_place"

    def apply(self, fgraph):
        for node in fgraph.toposort():
            if isinstance(node.op, RowUpdate) and not node.op.inplace:
                new = node.op.in_place()(*node.inputs, return_list=True)
                pairs = list(zip(node.outputs, new, strict=True))
                try:
                    fgraph.replace_all_validate(pairs, reason=self.name)
                except InconsistencyError:
                    continue  # the old rows are still wanted; the audit tells of the copy


def _alike(fgraph):
    """Lists of candidates with one index and one number of dimensions."""
    found = {}
    for node in fgraph.toposort():
        if _is_candidate(fgraph, node):
            key = _unchecked(_row_index(node)), node.inputs[0].type.ndim
            found.setdefault(key, []).append(node)
    return found.values()


def _is_candidate(fgraph, node):
    if not is_index_write(node) or _row_index(node) is None:
        return False
    table, rows = node.inputs[:2]
    if table not in fgraph.inputs or rows.type.ndim != table.type.ndim:
        return False
    if rows.type.dtype != table.type.dtype or not is_plain(table.type):
        return False
    clients = fgraph.clients[node.outputs[0]]
    updated = [
        fgraph.inputs[fgraph.update_mapping.get(one.op.idx, -1)]
        for one, _ in clients
        if isinstance(one.op, Output) and one.op.idx in fgraph.update_mapping
    ]
    others = [one for one, _ in fgraph.clients[table] if one is not node]
    return (
        len(clients) == 1
        and updated == [table]
        and not any(isinstance(one.op, Output) or _writes(one, table) for one in others)
    )


def _writes(node, table):
    return is_index_write(node) and node.inputs[0] is table


def is_plain(type_):
    """Is it a tensor whose entries C code can add?"""
    unsupported = ("float16", "complex64", "complex128")
    return isinstance(type_, TensorType) and type_.dtype not in unsupported


def _row_index(node):
    """The index vector by which a read or write chooses rows of axis 0, or None."""
    index = row_index_of(node)
    return index if index is not None and index.type.ndim == 1 else None


def row_index_of(node):
    """The integers, of any number of dimensions, that choose rows of axis 0, or None."""
    first, *rest = indices_of(node) or (None,)
    if not isinstance(first, Variable) or any(one != slice(None) for one in rest):
        return None
    is_tensor = isinstance(first.type, TensorType) and first.type.ndim > 0
    return first if is_tensor and first.type.dtype != "bool" else None


def _unchecked(index):
    """The index without the checks, which do not change which rows are chosen."""
    while index.owner is not None and isinstance(index.owner.op, CheckIndex):
        index = index.owner.inputs[0]
    return index


def _linked(fgraph, writes):
    """Groups of writes that share values: entries, or numbers per row."""
    inside = _inside(fgraph, writes)
    groups = []  # (writes, values)
    # Tables with one number per row come last. They say nothing of the length of rows, and must
    # not join tables of rows of different lengths.
    for node in sorted(writes, key=lambda one: level(one.inputs[0].type, True) != "entry"):
        values = _region(node.inputs[1], inside)
        linked = [group for group in groups if _link(node, group[1] & values)]
        if level(node.inputs[0].type, True) != "entry":
            linked = linked[:1]
        groups = [group for group in groups if group not in linked]
        joined = [one for group in linked for one in group[0]]
        groups.append(([*joined, node], values.union(*(group[1] for group in linked))))
    return [group for group, _ in groups]


def _link(node, shared):
    """Do these shared values let a write join others?"""
    if level(node.inputs[0].type, True) == "entry":
        return any(level(one.type) == "entry" for one in shared)
    return bool(shared)


def _region(variable, inside):
    """The variable, and all that nodes inside make it of, that differ from row to row."""
    found, stack = set(), [variable]
    while stack:
        one = stack.pop()
        if one in found or isinstance(one, Constant) or level(one.type) == "call":
            continue
        found.add(one)
        if one.owner in inside:
            stack.extend(one.owner.inputs)
    return found


def _inside(fgraph, writes):
    """The nodes that can be part of the law: row-wise arithmetic that only the writes need."""
    ndim = writes[0].inputs[0].type.ndim
    inside = {}
    for node in reversed(fgraph.toposort()):
        if _is_row_wise(node, ndim):
            clients = [client for output in node.outputs for client in fgraph.clients[output]]
            if all(one in inside or (one in writes and at == 1) for one, at in clients):
                inside[node] = None
    return inside


def _is_row_wise(node, ndim):
    """Does the node work on rows, each by itself?"""
    op = node.op
    if not all(is_plain(one.type) for one in [*node.inputs, *node.outputs]):
        return False
    if isinstance(op, Elemwise):
        everywhere = [*node.inputs, *node.outputs]
        return (
            node.outputs[0].type.ndim in (1, ndim)
            and level(node.outputs[0].type) != "call"
            and all(_spans(one.type) for one in everywhere)
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


def _is_elemwise(node):
    return isinstance(node.op, Elemwise)


def _spans(type_):
    """Does a value lie along all dimensions of a row, or along none?"""
    broadcast = [size == 1 for size in type_.shape[1:]]
    return all(broadcast) or not any(broadcast)


def _has_rows(variable):
    return variable.type.ndim > 0 and variable.type.shape[0] != 1


def _can_be_fused(scalar_op, node):
    # A loop over rows cannot stop half way: integer division can fail.
    laws = [scalar_op]
    if isinstance(scalar_op, Composite):
        laws = [one.op for one in scalar_op.fgraph.apply_nodes]
    if any(isinstance(one, (IntDiv, Mod)) for one in laws):
        return False
    applied = scalar_op.make_node(*(get_scalar_type(one.type.dtype)() for one in node.inputs))
    names = [f"i{k}" for k in range(len(node.inputs))], [f"o{k}" for k in range(len(node.outputs))]
    try:
        scalar_op.c_code(applied, "law", *names, {"fail": "", "id": "0"})
    except (NotImplementedError, MethodNotDefined):
        return False
    return True


@dataclass
class _Fusion:
    """A group of writes on the way to one Op."""

    fgraph: object
    writes: list

    def __post_init__(self):
        self.inside = _inside(self.fgraph, self.writes)
        self.index = _unchecked(_row_index(self.writes[0]))
        self.is_distinct = has_distinct_values(self.index)
        self.ndim = self.writes[0].inputs[0].type.ndim
        self.written = {node.inputs[0]: node for node in self.writes}

    @cached_property
    def leaves(self):
        """What the law takes from outside, in order: reads, operands and constants."""
        found = {}
        for node in self.writes:
            found |= dict.fromkeys(self._leaves_of(node.inputs[1]))
        return list(found)

    def _leaves_of(self, variable):
        found, seen, stack = [], set(), [variable]
        while stack:
            one = stack.pop()
            if one in seen:
                continue
            seen.add(one)
            if one.owner in self.inside:
                stack.extend(reversed(one.owner.inputs))
            else:
                found.append(one)
        return found

    def _read(self, variable):
        """The table that a leaf reads by the same index, if it may be read by the Op."""
        node = variable.owner
        if node is None or not is_index_read(node) or node.inputs[0] not in self.fgraph.inputs:
            return None
        index, table = _row_index(node), node.inputs[0]
        if index is None or _unchecked(index) is not self.index or table.type.ndim != self.ndim:
            return None
        if not is_plain(table.type) or not _spans(table.type):
            return None
        if table in self.written:  # a repeat must not read what the one before it wrote
            return table if self.is_distinct else None
        overwritten = {self.fgraph.inputs[at] for at in self.fgraph.update_mapping.values()}
        return None if table in overwritten else table

    @cached_property
    def reads(self):
        """The leaves that are reads: ``{variable: table}``."""
        found = {one: self._read(one) for one in self.leaves}
        return {one: table for one, table in found.items() if table is not None}

    @cached_property
    def operands(self):
        """The leaves that are no reads. Numbers are among them: C code serves any rate, then."""
        return [one for one in self.leaves if one not in self.reads]

    def is_sound(self):
        """Can the rows be updated in one pass, whatever the values?"""
        supported = all(_spans(table.type) for table in self.written) and all(
            _spans(one.type) and is_plain(one.type) for one in self.leaves
        )
        if not supported or len(self._widths()) > 1:
            return False
        return self.is_distinct or not any(
            getattr(node.op, "ignore_duplicates", False) for node in self.writes
        )

    def _widths(self):
        """Sets of tables and variables whose rows are known to have one shape."""
        alike = [{*node.inputs, *node.outputs} for node in self.inside if _is_elemwise(node)]
        alike += [{table, node.inputs[1]} for table, node in self.written.items()]
        alike += [{table, read} for read, table in self.reads.items()]
        alike += [{one} for one in self.leaves]
        tables = {*self.written, *self.reads.values()}
        found = []
        for members in alike:
            members = {one for one in members if level(one.type, one in tables) == "entry"}
            others = [one for one in found if not one & members]
            joined = members.union(*(one for one in found if one & members))
            found = [*others, joined] if joined else others
        return found

    def saves_work(self):
        return bool(self.inside) or self._coalesce() is not None

    def _coalesce(self):
        """The Coalesce whose rows and sums nothing else needs, or None."""
        node = self.index.owner
        if node is None or not isinstance(node.op, Coalesce):
            return None
        summed = node.outputs[1]
        clients = {one for output in node.outputs for one, _ in self.fgraph.clients[output]}
        # Checked again for a table of another length: the checks would still need the rows.
        own = {*self.writes, *self.inside, *(read.owner for read in self.reads)}
        alone = clients <= own and all(
            client in self.writes
            for read in self.reads
            for client, _ in self.fgraph.clients[read]
            if client not in self.inside
        )
        aligned = [one for one in self.operands if one is not summed and _has_rows(one)]
        return node if alone and summed in self.operands and not aligned else None

    def build(self):
        """The outputs of the Op, in the order of the writes."""
        coalesced = self._coalesce()
        indices, index_of, tables = [], [], []
        chosen = [(table, _row_index(node)) for table, node in self.written.items()]
        for read, table in self.reads.items():
            if table not in dict(chosen):
                chosen.append((table, _row_index(read.owner)))
        for table, index in chosen:
            tables.append(table)
            if index not in indices:
                indices.append(index)
            index_of.append(indices.index(index))
        numbers = {read: tables.index(table) for read, table in self.reads.items()}
        numbers |= {one: len(tables) + k for k, one in enumerate(self.operands)}
        law = Law(self.inside, numbers, len(tables) + len(self.operands))
        stages, new = law.stages([node.inputs[1] for node in self.writes])
        adds = tuple(not node.op.set_instead_of_inc for node in self.writes)
        distinct, operands, summed = self.is_distinct, list(self.operands), None
        if coalesced is not None:
            raw, gradient, length = coalesced.inputs
            summed = operands.index(coalesced.outputs[1])
            operands[summed] = gradient
            indices = [raw, length]
        op = RowUpdate(stages, tuple(index_of), new, adds, distinct=distinct, summed=summed)
        return op(*tables, *indices, *operands, return_list=True)


optdb.register(FuseRowUpdates.name, FuseRowUpdates(), TAG, position=48.5)
optdb.register(WriteInPlace.name, WriteInPlace(), TAG, "inplace", position=70.5)
