"""Scans on JAX whose step knows the lengths that are given to it."""

from copy import copy
from functools import cache

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.basic import constant

from symgrad.backends.xla.lengths import KnowLengths, is_known

__all__ = ["TracedScan", "register_jax"]


class TracedScan(Op):
    """A scan of which JAX makes a loop when it traces it, with known lengths as constants.

    PyTensor's carries all that is given to the step from turn to turn, and so nothing of it is
    known when the step is traced: no shape can be made of it.
    """

    __props__ = ("scan",)

    def __init__(self, scan):
        self.scan = scan

    def make_node(self, *inputs):
        node = self.scan.make_node(*inputs)
        return Apply(self, node.inputs, [output.type() for output in node.outputs])

    def perform(self, node, inputs, output_storage):
        raise NotImplementedError("TracedScan is for JAX alone")

    def knowing(self, inputs, numbers):
        """The scan for the values `numbers` of those `inputs` that are known."""
        first = len(inputs) - len(self.scan.outer_non_seqs(inputs))
        step = self.scan.fgraph
        step = step.unfreeze() if hasattr(step, "unfreeze") else step.clone()  # newer and older
        given = self.scan.inner_non_seqs(step.inputs)
        for outer, inner, number in zip(inputs[first:], given, numbers[first:], strict=True):
            if is_known(outer):
                step.replace(inner, constant(np.asarray(number, inner.type.dtype)))
        KnowLengths().rewrite(step)
        scan = copy(self.scan)
        scan.fgraph = step
        return scan


@cache
def register_jax():
    """Tell JAX how to run the Op, once, when it is needed."""
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(TracedScan)
    def jax_funcify_TracedScan(op, node, **kwargs):
        def traced(*inputs):
            scan = op.knowing(node.inputs, inputs)
            return jax_funcify(scan, node=node, **kwargs)(*inputs)

        return traced
