"""The convolution and its gradients in JAX, which derives the gradients itself."""

from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from pytensor.link.jax.dispatch.basic import jax_funcify

from symgrad.spatial.convolution.ops import Convolution, ImageGradient, KernelGradient


@jax_funcify.register(Convolution)
def jax_funcify_convolution(op, node, **kwargs):
    """``(image, kernel) -> output``."""
    return _convolution(op, node.outputs[0].type.dtype)


@jax_funcify.register(ImageGradient)
def jax_funcify_image_gradient(op, node, **kwargs):
    """``(kernel, gradient at the output, *lengths) -> gradient at the image``."""
    dtype = node.outputs[0].type.dtype
    convolve = _convolution(op, dtype)

    def image_gradient(kernel, gradient, *lengths):
        channels = kernel.shape[-1 - op.n_axes] * op.num_groups
        shape = (len(gradient), channels, *_static(lengths, op.image_shape))
        _, pullback = jax.vjp(lambda image: convolve(image, kernel), jnp.zeros(shape, dtype))
        return pullback(gradient.astype(dtype))[0]

    return image_gradient


@jax_funcify.register(KernelGradient)
def jax_funcify_kernel_gradient(op, node, **kwargs):
    """``(image, gradient at the output, *lengths) -> gradient at the kernel``."""
    dtype = node.outputs[0].type.dtype
    convolve = _convolution(op, dtype)

    def kernel_gradient(image, gradient, *lengths):
        positions = gradient.shape[2:] if op.unshared else ()
        channels = image.shape[1] // op.num_groups
        lengths = _static(lengths, op.kernel_shape)
        shape = (gradient.shape[1], *positions, channels, *lengths)
        _, pullback = jax.vjp(lambda kernel: convolve(image, kernel), jnp.zeros(shape, dtype))
        return pullback(gradient.astype(dtype))[0]

    return kernel_gradient


def _convolution(op, dtype):
    """The convolution as a function on JAX's arrays."""
    convolve = _unshared if op.unshared else _shared

    def checked(image, kernel):
        op.check_channels(image.shape[1], kernel.shape[-1 - op.n_axes])
        return convolve(op, image.astype(dtype), kernel.astype(dtype))

    return checked


def _shared(op, image, kernel):
    axes = "DHW"[3 - op.n_axes :]
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


def _unshared(op, image, kernel):
    kernel = op.flipped(kernel)
    lengths, output = kernel.shape[-2:], kernel.shape[1:3]
    patch = kernel.shape[3] * prod(lengths)
    patches = jax.lax.conv_general_dilated_patches(
        image,
        lengths,
        op.subsample,
        op.pads(lengths),
        rhs_dilation=op.filter_dilation,
        dimension_numbers=("NCHW", "OIHW", "NCHW"),
        precision=jax.lax.Precision.HIGHEST,
    ).reshape(len(image), op.num_groups, patch, *output)
    kernel = kernel.reshape(op.num_groups, -1, *output, patch)
    values = jnp.einsum("gohwk,ngkhw->ngohw", kernel, patches, precision=jax.lax.Precision.HIGHEST)
    return values.reshape(len(image), -1, *output)


def _static(lengths, promised):
    """The lengths as integers: shapes must be known while JAX traces."""
    promised = promised[-len(lengths) :]
    try:
        return tuple(int(np.asarray(length)) for length in lengths)
    except jax.errors.TracerArrayConversionError as error:
        if None not in promised:
            return promised
        raise NotImplementedError(
            "a convolution's gradient on JAX: lengths must be known; give input_shape and "
            "filter_shape"
        ) from error
