"""Convolution of films (``theano.tensor.nnet.conv3d2d``)."""

from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet import abstract_conv


def conv3d(signals, filters, signals_shape=None, filters_shape=None, border_mode="valid"):
    """Convolve films with filters in time and space.

    Parameters
    ----------
    signals : 5-d variable (batch, time, channels, rows, columns)
    filters : 5-d variable (outputs, time, channels, rows, columns)
    signals_shape, filters_shape : tuple of int and None
    border_mode : 'valid', 'full' or 'half', or three of them
        For time, rows and columns; the last two must be equal.

    Returns
    -------
    5-d variable (batch, time, outputs, rows, columns)
    """
    modes = (border_mode,) * 3 if isinstance(border_mode, str) else tuple(border_mode)
    if modes[1] != modes[2]:
        raise NotImplementedError("height and width bordermodes must match")
    out = abstract_conv.conv3d(
        signals.dimshuffle(0, 2, 1, 3, 4),
        filters.dimshuffle(0, 2, 1, 3, 4),
        _channels_second(signals_shape),
        _channels_second(filters_shape),
        border_mode=modes[0] if len(set(modes)) == 1 else modes,
    )
    return out.dimshuffle(0, 2, 1, 3, 4)


def _channels_second(shape):
    return None if shape is None else [shape[at] for at in (0, 2, 1, 3, 4)]


__getattr__ = forward("theano.tensor.nnet.conv3d2d")
