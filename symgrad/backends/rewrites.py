"""The rewrites that symgrad leaves out, and its own, under a tag that no stock mode includes."""

from functools import cache

from pytensor.compile.mode import get_mode, optdb
from pytensor.graph.basic import Constant
from pytensor.graph.features import Feature
from pytensor.graph.rewriting.basic import (
    GraphRewriter,
    copy_stack_trace,
    dfs_rewriter,
    in2out,
    node_rewriter,
)
from pytensor.scan.op import Scan
from pytensor.tensor.basic import constant
from pytensor.tensor.blas import Dot22, Dot22Scalar
from pytensor.tensor.elemwise import CAReduce, Elemwise

from symgrad.backends.c.elemwise import elemwise_as_vectors
from symgrad.backends.c.softmax import softmax_of_rows
from symgrad.backends.c.sums import sums_as_row_sums

__all__ = ["UNSOUND", "WritesLast", "register_scans", "with_symgrad_rewrites"]

# PyTensor rewrites that change what an indexed write does. The first two turn a `set` of
# x[i] + y into an inc, which differs where indices repeat (until PyTensor 3.1.2), and the third
# reads back what was to be written rather than what a later repeat wrote. The fourth leads to an Op
# that refuses to write a single row into a table of several (until it was removed, in 3.2).
UNSOUND = (
    "local_set_to_inc_subtensor",
    "local_add_of_sparse_write",
    "local_read_of_write_same_indices",
    "local_AdvancedIncSubtensor_to_AdvancedIncSubtensor1",
)


def with_symgrad_rewrites(mode):
    """`mode` with symgrad's own rewrites and without those that are unsound."""
    return mode.including("symgrad").excluding(*UNSOUND)


class WritesLast(Feature):
    """Orders everything that can fail before the first write into an updated shared variable.

    A call that fails then leaves every table as it was: all checks, all work, then the writes.
    """

    def orderings(self, fgraph):
        writers = set(_writers(fgraph))
        if not writers:
            return {}
        handler = getattr(fgraph, "destroy_handler", None)
        after = _invert(handler.orderings(fgraph) if handler else {})
        late = _descendants(fgraph, writers, after)
        early = [node for node in fgraph.apply_nodes if node not in late]
        return {writer: list(early) for writer in writers}


def _writers(fgraph):
    """Nodes that write in place into an input of the graph."""
    inputs = set(fgraph.inputs)
    for node in fgraph.apply_nodes:
        for overwritten in node.op.destroy_map.values():
            if any(_root(node.inputs[position]) in inputs for position in overwritten):
                yield node
                break


def _root(variable):
    """The variable whose memory this one uses."""
    while variable.owner is not None:
        op, position = variable.owner.op, variable.owner.outputs.index(variable)
        source = op.view_map.get(position) or op.destroy_map.get(position)
        if not source:
            break
        variable = variable.owner.inputs[source[0]]
    return variable


def _invert(orderings):
    """``{node: nodes that must come after it}``."""
    after = {}
    for node, earlier in orderings.items():
        for one in earlier:
            after.setdefault(one, []).append(node)
    return after


def _descendants(fgraph, nodes, after):
    """All nodes that must run after one of `nodes`, and these themselves."""
    found, stack = set(), list(nodes)
    while stack:
        node = stack.pop()
        if node in found:
            continue
        found.add(node)
        stack.extend(after.get(node, ()))
        for output in node.outputs:
            stack.extend(c for c, _ in fgraph.clients[output] if c in fgraph.apply_nodes)
    return found


class OrderWritesLast(GraphRewriter):
    """Attach :class:`WritesLast` when all other rewriting is done."""

    name = "symgrad_writes_last"

    def apply(self, fgraph):
        # A write that other work waits for cannot come last: it must not be in place.
        writers = set(_writers(fgraph))
        for node in writers:
            waiting = _descendants(fgraph, [node], {}) - writers
            if waiting and isinstance(node.op, Elemwise):
                pure = Elemwise(node.op.scalar_op).make_node(*node.inputs)
                fgraph.replace_all(zip(node.outputs, pure.outputs, strict=True), reason=self.name)
        fgraph.attach_feature(WritesLast())


