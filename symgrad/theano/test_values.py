"""Test values: what each new variable of a graph computes from example values of the inputs.

Setting ``config.compute_test_value`` to another value than ``"off"`` replaces ``Op.__call__`` of
PyTensor, and setting it back restores it. What cannot be computed raises where the graph is built.
"""

# A patch assigns to methods and attributes.
# mypy: disable-error-code="method-assign, assignment, attr-defined"

import copy
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.op import Op
from pytensor.graph.utils import MethodNotDefined

from symgrad.theano.pytensor_compat import BUILDS_INNER_GRAPHS

__all__ = ["compute", "compute_test_values", "paused"]

_pytensor_call = Op.__call__
_state: dict[str, Any] = {"mode": "off", "paused": 0}


def compute_test_values(mode: str) -> None:
    """Choose what happens to missing values: "off", "ignore", "warn" or "raise"."""
    _state["mode"] = mode
    Op.__call__ = _pytensor_call if mode == "off" else _call_and_compute


@contextmanager
def paused() -> Iterator[None]:
    """Compute no test values, because graphs are rewritten and compiled here."""
    _state["paused"] += 1
    try:
        yield
    finally:
        _state["paused"] -= 1


def _call_and_compute(op, *inputs, **options):
    result = _pytensor_call(op, *inputs, **options)
    outputs = result if isinstance(result, (list, tuple)) else [result]
    if not _state["paused"] and outputs and outputs[0].owner is not None:
        compute(outputs[0].owner)
    return result


def _value_of(variable: Variable) -> Any:
    """The test value of a variable as its type has it, or None."""
    if isinstance(variable, Constant):
        return variable.data
    if isinstance(variable, SharedVariable):
        return variable.get_value(borrow=True, return_internal_type=True)
    value = getattr(variable.tag, "test_value", None)
    if value is None and variable.owner is not None:
        compute(variable.owner)
        return getattr(variable.tag, "test_value", None)
    return None if value is None else variable.type.filter(value)


def compute(node: Apply) -> None:
    """Compute the test values of a node's outputs, if all of its inputs have one.

    Raises
    ------
    ValueError
        If an input has none, and the mode is "raise".
    """
    values = [_value_of(variable) for variable in node.inputs]
    for variable, value in zip(node.inputs, values, strict=True):
        if value is None:
            return _missing(variable, node)
    outputs, node = node.outputs, node.clone(clone_inner_graph=True)  # compiling changes Scan's
    destroyed = {index for indices in node.op.destroy_map.values() for index in indices}
    storage = {
        variable: [copy.deepcopy(value) if index in destroyed else value]
        for index, (variable, value) in enumerate(zip(node.inputs, values, strict=True))
    }
    storage.update((output, [None]) for output in node.outputs)
    _run(node, storage)
    for output, computed in zip(outputs, node.outputs, strict=True):
        output.tag.test_value = storage[computed][0]
    return None


def _run(node, storage):
    computed = {variable: [variable not in node.outputs] for variable in storage}
    try:
        with paused():
            node.op.make_thunk(node, storage, computed, [], impl="py")()
    except (MethodNotDefined, NotImplementedError):
        with paused():
            node.op.make_thunk(node, storage, computed, [], impl="c")()


def _missing(variable, node):
    mode = _state["mode"]
    if mode in ("ignore", "off") or variable.owner is not None or _is_inner(sys._getframe(2)):
        return
    message = f"Cannot compute test value: {variable}, an input of {node}, has no tag.test_value"
    if mode == "warn":
        warnings.warn(message, stacklevel=4)
    else:
        raise ValueError(message)


def _is_inner(frame: FrameType | None) -> bool:
    """Whether a frame, or one of its callers, builds a graph that the user does not see."""
    while frame is not None:
        path = frame.f_code.co_filename.replace("\\", "/")
        in_pytensor = any(place in path for place in BUILDS_INNER_GRAPHS)
        if in_pytensor and frame.f_code.co_name != "__call__":
            return True
        frame = frame.f_back
    return False
