"""Arithmetic on lengths, done while JAX traces: shapes and numbers of steps must be known then."""

from functools import cache

import numpy as np
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.basic import ARange, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.shape import Reshape, Shape_i
from pytensor.tensor.type import discrete_dtypes

from symgrad.ops.check_index import CheckIndex

__all__ = ["KnowLengths", "KnownInTrace", "is_known"]

NUMBERS = (CAReduce, Elemwise, MakeVector, ScalarFromTensor, ScalarOp, TensorFromScalar)
MOST_AXES = 64  # of an array of NumPy 2: vectors up to this length are shapes


class KnownInTrace(Op):
    """Another Op on integers, computed by NumPy where its inputs are numbers.

    A length is a number while JAX traces a function, and the same for all calls of what is traced.
    JAX's own arithmetic would make an unknown of it.
    """

    __props__ = ("op",)

    def __init__(self, op):
        self.op = op

    def make_node(self, *inputs):
        node = self.op.make_node(*inputs)
        return Apply(self, node.inputs, [output.type() for output in node.outputs])

    def infer_shape(self, *args):
        return [()] if args[-2].outputs[0].type.ndim == 0 else self.op.infer_shape(*args)

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = self.value(node, inputs)

    def value(self, node, numbers):
        """What the Op makes of numbers, in the dtype of the node."""
        dtype = node.outputs[0].type.dtype
        typed = [
            np.asarray(x, one.type.dtype)[()] for x, one in zip(numbers, node.inputs, strict=True)
        ]
        if isinstance(self.op, Elemwise):
            return np.vectorize(self.op.scalar_op.impl, otypes=[dtype])(*typed)
        storage = [[None]]
        self.op.perform(node, typed, storage)
        return np.asarray(storage[0][0], dtype)

    def __str__(self):
        return f"KnownInTrace{{{self.op}}}"


def is_known(variable):
    """Whether JAX knows a number while it traces."""
    op = getattr(variable.owner, "op", None)
    if isinstance(op, (ScalarFromTensor, TensorFromScalar, CheckAndRaise)):
        return is_known(variable.owner.inputs[0])
    if isinstance(op, CheckIndex):
        return all(map(is_known, variable.owner.inputs[:2]))
    return isinstance(variable, Constant) or isinstance(op, (Shape_i, KnownInTrace))


class KnowLengths(GraphRewriter):
    """Wrap what is computed from lengths and constants alone."""

    name = "symgrad_know_lengths"

    def apply(self, fgraph):
        register_jax()
        for node in fgraph.toposort():
            if _is_length(node) and all(map(is_known, node.inputs)):
                known = KnownInTrace(node.op)(*node.inputs)
                for client, position in list(fgraph.clients[node.outputs[0]]):
                    # Of the vector that a reshape takes, PyTensor makes a tuple itself.
                    if not isinstance(client.op, Reshape):
                        fgraph.change_node_input(client, position, known, reason=self.name)


def _is_length(node):
    """Whether it computes an integer, a shape, or a range."""
    type = node.outputs[0].type
    if not isinstance(node.op, (ARange, *NUMBERS)) or type.dtype not in discrete_dtypes:
        return False
    is_shape = type.ndim == 1 and type.shape[0] is not None and type.shape[0] <= MOST_AXES
    return type.ndim == 0 or is_shape or isinstance(node.op, ARange)


@cache
def register_jax():
    """Tell JAX how to run the Op, once, when it is needed."""
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(KnownInTrace)
    def jax_funcify_KnownInTrace(op, node, **kwargs):
        return lambda *numbers: op.value(node, numbers)
