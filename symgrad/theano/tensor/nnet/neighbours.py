"""Patches of images as rows, and back (``theano.tensor.nnet.neighbours``)."""

from symgrad.spatial.patches import images_from_patches, patches_of_images
from symgrad.theano.names import forward


def images2neibs(ten4, neib_shape, neib_step=None, mode="valid"):
    """Write the patches of images as rows of a matrix.

    Parameters
    ----------
    ten4 : 4-d variable (batch, channels, rows, columns)
    neib_shape : pair of int, or integer vector
        Rows and columns of a patch.
    neib_step : pair of int, or integer vector
        From one patch to the next; the shape of a patch if not given.
    mode : 'valid', 'ignore_borders', 'half', 'full' or 'wrap_centered'
        As in :func:`symgrad.spatial.patches.patches_of_images`.

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
    return patches_of_images(ten4, neib_shape, neib_step, mode)


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
    return images_from_patches(neibs, neib_shape, original_shape, mode)


class Images2Neibs:
    """:func:`images2neibs` with its mode chosen first."""

    def __init__(self, mode="valid"):
        self.mode = mode

    def __call__(self, ten4, neib_shape, neib_step=None):
        return images2neibs(ten4, neib_shape, neib_step, self.mode)


__getattr__ = forward("theano.tensor.nnet.neighbours")
