"""Types, Ops, variables and classes as text, in the words that Theano had for them."""

import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import WalkingGraphRewriter
from pytensor.scalar.basic import ScalarConstant
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import TensorConstant, TensorVariable

from symgrad.backends.c.sums import RowSum
from symgrad.theano.index_texts import WORDED, worded

__all__ = [
    "class_as_text",
    "name_the_elemwise",
    "op_as_text",
    "operands",
    "scalar_as_text",
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
_CLASSES = {
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


def class_as_text(kind):
    """``<class 'theano.tensor.var.TensorVariable'>``, of PyTensor's class."""
    return f"<class '{_CLASSES[kind]}'>" if kind in _CLASSES else type.__repr__(kind)


def object_as_text(thing):
    """What Python says of an object that says nothing of itself, with the class of Theano."""
    return f"<{_CLASSES[type(thing)]} object at {id(thing):#x}>"


def type_as_text(kind):
    """A type as Theano wrote it: ``TensorType(float64, matrix)``."""
    if not isinstance(kind, TensorType):
        return str(kind)
    if kind.name:
        return kind.name
    pattern = kind.broadcastable
    name = _PATTERNS.get(pattern) or (pattern if any(pattern) else f"{len(pattern)}D")
    return f"TensorType({kind.dtype}, {name})"


def op_as_text(op, node=None):
    """An Op as Theano wrote it: ``Elemwise{add,no_inplace}``; `node` tells more of an index."""
    if isinstance(op, WORDED):
        return worded(op, node)
    if isinstance(op, Elemwise):
        return op.name or _elemwise_as_text(op)
    if isinstance(op, DimShuffle):
        return f"InplaceDimShuffle{{{','.join(map(str, op.new_order))}}}"
    if isinstance(op, (Sum, RowSum)):
        axis = "" if op.axis is None else f"axis={list(op.axis)}, "
        return f"Sum{{{axis}acc_dtype={getattr(op, 'acc_dtype', None) or 'float64'}}}"
    return "dot" if isinstance(op, Dot) else str(op)


def _elemwise_as_text(op):
    scalar = op.scalar_op
    if op.inplace_pattern:
        # Theano made another instance of the Op on numbers, which had lost its name.
        name = str(scalar) if "{" in str(scalar) else type(scalar).__name__
        return f"Elemwise{{{name}}}{sorted(op.inplace_pattern.items())}"
    name = scalar_as_text(scalar)
    plain = name.isidentifier() and not _names_are_known()
    return f"Elemwise{{{name}{',no_inplace' if plain else ''}}}"


def scalar_as_text(scalar):
    """An Op on numbers: ``add``."""
    name = str(scalar)
    name = name.lower() if name.isidentifier() else name
    return _SCALARS.get(name, name)


def name_the_elemwise():
    """Give the functions on tensors the names they had: those that a gradient makes had none."""
    for op in vars(pt).values():
        if isinstance(op, Elemwise) and not op.inplace_pattern:
            op.name = f"Elemwise{{{scalar_as_text(op.scalar_op)},no_inplace}}"


def _names_are_known():
    return pt.add.name is not None


def variable_as_text(variable):
    """A variable without owner as Theano wrote it."""
    if variable.name:
        return variable.name
    if isinstance(variable, ScalarConstant):
        return f"Constant{{{variable.data}}}"
    if not isinstance(variable, TensorConstant):
        return str(variable) if isinstance(variable, Constant) else f"<{_type_of(variable)}>"
    data = variable.data
    if data.ndim and data.size and (data == data.flat[0]).all():
        text = f"{data.shape} of {data.flat[0]}"
    else:
        text = " ".join(str(data).split("\n"))
    return f"TensorConstant{{{text if len(text) <= 20 else text[:10] + '..' + text[-10:]}}}"


def _type_of(variable):
    return type_as_text(variable.type)


def operands(variable):
    """The Op that made a variable, and what it was made of.

    Notes
    -----
    A product with a vector is one of matrices in PyTensor, between Ops that add and take away
    dimensions; in Theano it was one Op, and so it is here.
    """
    op, inputs = variable.owner.op, variable.owner.inputs
    inner = variable
    while _drops_dimensions(inner):
        (inner,) = inner.owner.inputs
    if inner is variable or not isinstance(getattr(inner.owner, "op", None), Dot):
        return op, inputs
    return inner.owner.op, [_without_added_dimension(one) for one in inner.owner.inputs]


def _drops_dimensions(variable):
    op = getattr(variable.owner, "op", None)
    return isinstance(op, DimShuffle) and bool(op.drop) and not op.augment


def _without_added_dimension(variable):
    op = getattr(variable.owner, "op", None)
    if isinstance(op, DimShuffle) and len(op.augment) == 1 and op.input_ndim == 1:
        return variable.owner.inputs[0]
    return variable
