"""Patches of images as rows of a matrix, and back."""

from collections.abc import Sequence

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.variable import TensorVariable

__all__ = ["images_from_patches", "patches_of_images"]

MODES = ("valid", "half", "full", "wrap_centered", "ignore_borders")


def patches_of_images(
    images: TensorVariable,
    patch_shape: Sequence[int] | TensorVariable,
    step: Sequence[int] | TensorVariable | None = None,
    mode: str = "valid",
) -> TensorVariable:
    """Write the patches of images as rows of a matrix.

    Parameters
    ----------
    images : 4-d variable (batch, channels, rows, columns)
    patch_shape : pair of int, or integer vector
        Rows and columns of a patch.
    step : pair of int, or integer vector
        From one patch to the next; the shape of a patch if not given.
    mode : str
        'valid': patches must fill the image. 'ignore_borders': what they do not fill is left out.
        'half' and 'full': zeros around the image, half a patch or all but one line of it.
        'wrap_centered': a patch around each place; beyond its end an image begins anew.

    Returns
    -------
    matrix (batch * channels * patches, rows * columns of a patch)

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.spatial.patches import patches_of_images
    >>> patches_of_images(np.arange(8).reshape(1, 1, 2, 4), (2, 2)).eval().tolist()
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    if mode not in MODES:
        raise NotImplementedError(
            f"patches of images: mode is {mode!r}, give one of {', '.join(MODES)}"
        )
    images = pt.as_tensor(images)
    sizes = _pair(patch_shape)
    steps = sizes if step is None else _pair(step)
    batch, channels = images.shape[0], images.shape[1]
    if mode in ("half", "full"):
        pads = [size // 2 if mode == "half" else size - 1 for size in sizes]
        images = _padded(images, pads)
    counts = []
    for axis, size, apart in zip((2, 3), sizes, steps, strict=True):
        length = images.shape[axis]
        if mode == "wrap_centered":
            counts.append((length + apart - 1) // apart)
            fits = pt.and_(pt.eq(size % 2, 1), pt.ge(length, size))
        else:
            counts.append((length - size) // apart + 1)
            fits = pt.and_(pt.ge(length, size), pt.eq((length - size) % apart, 0))
        if mode != "ignore_borders":
            message = f"patches of images: patch, step and image do not fit in mode {mode}"
            images = CheckAndRaise(TypeError, message)(images, fits)
    if step is None and mode in ("valid", "ignore_borders"):
        filled = [count * size for count, size in zip(counts, sizes, strict=True)]
        inner = images[:, :, : filled[0], : filled[1]] if mode == "ignore_borders" else images
        shape = (batch, channels, counts[0], sizes[0], counts[1], sizes[1])
        patches = inner.reshape(shape).dimshuffle(0, 1, 2, 4, 3, 5)
    else:
        rows, columns = (
            _lines(images.shape[axis], counts[axis - 2], sizes[axis - 2], steps[axis - 2], mode)
            for axis in (2, 3)
        )
        patches = images[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    return patches.reshape((batch * channels * counts[0] * counts[1], sizes[0] * sizes[1]))


def images_from_patches(
    patches: TensorVariable,
    patch_shape: Sequence[int] | TensorVariable,
    image_shape: Sequence[int] | TensorVariable,
    mode: str = "valid",
) -> TensorVariable:
    """Put images together from a matrix of their patches, which lie side by side.

    Parameters
    ----------
    patches : matrix
    patch_shape : pair of int, or integer vector
    image_shape : four integers, or integer vector
    mode : 'valid' or 'ignore_borders'
        With the latter, what was left out comes back as zeros.

    Returns
    -------
    4-d variable of shape `image_shape`
    """
    if mode not in ("valid", "ignore_borders"):
        raise NotImplementedError(f"images from patches: there is no way back from mode {mode!r}")
    patches = pt.as_tensor(patches)
    sizes = _pair(patch_shape)
    batch, channels, *lengths = (image_shape[axis] for axis in range(4))
    counts = [length // size for length, size in zip(lengths, sizes, strict=True)]
    patches = patches.reshape((batch, channels, counts[0], counts[1], sizes[0], sizes[1]))
    filled = [count * size for count, size in zip(counts, sizes, strict=True)]
    image = patches.dimshuffle(0, 1, 2, 4, 3, 5).reshape((batch, channels, *filled))
    if mode == "valid":
        return image.reshape((batch, channels, *lengths))
    canvas = pt.zeros((batch, channels, *lengths), dtype=patches.dtype)
    return pt.set_subtensor(canvas[:, :, : filled[0], : filled[1]], image)


def _padded(images, pads):
    for axis, pad in zip((2, 3), pads, strict=True):
        shape = [images.shape[other] if other != axis else pad for other in range(4)]
        border = pt.zeros(shape, dtype=images.dtype)
        images = pt.concatenate([border, images, border], axis=axis)
    return images


def _lines(length, count, size, step, mode):
    """The lines of the image that each patch holds, (patches, lines of a patch)."""
    lines = pt.arange(count)[:, None] * step + pt.arange(size)[None, :]
    return (lines - size // 2) % length if mode == "wrap_centered" else lines


def _pair(values):
    if isinstance(values, Variable):
        return [values[0], values[1]]
    return [value if isinstance(value, Variable) else int(value) for value in values]
