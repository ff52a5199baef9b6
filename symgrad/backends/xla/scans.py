"""Scans on JAX whose step knows the lengths that are given to it."""

from collections.abc import Sequence

import numpy as np
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.scan.op import Scan
from pytensor.tensor.basic import constant

from symgrad.backends.xla.lengths import KnowLengths, is_known
from symgrad.dispatch import JAX, when_imported
from symgrad.pytensor_compat import scan_with_step, unfrozen

__all__ = ["TracedScan", "scan_as_traced"]


class TracedScan(Op):
    """A Scan that becomes a loop when JAX traces it, with known lengths as constants.

    PyTensor's own conversion carries everything that the step is given from iteration to
    iteration. Nothing of that is known when the step is traced, so no shape can be made of it.
    """

    __props__ = ("scan",)

    def __init__(self, scan: Scan) -> None:
        self.scan = scan

    def make_node(self, *inputs):
        node = self.scan.make_node(*inputs)
        return Apply(self, node.inputs, [output.type() for output in node.outputs])

    def perform(self, node, inputs, output_storage):
        raise NotImplementedError("TracedScan is for JAX alone")

    def knowing(self, inputs: Sequence[Variable], values: Sequence) -> Scan:
        """The Scan, with the values of those `inputs` that are known as constants."""
        first = len(inputs) - len(self.scan.outer_non_seqs(inputs))
        step = unfrozen(self.scan.fgraph)
        inner_inputs = self.scan.inner_non_seqs(step.inputs)
        for outer, inner, value in zip(inputs[first:], inner_inputs, values[first:], strict=True):
            if is_known(outer):
                step.replace(inner, constant(np.asarray(value, inner.type.dtype)))
        KnowLengths().rewrite(step)
        return scan_with_step(self.scan, step)


@node_rewriter([Scan])
def scan_as_traced(fgraph, node):
    """A Scan that is given known lengths -> one whose step knows them."""
    if not any(map(is_known, node.op.outer_non_seqs(node.inputs))):
        return None
    return TracedScan(node.op)(*node.inputs, return_list=True)


def _register_jax() -> None:
    from symgrad.pytensor_compat import jax_funcify

    @jax_funcify.register(TracedScan)
    def jax_funcify_TracedScan(op, node, **kwargs):
        def traced(*inputs):
            scan = op.knowing(node.inputs, inputs)
            return jax_funcify(scan, node=node, **kwargs)(*inputs)

        return traced


when_imported(JAX, _register_jax)
