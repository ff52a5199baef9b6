"""Test values: what a graph computes, known while it is built.

With ``config.compute_test_value`` other than ``"off"``, each new variable gets the value that
follows from ``tag.test_value`` of the inputs; what cannot be computed raises where it is built.
"""

import copy
import sys
import warnings
from contextlib import contextmanager

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.op import Op
from pytensor.graph.utils import MethodNotDefined

__all__ = ["compute", "install", "own_value", "paused"]

# Here PyTensor builds graphs of its own, from inputs that no user could give a value.
INNER = tuple(
    f"pytensor/{place}"
    for place in (
        "compile/",
        "gradient.py",
        "graph/",
        "scan/",
        "tensor/blockwise.py",
        "tensor/elemwise.py",
    )
)
_build = Op.__call__
_state = {"wanted": "off", "paused": 0}


def install(wanted):
    """Set how test values are computed: "off", "ignore" (what is missing), "warn" or "raise"."""
    _state["wanted"] = wanted
    Op.__call__ = _build if wanted == "off" else _build_and_compute


@contextmanager
def paused():
    """No test values here: graphs are rewritten and compiled."""
    _state["paused"] += 1
    try:
        yield
    finally:
        _state["paused"] -= 1


def _build_and_compute(op, *inputs, **options):
    built = _build(op, *inputs, **options)
    outputs = built if isinstance(built, (list, tuple)) else [built]
    if not _state["paused"] and outputs and outputs[0].owner is not None:
        compute(outputs[0].owner)
    return built


def own_value(variable):
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


def compute(node):
    """Give the outputs of a node the values that follow from those of its inputs, if all are there.

    Raises
    ------
    ValueError
        If one is missing, where that is wanted.
    """
    values = [own_value(one) for one in node.inputs]
    for variable, value in zip(node.inputs, values, strict=True):
        if value is None:
            return _missing(variable, node)
    outputs, node = node.outputs, node.clone(clone_inner_graph=True)  # compiling changes Scan's
    destroyed = {index for places in node.op.destroy_map.values() for index in places}
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
    computed = {one: [one not in node.outputs] for one in storage}
    try:
        with paused():
            node.op.make_thunk(node, storage, computed, [], impl="py")()
    except (MethodNotDefined, NotImplementedError):
        with paused():
            node.op.make_thunk(node, storage, computed, [], impl="c")()


def _missing(variable, node):
    wanted = _state["wanted"]
    if wanted in ("ignore", "off") or variable.owner is not None or _is_inner(sys._getframe(2)):
        return
    message = f"Cannot compute test value: {variable}, an input of {node}, has no tag.test_value"
    if wanted == "warn":
        warnings.warn(message, stacklevel=4)
    else:
        raise ValueError(message)


def _is_inner(frame):
    """Whether a frame, or what called it, builds a graph that the user does not see."""
    while frame is not None:
        path = frame.f_code.co_filename.replace("\\", "/")
        if frame.f_code.co_name != "__call__" and any(place in path for place in INNER):
            return True
        frame = frame.f_back
    return False
