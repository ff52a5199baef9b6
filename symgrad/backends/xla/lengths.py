"""Arithmetic on lengths, done while JAX traces: shapes and numbers of steps must be known then."""

from collections.abc import Sequence

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.basic import ARange, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.shape import Reshape, Shape_i
from pytensor.tensor.type import discrete_dtypes

from symgrad.dispatch import JAX, when_imported
from symgrad.ops.check_index import CheckIndex
from symgrad.pytensor_compat import node_and_shapes

__all__ = ["KnowLengths", "KnownInTrace", "is_known"]

NUMBERS = (CAReduce, Elemwise, MakeVector, ScalarFromTensor, ScalarOp, TensorFromScalar)
MOST_AXES = 64  # of an array of NumPy 2: vectors up to this length are shapes


class KnownInTrace(Op):
    """Another Op on integers, computed by NumPy where its inputs are numbers.

    While JAX traces a function, a length is a number, and the same for all calls of what is
    traced. JAX's own arithmetic would make it an unknown.
    """

    __props__ = ("op",)

    def __init__(self, op: Op) -> None:
        self.op = op

    def make_node(self, *inputs):
        node = self.op.make_node(*inputs)
        return Apply(self, node.inputs, [output.type() for output in node.outputs])

    def infer_shape(self, *args):
        node, _ = node_and_shapes(args)
        return [()] if node.outputs[0].type.ndim == 0 else self.op.infer_shape(*args)

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = self.value(node, inputs)

    def value(self, node: Apply, numbers: Sequence) -> np.ndarray:
        """The value of the Op for numbers, in the dtype of the node."""
        dtype = node.outputs[0].type.dtype
        typed = [
            np.asarray(number, variable.type.dtype)[()]
            for number, variable in zip(numbers, node.inputs, strict=True)
        ]
        if isinstance(self.op, Elemwise):
            return np.vectorize(self.op.scalar_op.impl, otypes=[dtype])(*typed)
        storage: list[list] = [[None]]
        self.op.perform(node, typed, storage)
        return np.asarray(storage[0][0], dtype)

    def __str__(self):
        return f"KnownInTrace{{{self.op}}}"


def is_known(variable: Variable) -> bool:
    """Does JAX know a number while it traces?"""
    op = getattr(variable.owner, "op", None)
    if isinstance(op, (ScalarFromTensor, TensorFromScalar, CheckAndRaise)):
        return is_known(variable.owner.inputs[0])
    if isinstance(op, CheckIndex):
        return all(map(is_known, variable.owner.inputs[:2]))
    return isinstance(variable, Constant) or isinstance(op, (Shape_i, KnownInTrace))


class KnowLengths(GraphRewriter):
    """Wrap Ops that take only lengths and constants."""

    name = "symgrad_know_lengths"

    def apply(self, fgraph: FunctionGraph) -> None:
        for node in fgraph.toposort():
            if _is_length(node) and all(map(is_known, node.inputs)):
                (known,) = KnownInTrace(node.op).make_node(*node.inputs).outputs
                for client, position in list(fgraph.clients[node.outputs[0]]):
                    # PyTensor itself makes a tuple of the vector that a reshape takes.
                    if not isinstance(client.op, Reshape):
                        fgraph.change_node_input(client, position, known, reason=self.name)


def _is_length(node: Apply) -> bool:
    """Does it compute an integer, a shape, or a range?"""
    type_ = node.outputs[0].type
    if not isinstance(node.op, (ARange, *NUMBERS)) or type_.dtype not in discrete_dtypes:
        return False
    is_shape = type_.ndim == 1 and type_.shape[0] is not None and type_.shape[0] <= MOST_AXES
    return type_.ndim == 0 or is_shape or isinstance(node.op, ARange)


def _register_jax() -> None:
    from symgrad.pytensor_compat import jax_funcify

    @jax_funcify.register(KnownInTrace)
    def jax_funcify_KnownInTrace(op, node, **kwargs):
        return lambda *numbers: op.value(node, numbers)


when_imported(JAX, _register_jax)
