"""Bilinear upsampling of images by transposed convolutions with a triangle."""

from math import gcd

import pytensor
import pytensor.tensor as pt

__all__ = [
    "bilinear_kernel_1D",
    "bilinear_kernel_2D",
    "bilinear_upsampling",
    "frac_bilinear_upsampling",
]


def bilinear_kernel_1D(ratio, normalize=True):
    """A triangle: 1, 2, ..., ratio, ..., 2, 1, divided by `ratio` if normalised."""
    rising = pt.arange(1, ratio + 1, dtype=pytensor.config.floatX)
    kernel = pt.concatenate([rising, rising[-2::-1]])
    return kernel / pt.cast(ratio, pytensor.config.floatX) if normalize else kernel


def bilinear_kernel_2D(ratio, normalize=True):
    """The outer product of two triangles; `ratio` may be a pair (rows, columns)."""
    rows, columns = ratio if isinstance(ratio, tuple) else (ratio, ratio)
    vertical = bilinear_kernel_1D(rows, normalize)
    return vertical[:, None] * bilinear_kernel_1D(columns, normalize)[None, :]


def bilinear_upsampling(
    input,
    ratio=None,
    frac_ratio=None,
    batch_size=None,
    num_input_channels=None,
    use_1D_kernel=True,
):
    """Enlarge images, with bilinear interpolation between their pixels.

    Parameters
    ----------
    input : 4-d variable (batch, channels, rows, columns)
    ratio : int
    frac_ratio : pair of int, or pair of pairs
        A fraction instead, for both axes or for each; then ``use_1D_kernel=False``.
    batch_size, num_input_channels : int
        The first lengths of `input`, where known.
    use_1D_kernel : bool
        First the rows, then the columns.

    Returns
    -------
    4-d variable (batch, channels, rows * ratio, columns * ratio)

    Notes
    -----
    Values of Theano 1.0.5: the border is repeated.
    """
    if ratio and frac_ratio:
        raise ValueError("bilinear_upsampling: give ratio or frac_ratio, not both")
    if not (ratio or frac_ratio):
        raise ValueError("bilinear_upsampling: give ratio, or frac_ratio")
    if frac_ratio:
        if use_1D_kernel:
            raise ValueError("bilinear_upsampling: frac_ratio needs use_1D_kernel=False")
        return frac_bilinear_upsampling(input, frac_ratio)
    rows, columns = input.shape[2], input.shape[3]
    batch = None if None in (batch_size, num_input_channels) else batch_size * num_input_channels
    image = _with_border(input.reshape((-1, 1, rows, columns)))
    pad = 2 * ratio - (ratio - 1) // 2 - 1
    if use_1D_kernel:
        kernel = bilinear_kernel_1D(ratio)
        tall = (batch, 1, rows * ratio, columns + 2)
        image = _transposed(image, kernel[None, None, :, None], tall, (pad, 0), (ratio, 1))
        kernel, pads, steps = kernel[None, None, None, :], (0, pad), (1, ratio)
    else:
        kernel, pads, steps = bilinear_kernel_2D(ratio)[None, None], (pad, pad), (ratio, ratio)
    large = (batch, 1, rows * ratio, columns * ratio)
    image = _transposed(image, kernel, large, pads, steps)
    return image.reshape((input.shape[0], input.shape[1], rows * ratio, columns * ratio))


def frac_bilinear_upsampling(input, frac_ratio):
    """Enlarge images by a fraction: see :func:`bilinear_upsampling`."""
    from symgrad.theano.tensor.nnet.abstract_conv import conv2d

    if not isinstance(frac_ratio, tuple):
        raise ValueError("frac_ratio must be a tuple")
    pairs = frac_ratio if isinstance(frac_ratio[0], tuple) else (frac_ratio, frac_ratio)
    ratio, steps = zip(*((p // gcd(p, q), q // gcd(p, q)) for p, q in pairs), strict=True)
    rows, columns = input.shape[2], input.shape[3]
    image = _with_border(input.reshape((-1, 1, rows, columns)))
    # The image is the kernel here, dilated, and the triangle with zeros around it the image.
    whole = [
        (2 * length - 1) * each + 1 for length, each in zip((rows, columns), ratio, strict=True)
    ]
    before = [one // 2 for one in whole]
    kernel = bilinear_kernel_2D(ratio)
    inner = [2 * each - 1 for each in ratio]
    canvas = pt.zeros([a + b for a, b in zip(whole, inner, strict=True)], kernel.dtype)
    places = tuple(slice(at, at + length) for at, length in zip(before, inner, strict=True))
    canvas = pt.set_subtensor(canvas[places], kernel)[None, None]
    out = conv2d(canvas, image, filter_dilation=ratio, subsample=steps)
    return out.reshape((input.shape[0], input.shape[1], out.shape[2], out.shape[3]))


def _with_border(image):
    """Repeat the first and last row and column."""
    image = pt.concatenate([image[:, :, :1], image, image[:, :, -1:]], axis=2)
    return pt.concatenate([image[:, :, :, :1], image, image[:, :, :, -1:]], axis=3)


def _transposed(image, kernel, shape, pads, steps):
    from symgrad.theano.tensor.nnet.abstract_conv import conv2d_grad_wrt_inputs

    return conv2d_grad_wrt_inputs(
        image, kernel.astype(image.dtype), shape, border_mode=pads, subsample=steps
    )
