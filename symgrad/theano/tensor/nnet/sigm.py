"""``theano.tensor.nnet.sigm``: sigmoids and softplus."""

import pytensor.tensor as pt
from pytensor.scalar import sigmoid as scalar_sigmoid  # noqa: F401
from pytensor.scalar import softplus as scalar_softplus  # noqa: F401
from pytensor.tensor import sigmoid
from pytensor.tensor import softplus as softplus
from pytensor.tensor.type import float_dtypes

from symgrad.theano.names import forward

# Rewrites decide whether memory is reused.
sigmoid_inplace = sigmoid


def _as_float(x):
    """`x` as floats: integers of up to 16 bits become float32, longer ones float64."""
    x = pt.as_tensor(x)
    if x.type.dtype in float_dtypes:
        return x
    short = ("bool", "int8", "uint8", "int16", "uint16")
    return pt.cast(x, "float32" if x.type.dtype in short else "float64")


def ultra_fast_sigmoid(x):
    """A piecewise sigmoid without exponential, whose error is at most 0.02.

    Parameters
    ----------
    x : variable

    Returns
    -------
    variable of the shape of `x`

    Notes
    -----
    The pieces of Theano 1.0.5.
    """
    x = _as_float(x)
    first, slope, start, last = (
        pt.constant(number, dtype=x.dtype)
        for number in (0.935409070603099, 0.0458812946797165, 1.7, 0.99505475368673)
    )
    half = abs(x) * 0.5
    line = pt.switch(half < 3, first + slope * (half - start), last)
    curve = pt.switch(half < start, 1.5 * half / (1 + half), line)
    return 0.5 * (pt.switch(x >= 0, curve, -curve) + 1)


ultra_fast_sigmoid_inplace = ultra_fast_sigmoid


def hard_sigmoid(x):
    """``clip(0.2 * x + 0.5, 0, 1)``.

    Parameters
    ----------
    x : variable

    Returns
    -------
    variable of the shape of `x`

    Examples
    --------
    >>> from symgrad.theano.tensor.nnet import hard_sigmoid
    >>> hard_sigmoid([-3.0, 0.0, 1.0]).eval().tolist()
    [0.0, 0.5, 0.7]
    """
    x = _as_float(x)
    slope, shift = pt.constant(0.2, dtype=x.dtype), pt.constant(0.5, dtype=x.dtype)
    return pt.clip(x * slope + shift, 0, 1)


__getattr__ = forward("theano.tensor.nnet.sigm")
