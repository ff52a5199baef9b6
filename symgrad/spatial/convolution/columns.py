"""Correlation of images with kernels in NumPy, by columns of patches and matrix products.

An image has the shape (batch, groups, channels, *lengths) and is padded already. A kernel has the
shape (groups, outputs, patch), or (groups, outputs, patch, positions) where every position has a
kernel of its own. An output has the shape (batch, groups, outputs, positions). `Patches` knows
the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

__all__ = ["Patches", "correlate", "image_gradient", "kernel_gradient"]

# This many numbers fit in the caches of today's cores, next to what they are multiplied by.
CHUNK = 1 << 17


@dataclass(frozen=True)
class Patches:
    """Where a kernel of lengths `kernel` lies in a padded image, for each entry of `output`."""

    kernel: tuple
    output: tuple
    strides: tuple
    dilation: tuple

    def columns(self, images: np.ndarray) -> np.ndarray:
        """A view of shape (batch, groups, channels, *kernel, *output)."""
        memory_steps = images.strides[3:]
        within = [step * each for step, each in zip(memory_steps, self.dilation, strict=True)]
        between = [step * each for step, each in zip(memory_steps, self.strides, strict=True)]
        return as_strided(
            images,
            (*images.shape[:3], *self.kernel, *self.output),
            (*images.strides[:3], *within, *between),
            writeable=False,
        )

    def add(self, images: np.ndarray, columns: np.ndarray) -> None:
        """Add each column to the places of the images that it was taken from."""
        for tap in np.ndindex(*self.kernel):
            places = tuple(
                slice(start, start + (length - 1) * stride + 1, stride)
                for start, length, stride in zip(
                    (entry * each for entry, each in zip(tap, self.dilation, strict=True)),
                    self.output,
                    self.strides,
                    strict=True,
                )
            )
            images[(slice(None),) * 3 + places] += columns[(slice(None),) * 3 + tap]

    def chunks(self, image_shape: Sequence[int]) -> Iterator[slice]:
        """Slices of the batch, whose columns fit in the cache."""
        width = prod(image_shape[1:3]) * prod(self.kernel) * prod(self.output)
        size = max(1, CHUNK // max(1, width))
        for start in range(0, image_shape[0], size):
            yield slice(start, start + size)


def correlate(images: np.ndarray, kernels: np.ndarray, patches: Patches) -> np.ndarray:
    """The outputs of a batch."""
    batch, groups = images.shape[:2]
    outputs = np.empty((batch, groups, kernels.shape[1], prod(patches.output)), kernels.dtype)
    view = patches.columns(images)
    for chunk in patches.chunks(images.shape):
        columns = _as_matrices(view[chunk], outputs.shape[-1])
        if kernels.ndim == 3:
            np.matmul(kernels, columns, out=outputs[chunk])
        else:
            np.einsum("gokp,ngkp->ngop", kernels, columns, out=outputs[chunk])
    return outputs


def image_gradient(
    kernels: np.ndarray, output_gradient: np.ndarray, shape: tuple, patches: Patches
) -> np.ndarray:
    """The gradient at padded images of a shape, from that at the outputs."""
    images = np.zeros(shape, output_gradient.dtype)
    for chunk in patches.chunks(shape):
        if kernels.ndim == 3:
            columns = np.matmul(kernels.transpose(0, 2, 1), output_gradient[chunk])
        else:
            columns = np.einsum("gokp,ngop->ngkp", kernels, output_gradient[chunk])
        patches.add(
            images[chunk],
            columns.reshape(*columns.shape[:2], shape[2], *patches.kernel, *patches.output),
        )
    return images


def kernel_gradient(
    images: np.ndarray, output_gradient: np.ndarray, unshared: bool, patches: Patches
) -> np.ndarray:
    """The gradient at the kernels, from that at the outputs."""
    size = images.shape[2] * prod(patches.kernel)
    positions = (prod(patches.output),) if unshared else ()
    kernels = np.zeros((*output_gradient.shape[1:3], size, *positions), output_gradient.dtype)
    view = patches.columns(images)
    for chunk in patches.chunks(images.shape):
        columns = _as_matrices(view[chunk], output_gradient.shape[-1])
        if unshared:
            kernels += np.einsum("ngop,ngkp->gokp", output_gradient[chunk], columns)
        else:
            products = np.matmul(output_gradient[chunk], columns.swapaxes(2, 3))
            kernels += products.sum(axis=0)
    return kernels


def _as_matrices(columns, positions):
    """Columns as a block of memory, (batch, groups, patch, positions)."""
    return np.ascontiguousarray(columns).reshape(*columns.shape[:2], -1, positions)
