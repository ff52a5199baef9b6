"""A graph made anew: in float64, with variables replaced or moved."""

import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.scalar.basic import Cast
from pytensor.tensor.elemwise import CAReduce, Elemwise

from symgrad.explain.notation import is_float
from symgrad.explain.trace import as_written
from symgrad.graph.replace import substitute

__all__ = ["evaluator", "exact_type", "rebuilt", "values_at"]


def evaluator(inputs, outputs):
    """A function of inputs and shared variables, computed by each Op's own Python code."""
    free = {one: one.type() for one in inputs if isinstance(one, SharedVariable)}
    inputs = [free.get(one, one) for one in inputs]
    outputs = substitute(list(outputs), free)
    with _python():
        compiled = pytensor.function(
            inputs, outputs, mode=Mode("py", None), on_unused_input="ignore"
        )

    def evaluate(*values):
        with _python():
            return compiled(*values)

    return evaluate


def values_at(point, variables):
    """The values of variables where those of all inputs are known, each in its own dtype."""
    return evaluator(list(point), list(variables))(*point.values())


def _python():
    """Graphs inside Ops are compiled when they are first met: these need no C, either."""
    return pytensor.config.change_flags(mode="FAST_COMPILE")


def exact_type(variable):
    """The type of a variable, in float64 if it is of floats."""
    return variable.type.clone(dtype="float64") if is_float(variable) else variable.type


def rebuilt(outputs, replacements, moved=()):
    """Outputs in float64 with variables replaced, and offsets added to others.

    Parameters
    ----------
    outputs : list of variables
    replacements : dict
        Variable to variable; what lies behind is not looked at.
    moved : mapping
        Variable to what is added to it.
    """
    new, moved = dict(replacements), dict(moved)
    for node in as_written(outputs):
        if all(one in new for one in node.outputs):
            continue
        made = _remade(node, [_exact(new.get(one, one)) for one in node.inputs])
        for old, one in zip(node.outputs, made, strict=True):
            if old not in new:
                new[old] = one + moved[old] if old in moved else one
    return [_exact(new.get(one, one)) for one in outputs]


def _remade(node, inputs):
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
