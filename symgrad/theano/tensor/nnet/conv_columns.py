"""Correlation of images with kernels in NumPy, by columns of patches and matrix products.

An image has the shape (batch, groups, channels, *lengths) and is padded already; a kernel is
(groups, outputs, patch), or (groups, outputs, patch, positions) where every position has a
kernel of its own; an output is (batch, groups, outputs, positions). `Patches` knows the rest.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

__all__ = ["Patches", "forward", "grad_inputs", "grad_weights"]

# So many numbers fit in the caches of today's cores, together with what they are multiplied by.
CHUNK = 1 << 17


@dataclass(frozen=True)
class Patches:
    """Where a kernel of lengths `kernel` lies in a padded image, for each output of `out`."""

    kernel: tuple
    out: tuple
    strides: tuple
    dilation: tuple

    def columns(self, images):
        """A view of shape (batch, groups, channels, *kernel, *out)."""
        steps = images.strides[3:]
        taps = [step * each for step, each in zip(steps, self.dilation, strict=True)]
        moves = [step * each for step, each in zip(steps, self.strides, strict=True)]
        return as_strided(
            images,
            (*images.shape[:3], *self.kernel, *self.out),
            (*images.strides[:3], *taps, *moves),
            writeable=False,
        )

    def add(self, images, columns):
        """Add each column to the places of the images that it was taken from."""
        for tap in np.ndindex(*self.kernel):
            places = [
                slice(start, start + (length - 1) * stride + 1, stride)
                for start, length, stride in zip(
                    (at * each for at, each in zip(tap, self.dilation, strict=True)),
                    self.out,
                    self.strides,
                    strict=True,
                )
            ]
            images[(..., *places)] += columns[(slice(None),) * 3 + tap]

    def chunks(self, images):
        """Slices of the batch, whose columns fit in the cache."""
        size = max(1, CHUNK // max(1, prod(images[1:3]) * prod(self.kernel) * prod(self.out)))
        return [slice(at, at + size) for at in range(0, images[0], size)]


def forward(images, kernels, patches):
    """The outputs of a batch."""
    batch, groups = images.shape[:2]
    out = np.empty((batch, groups, kernels.shape[1], prod(patches.out)), kernels.dtype)
    view = patches.columns(images)
    for chunk in patches.chunks(images.shape):
        columns = _flat(view[chunk], out)
        if kernels.ndim == 3:
            np.matmul(kernels, columns, out=out[chunk])
        else:
            np.einsum("gokp,ngkp->ngop", kernels, columns, out=out[chunk])
    return out


def grad_inputs(kernels, top, shape, patches):
    """The gradient at padded images of a shape, from that at the outputs."""
    images = np.zeros(shape, top.dtype)
    for chunk in patches.chunks(shape):
        if kernels.ndim == 3:
            columns = np.matmul(kernels.transpose(0, 2, 1), top[chunk])
        else:
            columns = np.einsum("gokp,ngop->ngkp", kernels, top[chunk])
        patches.add(
            images[chunk],
            columns.reshape(*columns.shape[:2], shape[2], *patches.kernel, *patches.out),
        )
    return images


def grad_weights(images, top, unshared, patches):
    """The gradient at the kernels, from that at the outputs."""
    size = images.shape[2] * prod(patches.kernel)
    positions = (prod(patches.out),) if unshared else ()
    kernels = np.zeros((*top.shape[1:3], size, *positions), top.dtype)
    view = patches.columns(images)
    for chunk in patches.chunks(images.shape):
        columns = _flat(view[chunk], top)
        if unshared:
            kernels += np.einsum("ngop,ngkp->gokp", top[chunk], columns)
        else:
            kernels += np.matmul(top[chunk], columns.swapaxes(2, 3)).sum(axis=0)
    return kernels


def _flat(columns, like):
    """Columns as a block of memory, (batch, groups, patch, positions)."""
    return np.ascontiguousarray(columns).reshape(*columns.shape[:2], -1, like.shape[-1])
