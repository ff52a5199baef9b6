"""Types, Ops, variables and classes as text, in Theano's words."""

from typing import Any

import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import WalkingGraphRewriter
from pytensor.graph.type import Type
from pytensor.scalar.basic import ScalarConstant, ScalarOp
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import TensorConstant, TensorVariable

from symgrad.theano.core import RowSum
from symgrad.theano.text.indexing import INDEX_OPS, index_op_as_text

__all__ = [
    "class_as_text",
    "object_as_text",
    "op_as_text",
    "operands",
    "scalar_op_as_text",
    "type_as_text",
    "variable_as_text",
]

_PATTERNS = {
    (): "scalar",
    (False,): "vector",
    (False, False): "matrix",
    (True, False): "row",
    (False, True): "col",
}
_SCALARS = {"abs": "abs_", "sign": "sgn", "reciprocal": "inv", "truediv": "true_div"}
_CLASSES: dict[type, str] = {
    Apply: "theano.gof.graph.Apply",
    Constant: "theano.gof.graph.Constant",
    DimShuffle: "theano.tensor.elemwise.DimShuffle",
    Elemwise: "theano.tensor.elemwise.Elemwise",
    FunctionGraph: "theano.gof.fg.FunctionGraph",
    TensorConstant: "theano.tensor.var.TensorConstant",
    TensorSharedVariable: "theano.tensor.sharedvar.TensorSharedVariable",
    TensorType: "theano.tensor.type.TensorType",
    TensorVariable: "theano.tensor.var.TensorVariable",
    Variable: "theano.gof.graph.Variable",
    WalkingGraphRewriter: "theano.gof.opt.TopoOptimizer",
}


def class_as_text(cls: type) -> str:
    """A class of PyTensor by Theano's name: ``<class 'theano.tensor.var.TensorVariable'>``."""
    return f"<class '{_CLASSES[cls]}'>" if cls in _CLASSES else type.__repr__(cls)


def object_as_text(value: Any) -> str:
    """Python's default text for an object, with Theano's name of its class."""
    return f"<{_CLASSES[type(value)]} object at {id(value):#x}>"


def type_as_text(variable_type: Type) -> str:
    """A type as Theano wrote it: ``TensorType(float64, matrix)``."""
    if not isinstance(variable_type, TensorType):
        return str(variable_type)
    if variable_type.name:
        return variable_type.name
    pattern = variable_type.broadcastable
    name = _PATTERNS.get(pattern) or (pattern if any(pattern) else f"{len(pattern)}D")
    return f"TensorType({variable_type.dtype}, {name})"


def op_as_text(op: Op, node: Apply | None = None) -> str:
    """An Op as Theano wrote it: ``Elemwise{add,no_inplace}``.

    For an Op that reads or writes at indices, the node tells the dtypes of the indices.
    """
    if isinstance(op, INDEX_OPS):
        return index_op_as_text(op, node)
    if isinstance(op, Elemwise):
        return op.name or _elemwise_as_text(op)
    if isinstance(op, DimShuffle):
        return f"InplaceDimShuffle{{{','.join(map(str, op.new_order))}}}"
    if isinstance(op, (Sum, RowSum)):
        axis = "" if op.axis is None else f"axis={list(op.axis)}, "
        return f"Sum{{{axis}acc_dtype={getattr(op, 'acc_dtype', None) or 'float64'}}}"
    return "dot" if isinstance(op, Dot) else str(op)


def _elemwise_as_text(op):
    scalar_op = op.scalar_op
    if op.inplace_pattern:
        # Theano made another instance of the Op on numbers, which had lost its name.
        name = str(scalar_op) if "{" in str(scalar_op) else type(scalar_op).__name__
        return f"Elemwise{{{name}}}{sorted(op.inplace_pattern.items())}"
    name = scalar_op_as_text(scalar_op)
    plain = name.isidentifier() and not _ops_are_named()
    return f"Elemwise{{{name}{',no_inplace' if plain else ''}}}"


def scalar_op_as_text(op: ScalarOp) -> str:
    """An Op on numbers as Theano wrote it: ``add``."""
    name = str(op)
    name = name.lower() if name.isidentifier() else name
    return _SCALARS.get(name, name)


def _ops_are_named():
    """Whether the public functions have names; then an Op without one came from a gradient."""
    return pt.add.name is not None


def variable_as_text(variable: Variable) -> str:
    """A variable without owner as Theano wrote it."""
    if variable.name:
        return variable.name
    if isinstance(variable, ScalarConstant):
        return f"Constant{{{variable.data}}}"
    if not isinstance(variable, TensorConstant):
        own = isinstance(variable, Constant)
        return str(variable) if own else f"<{type_as_text(variable.type)}>"
    data = variable.data
    if data.ndim and data.size and (data == data.flat[0]).all():
        text = f"{data.shape} of {data.flat[0]}"
    else:
        text = " ".join(str(data).split("\n"))
    return f"TensorConstant{{{text if len(text) <= 20 else text[:10] + '..' + text[-10:]}}}"


def operands(variable: Variable) -> tuple[Op, list[Variable]]:
    """The Op that computes a variable, and its inputs.

    Notes
    -----
    PyTensor computes a product with a vector as one of matrices, between Ops that add and drop
    dimensions; in Theano it was one Op, and here it counts as one.
    """
    op, inputs = variable.owner.op, variable.owner.inputs
    inner = variable
    while _drops_dimensions(inner):
        (inner,) = inner.owner.inputs
    if inner is variable or not isinstance(getattr(inner.owner, "op", None), Dot):
        return op, inputs
    return inner.owner.op, [_without_added_dimension(factor) for factor in inner.owner.inputs]


def _drops_dimensions(variable):
    op = getattr(variable.owner, "op", None)
    return isinstance(op, DimShuffle) and bool(op.drop) and not op.augment


def _without_added_dimension(variable):
    op = getattr(variable.owner, "op", None)
    if isinstance(op, DimShuffle) and len(op.augment) == 1 and op.input_ndim == 1:
        return variable.owner.inputs[0]
    return variable
