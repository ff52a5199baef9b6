"""Patches of images as rows, and back (``theano.tensor.nnet.neighbours``)."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.raise_op import CheckAndRaise

from symgrad.theano.names import forward

MODES = ("valid", "half", "full", "wrap_centered", "ignore_borders")


def images2neibs(ten4, neib_shape, neib_step=None, mode="valid"):
    """Write the patches of images as rows of a matrix.

    Parameters
    ----------
    ten4 : 4-d variable (batch, channels, rows, columns)
    neib_shape : pair of int, or integer vector
        Rows and columns of a patch.
    neib_step : pair of int, or integer vector
        From one patch to the next; the patch itself if not given.
    mode : str
        'valid': patches must fill the image. 'ignore_borders': what they do not fill is left out.
        'half' and 'full': zeros around the image, half a patch or all but one line of it.
        'wrap_centered': a patch around each place, and the image goes on at its other side.

    Returns
    -------
    matrix (batch * channels * patches, rows * columns of a patch)

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.theano.tensor.nnet.neighbours import images2neibs
    >>> images2neibs(np.arange(8).reshape(1, 1, 2, 4), (2, 2)).eval().tolist()
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    if mode not in MODES:
        raise NotImplementedError(f"images2neibs: mode is {mode!r}, give one of {', '.join(MODES)}")
    ten4 = pt.as_tensor(ten4)
    sizes = _pair(neib_shape)
    steps = sizes if neib_step is None else _pair(neib_step)
    batch, channels = ten4.shape[0], ten4.shape[1]
    pads = [{"half": size // 2, "full": size - 1}.get(mode, 0) for size in sizes]
    if mode in ("half", "full"):
        ten4 = _padded(ten4, pads)
    counts = []
    for axis, size, step in zip((2, 3), sizes, steps, strict=True):
        length = ten4.shape[axis]
        if mode == "wrap_centered":
            counts.append((length + step - 1) // step)
            fits = pt.and_(pt.eq(size % 2, 1), pt.ge(length, size))
        else:
            counts.append((length - size) // step + 1)
            fits = pt.and_(pt.ge(length, size), pt.eq((length - size) % step, 0))
        if mode != "ignore_borders":
            message = f"images2neibs: neib_shape, neib_step and the image do not fit in mode {mode}"
            ten4 = CheckAndRaise(TypeError, message)(ten4, fits)
    if neib_step is None and mode in ("valid", "ignore_borders"):
        whole = [count * size for count, size in zip(counts, sizes, strict=True)]
        inner = ten4[:, :, : whole[0], : whole[1]] if mode == "ignore_borders" else ten4
        shape = (batch, channels, counts[0], sizes[0], counts[1], sizes[1])
        patches = inner.reshape(shape).dimshuffle(0, 1, 2, 4, 3, 5)
    else:
        rows, columns = (
            _index(ten4.shape[axis], counts[axis - 2], sizes[axis - 2], steps[axis - 2], mode)
            for axis in (2, 3)
        )
        patches = ten4[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    return patches.reshape((batch * channels * counts[0] * counts[1], sizes[0] * sizes[1]))


def neibs2images(neibs, neib_shape, original_shape, mode="valid"):
    """The images of which :func:`images2neibs` made a matrix, with patches side by side.

    Parameters
    ----------
    neibs : matrix
    neib_shape : pair of int, or integer vector
    original_shape : four integers, or integer vector
    mode : 'valid' or 'ignore_borders'
        With the latter, what was left out comes back as zeros.

    Returns
    -------
    4-d variable of shape `original_shape`
    """
    if mode not in ("valid", "ignore_borders"):
        raise NotImplementedError(f"neibs2images: no way back from mode {mode!r}")
    neibs = pt.as_tensor(neibs)
    sizes = _pair(neib_shape)
    batch, channels, *lengths = (original_shape[at] for at in range(4))
    counts = [length // size for length, size in zip(lengths, sizes, strict=True)]
    patches = neibs.reshape((batch, channels, counts[0], counts[1], sizes[0], sizes[1]))
    whole = [count * size for count, size in zip(counts, sizes, strict=True)]
    image = patches.dimshuffle(0, 1, 2, 4, 3, 5).reshape((batch, channels, *whole))
    if mode == "valid":
        return image.reshape((batch, channels, *lengths))
    canvas = pt.zeros((batch, channels, *lengths), dtype=neibs.dtype)
    return pt.set_subtensor(canvas[:, :, : whole[0], : whole[1]], image)


class Images2Neibs:
    """:func:`images2neibs` with its mode chosen first."""

    def __init__(self, mode="valid"):
        self.mode = mode

    def __call__(self, ten4, neib_shape, neib_step=None):
        return images2neibs(ten4, neib_shape, neib_step, self.mode)


def _padded(image, pads):
    for axis, pad in zip((2, 3), pads, strict=True):
        shape = [image.shape[at] if at != axis else pad for at in range(4)]
        border = pt.zeros(shape, dtype=image.dtype)
        image = pt.concatenate([border, image, border], axis=axis)
    return image


def _index(length, count, size, step, mode):
    """Which lines each patch holds, (patches, lines of a patch)."""
    lines = pt.arange(count)[:, None] * step + pt.arange(size)[None, :]
    return (lines - size // 2) % length if mode == "wrap_centered" else lines


def _pair(given):
    if not isinstance(given, Variable):
        return [int(one) if not isinstance(one, Variable) else one for one in given]
    return [given[0], given[1]]


__getattr__ = forward("theano.tensor.nnet.neighbours")