@node_rewriter([CAReduce])
def reduce_in_output_dtype(fgraph, node):
    """A reduction that accumulates in another dtype than it returns -> one that does not.

    PyTensor's JAX linker returns the accumulator as it is: a float32 sum would become float64.
    """
    op, dtype = node.op, node.outputs[0].type.dtype
    if getattr(op, "acc_dtype", None) in (None, dtype):
        return None
    return [op.clone(dtype=dtype, acc_dtype=dtype)(*node.inputs)]


@node_rewriter([Elemwise])
def wide_constants(fgraph, node):
    """A float32 constant among float64 -> the same value in float64.

    PyTensor writes the float32 nearest to 0.9 as ``0.9`` into fused C code, where it is read as a
    double. The two differ by 2.4e-8, which ``1 - beta**t`` makes large.
    """
    inputs = [_widened(one) for one in node.inputs]
    if inputs == node.inputs or any(one.dtype != "float64" for one in node.outputs):
        return None
    outputs = node.op.make_node(*inputs).outputs
    if [one.type for one in outputs] != [one.type for one in node.outputs]:
        return None
    copy_stack_trace(node.outputs, outputs)
    return outputs


def _widened(variable):
    if isinstance(variable, Constant) and variable.dtype == "float32" and variable.data.size == 1:
        return constant(variable.data.astype("float64"))
    return variable


@node_rewriter([Dot22Scalar])
def one_product(fgraph, node):
    """A matrix product times a number, beside the product itself -> the product, computed once.

    It comes from steps in proportion to a gradient whose squares are wanted as well.
    """
    left, right, factor = node.inputs
    for other, _ in fgraph.clients[left]:
        if isinstance(other.op, Dot22) and other.inputs == [left, right]:
            return [factor * other.outputs[0]]
    return None


def register_scans(mode, tag, *others, excluded=(), position=101):
    """Under a tag: Scans that leave their mode to PyTensor are rewritten as the graph around them.

    Older PyTensor would take a mode of its own for the inner graph, unsound rewrites included.
    `others` are tags that the inner graph has as well.
    """
    if not hasattr(Scan, "fn"):  # newer PyTensor rewrites it in the mode of the function
        return

    @cache
    def inner_mode():
        return get_mode(mode).including(tag, *others).excluding(*UNSOUND, *excluded)

    @node_rewriter([Scan])
    def scan_in_mode(fgraph, node):
        if node.op.mode not in (None, "FAST_RUN"):
            return None
        op = node.op.clone()
        op.mode = inner_mode()
        return op.make_node(*node.inputs).outputs

    optdb.register(f"{tag}_scans", dfs_rewriter(scan_in_mode), tag, position=position)


optdb.register("symgrad_reduce", dfs_rewriter(reduce_in_output_dtype), "symgrad_jax", position=60)
# Before fusion, at 49.
optdb.register("symgrad_wide_constants", in2out(wide_constants), "symgrad_c", position=47.9)
# Before fusion, at 49, where newer PyTensor puts the formula of a softmax in its place.
optdb.register("symgrad_softmax", dfs_rewriter(softmax_of_rows), "symgrad_c", position=48.7)
optdb.register("symgrad_row_sums", dfs_rewriter(sums_as_row_sums), "symgrad_c", position=60)
# After the elementwise work is fused, at 49, and in place, at 50.5.
optdb.register("symgrad_vectors", dfs_rewriter(elemwise_as_vectors), "symgrad_c", position=70.6)
# After products have become calls of the BLAS, at 1.7.
optdb.register("symgrad_one_product", dfs_rewriter(one_product), "symgrad_c", position=1.75)
register_scans("CVM", "symgrad_c")
register_scans("NUMBA", "symgrad_numba")
optdb.register("symgrad_writes_last", OrderWritesLast(), "symgrad", position=1000)
