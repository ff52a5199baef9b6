"""What newer NumPy dropped and programs for Theano use."""

import builtins
import functools
from collections.abc import Callable

import numpy as np

from symgrad.theano.patches.standard_library import add_names

__all__ = ["NUMPY", "apply"]

#: The dropped names, and what they stood for.
NUMPY = {
    "float": builtins.float,
    "int": builtins.int,
    "object": builtins.object,
    "complex": builtins.complex,
    "str": builtins.str,
    "unicode": builtins.str,
    "long": builtins.int,
    "float_": np.float64,
    "complex_": np.complex128,
    "unicode_": np.str_,
    "string_": np.bytes_,
    "Inf": np.inf,
    "infty": np.inf,
    "NaN": np.nan,
    "NAN": np.nan,
    "product": np.prod,
    "cumproduct": np.cumprod,
    "alltrue": np.all,
    "sometrue": np.any,
    "row_stack": np.vstack,
    "in1d": np.isin,
    "asscalar": lambda array: array.item(),
    "asfarray": lambda array, dtype=np.float64: np.asarray(array, dtype=dtype),
}


def apply() -> None:
    """Give NumPy its dropped names, ragged arrays, lenient arguments and the older printing."""
    add_names(np, NUMPY | {"cast": _Cast(), "trapz": getattr(np, "trapezoid", None)})
    np.linspace, np.fromstring = _linspace, _fromstring
    for name in ("array", "asarray"):
        if not isinstance(getattr(np, name), _Ragged):
            setattr(np, name, _Ragged(getattr(np, name)))
    np.set_printoptions(legacy="1.25")  # numbers, not np.float64(...)


class _Cast(dict):
    """``numpy.cast["float32"](x)``."""

    def __missing__(self, dtype):
        return lambda value: np.asarray(value).astype(dtype)


_numpy_linspace = np.linspace


@functools.wraps(_numpy_linspace)
def _linspace(start, stop, num=50, *options, **named):
    """Take a number of points that is a float."""
    return _numpy_linspace(start, stop, int(num), *options, **named)


_numpy_fromstring = np.fromstring


@functools.wraps(_numpy_fromstring)
def _fromstring(string, dtype=float, count=-1, *, sep="", **options):
    """Read the bytes themselves as numbers if there is no separator."""
    if sep == "":
        return np.frombuffer(string, dtype, count, **options).copy()
    return _numpy_fromstring(string, dtype, count, sep=sep, **options)


class _Ragged:
    """``numpy.array`` that makes an array of lists from rows of different lengths, as it once did.

    It is equal to the function that it calls: Numba recognises it in compiled code by that.
    """

    __name__: str
    __wrapped__: Callable[..., np.ndarray]

    def __init__(self, function):
        functools.update_wrapper(self, function)

    def __call__(self, object, dtype=None, **options):
        try:
            return self.__wrapped__(object, dtype, **options)
        except ValueError as error:
            if dtype is not None or "inhomogeneous" not in str(error):
                raise
            return self.__wrapped__(object, builtins.object, **options)

    def __eq__(self, other):
        return other is self or other is self.__wrapped__

    def __hash__(self):
        return hash(self.__wrapped__)

    def __reduce__(self):
        return self.__name__  # pickled by its name in NumPy
