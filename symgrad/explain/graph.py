"""Questions to a PyTensor graph: its order, its inputs, and the names that its user gave."""

from collections.abc import Iterable, Sequence

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.op import Op
from pytensor.tensor.type import discrete_dtypes

__all__ = ["has_name", "is_float", "leaves_of", "nodes_as_written", "op_name"]

_NAMES_OF_PYTENSOR = {"mean", "var", "std"}


def op_name(op: Op) -> str:
    """The name of an Op in a line of text."""
    inner = getattr(op, "scalar_op", None) or getattr(op, "core_op", None) or op
    return type(inner).__name__


def is_float(variable: Variable) -> bool:
    """Can the variable have an adjoint?"""
    dtype = getattr(variable.type, "dtype", None)
    return dtype is not None and dtype not in discrete_dtypes


def has_name(variable: Variable) -> bool:
    """Did the user name the variable? PyTensor gives names of its own to some."""
    node = variable.owner
    if node is None or not variable.name:
        return bool(variable.name)
    source = node.inputs[0].name
    if variable.name in (*_NAMES_OF_PYTENSOR, f"{source}.T"):
        return False
    # Gradients begin with "(d"; the slices of a scan are named after the sequence.
    return not variable.name.startswith(("(d", f"{source}["))


def nodes_as_written(outputs: Sequence[Variable]) -> list[Apply]:
    """The nodes behind the outputs, in the order in which one writes them: left to right."""
    ordered: dict[Apply, None] = {}
    stack = [(output.owner, False) for output in reversed(outputs)]
    while stack:
        node, is_done = stack.pop()
        if node is None or node in ordered:
            continue
        if is_done:
            ordered[node] = None
        else:
            stack.append((node, True))
            stack.extend((variable.owner, False) for variable in reversed(node.inputs))
    return list(ordered)


def leaves_of(outputs: Sequence[Variable]) -> list[Variable]:
    """The inputs and shared variables behind the outputs, in the order in which they are met."""
    met: dict[Variable, None] = {}

    def meet(variables: Iterable[Variable]) -> None:
        met.update(dict.fromkeys(variable for variable in variables if variable.owner is None))

    for node in nodes_as_written(outputs):
        meet(node.inputs)
    meet(outputs)
    return [variable for variable in met if not isinstance(variable, Constant)]
