"""The convolution and its gradients in Numba."""

import numba
from pytensor.link.numba.dispatch.basic import get_numba_type, numba_funcify, numba_njit

from symgrad.spatial.convolution.layout import ConvolutionOp


@numba_funcify.register(ConvolutionOp)
def numba_funcify_convolution(op, node, **kwargs):
    """Call NumPy: the work is done by matrix products, which compiled loops would call, too."""
    output_type = get_numba_type(node.outputs[0].type, layout="C")

    def in_numpy(inputs):
        storage = [[None]]
        op.perform(node, inputs, storage)
        return storage[0][0]

    @numba_njit
    def convolve(*inputs):
        with numba.objmode(output=output_type):
            output = in_numpy(inputs)
        return output

    return convolve
