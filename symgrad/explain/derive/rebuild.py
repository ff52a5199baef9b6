"""Evaluate a graph, and rebuild it in float64 with variables replaced or moved."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.type import Type
from pytensor.scalar.basic import Cast
from pytensor.tensor.elemwise import CAReduce, Elemwise

from symgrad.explain.graph import is_float, nodes_as_written
from symgrad.graph.replace import substitute

__all__ = ["evaluator", "exact_type", "rebuilt", "values_at"]

# No rewrites, and no generated code.
_PLAIN = Mode("py", "None")


def evaluator(
    inputs: Sequence[Variable], outputs: Sequence[Variable]
) -> Callable[..., list[np.ndarray]]:
    """A function of inputs and shared variables, computed by the Python code of each Op."""
    placeholders: dict[Variable, Variable] = {
        x: x.type() for x in inputs if isinstance(x, SharedVariable)
    }
    inputs = [placeholders.get(x, x) for x in inputs]
    outputs = substitute(list(outputs), placeholders)
    with _python():
        compiled = pytensor.function(inputs, outputs, mode=_PLAIN, on_unused_input="ignore")

    def evaluate(*values):
        with _python():
            return compiled(*values)

    return evaluate


def values_at(
    point: Mapping[Variable, np.ndarray], variables: Sequence[Variable]
) -> list[np.ndarray]:
    """The values of variables where those of all inputs are known, each in its own dtype."""
    return evaluator(list(point), list(variables))(*point.values())


def _python():
    """Compile graphs inside Ops without C, too: that happens when they are first called."""
    return pytensor.config.change_flags(mode="FAST_COMPILE")


def exact_type(variable: Variable) -> Type:
    """The type of a variable, in float64 if it is a type of floats."""
    return variable.type.clone(dtype="float64") if is_float(variable) else variable.type


def rebuilt(
    outputs: Sequence[Variable],
    replacements: Mapping[Variable, Variable],
    offsets: Mapping[Variable, Variable] | None = None,
) -> list[Variable]:
    """Outputs in float64 with variables replaced, and offsets added to others.

    Parameters
    ----------
    outputs : list of variables
    replacements : mapping
        Variable to variable. What the replaced variable was made of does not matter.
    offsets : mapping, optional
        Variable to what is added to it.
    """
    new, offsets = dict(replacements), offsets or {}
    for node in nodes_as_written(outputs):
        if all(output in new for output in node.outputs):
            continue
        clones = _in_float64(node, [_exact(new.get(x, x)) for x in node.inputs])
        for output, clone in zip(node.outputs, clones, strict=True):
            if output not in new:
                new[output] = clone + offsets[output] if output in offsets else clone
    return [_exact(new.get(output, output)) for output in outputs]


def _in_float64(node, inputs):
    op = node.op
    if isinstance(op, Elemwise) and isinstance(op.scalar_op, Cast) and is_float(node.outputs[0]):
        return [pt.cast(inputs[0], "float64")]
    if isinstance(op, CAReduce) and is_float(node.outputs[0]) and hasattr(op, "clone"):
        return [op.clone(dtype="float64", acc_dtype="float64")(*inputs)]
    return node.clone_with_new_inputs(inputs, strict=False).outputs


def _exact(variable):
    if isinstance(variable, Constant) and is_float(variable):
        return pt.constant(variable.data, dtype="float64")
    return variable
