"""What the compiler made of it: the rewrites in their order, what was fused, what is in place."""

import re
from dataclasses import dataclass

import pytensor
from pytensor.compile.mode import AddFeatureOptimizer, Mode, get_mode
from pytensor.graph.features import Feature
from pytensor.scalar.basic import Composite
from pytensor.tensor.elemwise import Elemwise

from symgrad.backends import BACKENDS, mode_of
from symgrad.backends.rows.op import RowUpdate
from symgrad.compile.check_indices import guard
from symgrad.errors import BackendError
from symgrad.explain.maths import Maths, symbol
from symgrad.explain.names import Formulas, Shallow
from symgrad.explain.notation import name_of

__all__ = ["Compilation", "Fused", "Rewrite", "compilation"]

# Of the rewrites that symgrad leaves out, those that change results, and how.
_MEANING = {
    "local_set_to_inc_subtensor": "would turn a set of rows into an inc: repeated rows add up",
    "local_add_of_sparse_write": "would turn a set of rows into an inc: repeated rows add up",
    "local_read_of_write_same_indices": (
        "would read what was to be written, not what a later repeat of the row wrote"
    ),
}
_STOCK = {"c": "CVM", "numba": "NUMBA", "jax": "JAX"}


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
        What is computed for each output; of a row update, what happens to each table.
    """

    op: str
    formulas: tuple[tuple[str, Maths], ...]


@dataclass(frozen=True)
class Compilation:
    """What a backend's rewrites make of cost, gradients and updates.

    Attributes
    ----------
    backend : str
    rewrites : tuple of Rewrite
    steps : tuple of (str, Maths)
        The Op and the formula of each node of the compiled graph, in order.
    fused : tuple of Fused
    in_place : tuple of str
        Which Ops write into the memory of one of their inputs.
    warnings : tuple of str
        Rewrites that PyTensor's own mode would use and that change results; symgrad leaves them
        out.
    """

    backend: str
    rewrites: tuple[Rewrite, ...]
    steps: tuple[tuple[str, Maths], ...]
    fused: tuple[Fused, ...]
    in_place: tuple[str, ...]
    warnings: tuple[str, ...]


class _History(Feature):
    """Writes down each replacement when it happens: the graph goes on changing afterwards."""

    def __init__(self):
        self.rewrites, self.last = [], None

    def on_change_input(self, fgraph, node, i, r, new_r, reason=None):
        if self.last == (reason, r, new_r):
            return  # one replacement, seen by another of its readers
        self.last = reason, r, new_r
        before, after = Shallow().formula(r), Shallow().formula(new_r)
        self.rewrites.append(Rewrite(_short(reason), before, after))


def _short(reason):
    """The name of a rewrite; of a long list of rewrites, the first."""
    name = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", str(reason))
    first, *rest = name.split(",")
    return f"{first}, and {len(rest)} more)" if rest else name


def compilation(inputs, outputs, updates, backend):
    """Let the rewrites of a backend work, without generating code.

    Parameters
    ----------
    inputs, outputs : list of variables
    updates : dict
    backend : {"c", "numba", "jax"}
    """
    if backend not in BACKENDS:
        raise BackendError(f"backend is {backend!r}: choose one of {', '.join(BACKENDS)}")
    guarded = guard(outputs, dict(updates), backend, "ignore")
    history, graph = _rewritten(inputs, guarded.outputs, guarded.updates, mode_of(backend))
    nodes = graph.toposort()
    return Compilation(
        backend=backend,
        rewrites=tuple(history.rewrites),
        steps=tuple((name_of(node.op), _one_deep(node)) for node in nodes),
        fused=tuple(found for node in nodes if (found := _fused(node))),
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


def _one_deep(node):
    return Shallow(2).formula(node.outputs[0])


def _in_place(node):
    for output, positions in node.op.destroy_map.items():
        for position in positions:
            overwritten = Shallow(1).formula(node.inputs[position]).plain()
            yield f"{name_of(node.op)} writes output {output} into {overwritten}"


def _fused(node):
    if isinstance(node.op, RowUpdate):
        return _row_update(node)
    if _is_composite(node.op):
        found = [_written_out(one) for one in node.outputs]
        return Fused("Composite", tuple((f"output {k}", one) for k, one in enumerate(found)))
    return None


def _inside(composite, args):
    """The formulas of the outputs of a scalar graph, of those of its inputs."""
    graph = composite.fgraph
    formulas = Formulas(zip(graph.inputs, args, strict=True))
    return [formulas.formula(one) for one in graph.outputs]


def _written_out(variable):
    """The formula of what a fused Op computed, rather than its name."""
    node = variable.owner
    if node is None or not _is_composite(node.op):
        return Shallow(2).formula(variable)
    args = [Shallow(2).formula(one) for one in node.inputs]
    return _inside(node.op.scalar_op, args)[node.outputs.index(variable)]


def _is_composite(op):
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, Composite)


def _row_update(node):
    """The law of a row update, for each table."""
    op = node.op
    tables, _, _, operands = op.split(node.inputs)
    known = [Maths("index", (symbol(one.name or "table"), symbol("row"))) for one in tables]
    known += [_written_out(one) for one in operands]
    for stage in op.stages:
        found = _inside(stage.law, [known[at] for at in stage.reads])
        if stage.kind == "sum":
            found = [Maths("total", (one,), "sum:of the row") for one in found]
        known += found
    formulas = tuple(
        (f"{tables[k].name} {'+=' if adds else '='}", known[new])
        for k, (new, adds) in enumerate(zip(op.new, op.adds, strict=True))
    )
    return Fused("RowUpdate", formulas)


def _warnings(inputs, outputs, updates, backend):
    """What PyTensor's own mode would have done."""
    history, _ = _rewritten(inputs, outputs, dict(updates), get_mode(_STOCK[backend]))
    used = dict.fromkeys(one.name for one in history.rewrites)
    return tuple(f"{name} {_MEANING[name]}" for name in used if name in _MEANING)
