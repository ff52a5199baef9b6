"""What a compiler makes of a graph: its rewrites in order, what it fuses and what is in place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytensor
from pytensor.compile.mode import AddFeatureOptimizer, Mode, get_mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.features import Feature
from pytensor.scalar.basic import Composite
from pytensor.tensor.elemwise import Elemwise

from symgrad.backends import BACKENDS, mode_of
from symgrad.backends.rows.op import RowUpdate
from symgrad.compile.check_indices import check_indices
from symgrad.errors import BackendError
from symgrad.explain.derive.names import Formulas, ShallowFormulas
from symgrad.explain.graph import op_name
from symgrad.explain.maths import Maths, symbol

__all__ = ["Compilation", "Fused", "Rewrite", "compilation_of"]

# The rewrites that symgrad leaves out because they change results, and how they do.
_UNSOUND = {
    "local_set_to_inc_subtensor": "would turn a set of rows into an inc: repeated rows add up",
    "local_add_of_sparse_write": "would turn a set of rows into an inc: repeated rows add up",
    "local_read_of_write_same_indices": (
        "would read what was to be written, not what a later repeat of the row wrote"
    ),
}


@dataclass(frozen=True)
class Rewrite:
    """One step of the compiler.

    Attributes
    ----------
    name : str
        PyTensor's name of the rewrite.
    before, after : Maths
        What was replaced, and by what, four Ops deep.
    """

    name: str
    before: Maths
    after: Maths


@dataclass(frozen=True)
class Fused:
    """Several steps that became one loop.

    Attributes
    ----------
    op : str
    formulas : tuple of (str, Maths)
        What is computed for each output; for a row update, what happens to each table.
    """

    op: str
    formulas: tuple[tuple[str, Maths], ...]


@dataclass(frozen=True)
class Compilation:
    """What the rewrites of a backend make of cost, gradients and updates.

    Attributes
    ----------
    backend : str
    rewrites : tuple of Rewrite
    steps : tuple of (str, Maths)
        The Op and the formula of each node of the compiled graph, in order.
    fused : tuple of Fused
    in_place : tuple of str
        The Ops that write into the memory of one of their inputs.
    warnings : tuple of str
        Rewrites of PyTensor's own mode that change results. symgrad leaves them out.
    """

    backend: str
    rewrites: tuple[Rewrite, ...]
    steps: tuple[tuple[str, Maths], ...]
    fused: tuple[Fused, ...]
    in_place: tuple[str, ...]
    warnings: tuple[str, ...]


class _History(Feature):
    """Records each replacement when it happens, because the graph goes on changing."""

    def __init__(self):
        self.rewrites, self.last = [], None

    def on_change_input(self, fgraph, node, i, old, new, reason=None):
        if self.last == (reason, old, new):
            return  # the same replacement, in another of its readers
        self.last = reason, old, new
        before, after = ShallowFormulas().formula(old), ShallowFormulas().formula(new)
        self.rewrites.append(Rewrite(_short_name(reason), before, after))


def _short_name(reason):
    """The name of a rewrite; of a list of rewrites, the first and the number of the others."""
    name = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", str(reason))
    first, *rest = name.split(",")
    return f"{first}, and {len(rest)} more)" if rest else name


def compilation_of(
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    updates: Mapping[SharedVariable, Variable],
    backend: str,
) -> Compilation:
    """Run the rewrites of a backend, without generating code.

    Parameters
    ----------
    inputs, outputs : list of variables
    updates : mapping
    backend : {"c", "numba", "jax"}
    """
    if backend not in BACKENDS:
        raise BackendError(f"backend is {backend!r}: choose one of {', '.join(BACKENDS)}")
    checked = check_indices(outputs, dict(updates), backend)
    history, graph = _rewritten(inputs, checked.outputs, checked.updates, mode_of(backend))
    nodes = graph.toposort()
    return Compilation(
        backend=backend,
        rewrites=tuple(history.rewrites),
        steps=tuple((op_name(node.op), _in_brief(node.outputs[0])) for node in nodes),
        fused=tuple(fused for node in nodes if (fused := _fused(node))),
        in_place=tuple(text for node in nodes for text in _in_place(node)),
        warnings=_warnings(inputs, outputs, updates, backend),
    )


def _rewritten(inputs, outputs, updates, mode):
    history = _History()
    mode = mode.register((AddFeatureOptimizer(history), -1.0))
    compiled = pytensor.function(
        inputs, outputs, updates=updates, mode=Mode("py", mode.optimizer),
        on_unused_input="ignore",
    )  # fmt: skip
    return history, compiled.maker.fgraph


def _in_brief(variable: Variable) -> Maths:
    return ShallowFormulas(2).formula(variable)


def _in_place(node: Apply) -> Iterator[str]:
    for output, positions in node.op.destroy_map.items():
        for position in positions:
            overwritten = ShallowFormulas(1).formula(node.inputs[position]).plain()
            yield f"{op_name(node.op)} writes output {output} into {overwritten}"


def _fused(node: Apply) -> Fused | None:
    if isinstance(node.op, RowUpdate):
        return _row_update(node)
    if _is_composite(node.op):
        formulas = [_written_out(output) for output in node.outputs]
        return Fused("Composite", tuple((f"output {k}", m) for k, m in enumerate(formulas)))
    return None


def _output_formulas(composite, args):
    """The formulas of the outputs of a scalar graph, from the formulas of its inputs."""
    graph = composite.fgraph
    formulas = Formulas(zip(graph.inputs, args, strict=True))
    return [formulas.formula(output) for output in graph.outputs]


def _written_out(variable):
    """The formula of what a fused Op computed, rather than its name."""
    node = variable.owner
    if node is None or not _is_composite(node.op):
        return _in_brief(variable)
    args = [_in_brief(source) for source in node.inputs]
    return _output_formulas(node.op.scalar_op, args)[node.outputs.index(variable)]


def _is_composite(op):
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, Composite)


def _row_update(node):
    """The formulas of a fused row update, for each table."""
    op = node.op
    tables, _, _, operands = op.split(node.inputs)
    known = [Maths("index", (symbol(table.name or "table"), symbol("row"))) for table in tables]
    known += [_written_out(operand) for operand in operands]
    for stage in op.stages:
        results = _output_formulas(stage.law, [known[read] for read in stage.reads])
        if stage.kind == "sum":
            results = [Maths("total", (formula,), "sum:of the row") for formula in results]
        known += results
    formulas = tuple(
        (f"{table.name} {'+=' if adds else '='}", known[new])
        for table, new, adds in zip(tables, op.new, op.adds, strict=True)
    )
    return Fused("RowUpdate", formulas)


def _warnings(inputs, outputs, updates, backend):
    """The unsound rewrites that PyTensor's own mode would have used."""
    mode = get_mode(BACKENDS[backend].stock)
    history, _ = _rewritten(inputs, outputs, dict(updates), mode)
    used = dict.fromkeys(rewrite.name for rewrite in history.rewrites)
    return tuple(f"{name} {_UNSOUND[name]}" for name in used if name in _UNSOUND)
