"""Types, Ops, constants, graphs and classes print as in Theano."""

# A patch assigns to methods and attributes.
# mypy: disable-error-code="method-assign, assignment, attr-defined"

import pytensor.tensor as pt
from pytensor.graph.basic import as_string
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import WalkingGraphRewriter
from pytensor.graph.utils import MetaType
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import TensorConstant

from symgrad.theano.core import RowSum
from symgrad.theano.text import graphs
from symgrad.theano.text.indexing import INDEX_OPS

__all__ = ["apply"]


def apply() -> None:
    """Replace ``__str__`` and ``__repr__``, and name the elementwise Ops of PyTensor."""
    FunctionGraph.__repr__ = FunctionGraph.__str__ = _graph_as_text
    TensorType.__repr__ = TensorType.__str__ = graphs.type_as_text
    TensorConstant.__repr__ = TensorConstant.__str__ = graphs.variable_as_text
    for op_class in (Elemwise, DimShuffle, Sum, RowSum, Dot, *INDEX_OPS):
        op_class.__str__ = graphs.op_as_text
    MetaType.__repr__ = graphs.class_as_text
    WalkingGraphRewriter.__repr__ = graphs.object_as_text
    _name_elemwise_ops()


def _graph_as_text(fgraph):
    return f"[{', '.join(as_string(fgraph.inputs, fgraph.outputs))}]"


def _name_elemwise_ops():
    """Name the public functions, as in Theano; Ops that a gradient makes had no name."""
    for op in vars(pt).values():
        if isinstance(op, Elemwise) and not op.inplace_pattern:
            op.name = f"Elemwise{{{graphs.scalar_op_as_text(op.scalar_op)},no_inplace}}"
