"""Arithmetic on lengths, done while JAX traces: shapes and numbers of steps must be known then."""

from functools import cache

import numpy as np
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.basic import ARange, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.shape import Shape_i
from pytensor.tensor.type import discrete_dtypes

from symgrad.ops.checks import CheckIndex

__all__ = ["KnowLengths", "KnownInTrace", "is_known"]

# What JAX makes of the checks is known where their inputs are; numbers are computed here.
CHECKS = (CheckAndRaise, CheckIndex)
NUMBERS = (ARange, Elemwise, ScalarFromTensor, ScalarOp, TensorFromScalar)


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
        return self.op.infer_shape(*args) if isinstance(self.op, ARange) else [()]

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = self.value(node, inputs)

    def value(self, node, numbers):
        """What the Op makes of numbers, in the dtype of the node."""
        dtype = node.outputs[0].type.dtype
        typed = [
            np.asarray(x, one.type.dtype)[()] for x, one in zip(numbers, node.inputs, strict=True)
        ]
        if isinstance(self.op, ARange):
            return np.arange(*typed, dtype=dtype)
        if isinstance(self.op, (Elemwise, ScalarOp)):
            return np.asarray(getattr(self.op, "scalar_op", self.op).impl(*typed), dtype)
        return np.asarray(*typed, dtype)

    def __str__(self):
        return f"KnownInTrace{{{self.op}}}"


def is_known(variable):
    """Whether JAX knows a number while it traces."""
    op = getattr(variable.owner, "op", None)
    if isinstance(op, (ScalarFromTensor, TensorFromScalar, *CHECKS)):
        return all(map(is_known, _needed(variable.owner)))
    return isinstance(variable, Constant) or isinstance(op, (Shape_i, KnownInTrace))


class KnowLengths(GraphRewriter):
    """Wrap what is computed from lengths and constants alone."""

    name = "symgrad_know_lengths"

    def apply(self, fgraph):
        register_jax()
        known = set()
        for node in fgraph.toposort():
            if isinstance(node.op, Shape_i):
                known.update(node.outputs)
            elif all(isinstance(x, Constant) or x in known for x in _needed(node)):
                outputs = _outputs(node)
                if outputs and outputs is not node.outputs:
                    fgraph.replace_all(zip(node.outputs, outputs, strict=True), reason=self.name)
                known.update(outputs)


def _needed(node):
    """The inputs that make the value of a node."""
    if isinstance(node.op, CheckIndex):
        return node.inputs[:2]
    return node.inputs[:1] if isinstance(node.op, CheckAndRaise) else node.inputs


def _outputs(node):
    """The outputs of a node whose inputs are known: computed while tracing, or none if unknown."""
    if not all(getattr(one.type, "dtype", "") in discrete_dtypes for one in node.outputs):
        return []
    if isinstance(node.op, CHECKS):
        return node.outputs
    if isinstance(node.op, NUMBERS) and (node.outputs[0].type.ndim == 0 or type(node.op) is ARange):
        return KnownInTrace(node.op)(*node.inputs, return_list=True)
    return []


@cache
def register_jax():
    """Tell JAX how to run the Op, once, when it is needed."""
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(KnownInTrace)
    def jax_funcify_KnownInTrace(op, node, **kwargs):
        return lambda *numbers: op.value(node, numbers)
