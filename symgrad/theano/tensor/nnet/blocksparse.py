"""``theano.tensor.nnet.blocksparse``: products with some blocks of a matrix."""

import pytensor.tensor as pt

from symgrad.theano.names import forward


def sparse_block_gemv(o, W, h, inputIdx, outputIdx):
    """``o[b, j] + sum over i of h[b, i] @ W[inputIdx[b, i], outputIdx[b, j]]``.

    Parameters
    ----------
    o : 3-d variable (batch, output window, output size)
    W : 4-d variable (input blocks, output blocks, input size, output size)
    h : 3-d variable (batch, input window, input size)
    inputIdx : integer matrix (batch, input window)
    outputIdx : integer matrix (batch, output window)

    Returns
    -------
    3-d variable of the shape of `o`
    """
    blocks = W[inputIdx[:, :, None], outputIdx[:, None, :]]
    return o + (h[:, :, None, :, None] * blocks).sum(axis=(1, 3))


def sparse_block_outer(o, x, y, xIdx, yIdx, alpha=None):
    """`o` plus the outer products ``x[b, i], y[b, j]`` at its blocks ``xIdx[b, i], yIdx[b, j]``.

    Parameters
    ----------
    o : 4-d variable (x blocks, y blocks, x size, y size)
    x, y : 3-d variables (batch, window, size)
    xIdx, yIdx : integer matrices (batch, window)
    alpha : scalar, optional

    Returns
    -------
    4-d variable of the shape of `o`
    """
    products = x[:, :, None, :, None] * y[:, None, :, None, :]
    products = products if alpha is None else alpha * products
    return pt.inc_subtensor(o[xIdx[:, :, None], yIdx[:, None, :]], products)


def sparse_block_dot(W, h, inputIdx, b, outputIdx):
    """:func:`sparse_block_gemv` with a bias for each output block, shape (output blocks, size).

    For a batch of one, `h` may be a matrix and the indices vectors.
    """
    if inputIdx.ndim != h.ndim - 1 or outputIdx.ndim != inputIdx.ndim:
        raise AssertionError("sparse_block_dot: an index has one dimension less than h")
    if h.ndim == 2:
        h, inputIdx, outputIdx = h[None], inputIdx[None], outputIdx[None]
    return sparse_block_gemv(b[outputIdx], W, h, inputIdx, outputIdx)


__getattr__ = forward("theano.tensor.nnet.blocksparse")
