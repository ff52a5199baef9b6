"""Constants of fused C code in the precision of what they are used with."""

from pytensor.graph.basic import Constant, Variable
from pytensor.graph.rewriting.basic import copy_stack_trace, node_rewriter
from pytensor.tensor.basic import constant
from pytensor.tensor.elemwise import Elemwise

__all__ = ["wide_constants"]


@node_rewriter([Elemwise])
def wide_constants(fgraph, node):
    """A float32 constant among float64 -> the same value in float64.

    PyTensor writes the float32 nearest to 0.9 as ``0.9`` into fused C code, where it is read as a
    double. The two differ by 2.4e-8, which ``1 - beta**t`` magnifies.
    """
    inputs = [_widened(variable) for variable in node.inputs]
    if inputs == node.inputs or any(output.dtype != "float64" for output in node.outputs):
        return None
    outputs = node.op.make_node(*inputs).outputs
    if [output.type for output in outputs] != [output.type for output in node.outputs]:
        return None
    copy_stack_trace(node.outputs, outputs)
    return outputs


def _widened(variable: Variable) -> Variable:
    if not isinstance(variable, Constant) or variable.type.dtype != "float32":
        return variable
    if variable.data.size == 1:
        return constant(variable.data.astype("float64"))
    return variable
