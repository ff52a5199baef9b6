"""Bilinear upsampling of images: transposed convolutions with a triangle."""

from math import gcd

import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symgrad.spatial.convolution.ops import Convolution, ImageGradient

__all__ = ["bilinear_kernel", "triangle_kernel", "upsample", "upsample_by_fractions"]


def triangle_kernel(ratio: int, normalize: bool = True) -> TensorVariable:
    """A triangle: 1, 2, ..., ratio, ..., 2, 1, divided by `ratio` if normalised."""
    rising = pt.arange(1, ratio + 1, dtype=pytensor.config.floatX)
    kernel = pt.concatenate([rising, rising[-2::-1]])
    return kernel / pt.cast(ratio, pytensor.config.floatX) if normalize else kernel


def bilinear_kernel(ratio: int | tuple[int, int], normalize: bool = True) -> TensorVariable:
    """The outer product of two triangles; `ratio` may be a pair (rows, columns)."""
    rows, columns = ratio if isinstance(ratio, tuple) else (ratio, ratio)
    vertical = triangle_kernel(rows, normalize)
    return vertical[:, None] * triangle_kernel(columns, normalize)[None, :]


def upsample(images: TensorVariable, ratio: int, one_axis_at_a_time: bool = True) -> TensorVariable:
    """Enlarge images, with bilinear interpolation between their pixels.

    Parameters
    ----------
    images : 4-d variable (batch, channels, rows, columns)
    ratio : int
    one_axis_at_a_time : bool
        First the rows, then the columns.

    Returns
    -------
    4-d variable (batch, channels, rows * ratio, columns * ratio)
        The border is repeated.
    """
    rows, columns = images.shape[2], images.shape[3]
    image = _with_border(images.reshape((-1, 1, rows, columns)))
    pad = 2 * ratio - (ratio - 1) // 2 - 1
    if one_axis_at_a_time:
        kernel = triangle_kernel(ratio)
        tall = (rows * ratio, columns + 2)
        image = _transposed(image, kernel[None, None, :, None], tall, (pad, 0), (ratio, 1))
        kernel, pads, steps = kernel[None, None, None, :], (0, pad), (1, ratio)
    else:
        kernel, pads, steps = bilinear_kernel(ratio)[None, None], (pad, pad), (ratio, ratio)
    image = _transposed(image, kernel, (rows * ratio, columns * ratio), pads, steps)
    return image.reshape((images.shape[0], images.shape[1], rows * ratio, columns * ratio))


def upsample_by_fractions(
    images: TensorVariable, fractions: tuple[tuple[int, int], tuple[int, int]]
) -> TensorVariable:
    """Enlarge images by a fraction (numerator, denominator) along each axis: see `upsample`."""
    ratio, steps = zip(*((p // gcd(p, q), q // gcd(p, q)) for p, q in fractions), strict=True)
    rows, columns = images.shape[2], images.shape[3]
    image = _with_border(images.reshape((-1, 1, rows, columns)))
    # The roles are exchanged: the dilated image is the kernel, and the triangle with zeros around
    # it is the image.
    dilated = [
        (2 * length - 1) * each + 1 for length, each in zip((rows, columns), ratio, strict=True)
    ]
    kernel = bilinear_kernel(ratio)
    lengths = [2 * each - 1 for each in ratio]
    canvas_lengths = [wide + length for wide, length in zip(dilated, lengths, strict=True)]
    places = tuple(
        slice(wide // 2, wide // 2 + length) for wide, length in zip(dilated, lengths, strict=True)
    )
    canvas = pt.set_subtensor(pt.zeros(canvas_lengths, kernel.dtype)[places], kernel)
    large = Convolution(2, subsample=steps, filter_dilation=ratio)(canvas[None, None], image)
    return large.reshape((images.shape[0], images.shape[1], large.shape[2], large.shape[3]))


def _with_border(image):
    """Repeat the first and last row and column."""
    image = pt.concatenate([image[:, :, :1], image, image[:, :, -1:]], axis=2)
    return pt.concatenate([image[:, :, :, :1], image, image[:, :, :, -1:]], axis=3)


def _transposed(image, kernel, lengths, pads, steps):
    op = ImageGradient(2, border_mode=pads, subsample=steps)
    return op(kernel.astype(image.dtype), image, lengths)
