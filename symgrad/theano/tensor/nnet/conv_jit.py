"""What Numba and JAX run for the convolution and its gradients."""

from functools import cache
from importlib.util import find_spec
from math import prod

import numpy as np

__all__ = ["register_backends"]


@cache
def register_backends():
    """Tell the backends that are installed how to run the Ops."""
    if find_spec("numba"):
        _register_numba()
    if find_spec("jax"):
        _register_jax()


def _register_numba():
    import numba
    from pytensor.link.numba.dispatch.basic import get_numba_type, numba_funcify, numba_njit

    from symgrad.theano.tensor.nnet.conv_ops import BaseAbstractConv

    # The work is done by matrix products, which compiled loops would call just the same.
    @numba_funcify.register(BaseAbstractConv)
    def numba_funcify_AbstractConv(op, node, **kwargs):
        result = get_numba_type(node.outputs[0].type, layout="C")

        def in_numpy(inputs):
            storage = [[None]]
            op.perform(node, inputs, storage)
            return storage[0][0]

        @numba_njit
        def convolve(*inputs):
            with numba.objmode(out=result):
                out = in_numpy(inputs)
            return out

        return convolve


def _register_jax():
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    from symgrad.theano.tensor.nnet.conv_ops import (
        AbstractConv,
        AbstractConv_gradInputs,
        AbstractConv_gradWeights,
    )

    def convolve(op, dtype):
        """The forward convolution, of which JAX derives the two others."""
        axes = "DHW"[3 - op.convdim :]

        def shared(image, kernel):
            return jax.lax.conv_general_dilated(
                image,
                op.flipped(kernel),
                op.subsample,
                op.pads(kernel.shape[2:]),
                rhs_dilation=op.filter_dilation,
                dimension_numbers=("NC" + axes, "OI" + axes, "NC" + axes),
                feature_group_count=op.num_groups,
                precision=jax.lax.Precision.HIGHEST,
            )

        def unshared(image, kernel):
            kernel = op.flipped(kernel)
            lengths, out = kernel.shape[-2:], kernel.shape[1:3]
            patches = jax.lax.conv_general_dilated_patches(
                image,
                lengths,
                op.subsample,
                op.pads(lengths),
                rhs_dilation=op.filter_dilation,
                dimension_numbers=("NCHW", "OIHW", "NCHW"),
                precision=jax.lax.Precision.HIGHEST,
            ).reshape(len(image), op.num_groups, kernel.shape[3] * prod(lengths), *out)
            kernel = kernel.reshape(op.num_groups, -1, *out, kernel.shape[3] * prod(lengths))
            values = jnp.einsum(
                "gohwk,ngkhw->ngohw", kernel, patches, precision=jax.lax.Precision.HIGHEST
            )
            return values.reshape(len(image), -1, *out)

        function = unshared if op.unshared else shared

        def checked(image, kernel):
            op.check_channels(image.shape[1], kernel.shape[-1 - op.convdim])
            return function(image.astype(dtype), kernel.astype(dtype))

        return checked

    def known(lengths, shape):
        given = shape[-len(lengths) :]
        try:
            return tuple(int(np.asarray(one)) for one in lengths)
        except jax.errors.TracerArrayConversionError as error:
            if None not in given:
                return given
            raise NotImplementedError(
                "a convolution's gradient on JAX: lengths must be known; give input_shape and "
                "filter_shape"
            ) from error

    @jax_funcify.register(AbstractConv)
    def jax_funcify_AbstractConv(op, node, **kwargs):
        return convolve(op, node.outputs[0].type.dtype)

    @jax_funcify.register(AbstractConv_gradInputs)
    def jax_funcify_AbstractConv_gradInputs(op, node, **kwargs):
        dtype = node.outputs[0].type.dtype
        function = convolve(op, dtype)

        def grad_inputs(kernel, top, *lengths):
            channels = kernel.shape[-1 - op.convdim] * op.num_groups
            zeros = jnp.zeros((len(top), channels, *known(lengths, op.imshp)), dtype)
            return jax.vjp(lambda image: function(image, kernel), zeros)[1](top.astype(dtype))[0]

        return grad_inputs

    @jax_funcify.register(AbstractConv_gradWeights)
    def jax_funcify_AbstractConv_gradWeights(op, node, **kwargs):
        dtype = node.outputs[0].type.dtype
        function = convolve(op, dtype)

        def grad_weights(image, top, *lengths):
            positions = top.shape[2:] if op.unshared else ()
            channels = image.shape[1] // op.num_groups
            zeros = jnp.zeros((top.shape[1], *positions, channels, *known(lengths, op.kshp)), dtype)
            return jax.vjp(lambda kernel: function(image, kernel), zeros)[1](top.astype(dtype))[0]

        return grad_weights
