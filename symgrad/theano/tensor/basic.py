"""``theano.tensor.basic``: tensors by Theano's names and signatures, over PyTensor."""

import builtins
import warnings

import numpy as np
import pytensor.scalar
import pytensor.tensor as pt
from pytensor.graph.basic import Apply as Apply
from pytensor.graph.basic import Constant as Constant
from pytensor.graph.basic import Variable as Variable
from pytensor.raise_op import assert_op
from pytensor.tensor.basic import get_underlying_scalar_constant_value
from pytensor.tensor.exceptions import NotScalarConstantError as NotScalarConstantError
from pytensor.tensor.type import continuous_dtypes as continuous_dtypes
from pytensor.tensor.type import discrete_dtypes as discrete_dtypes
from pytensor.tensor.type import float_dtypes as float_dtypes
from pytensor.tensor.type import int_dtypes as int_dtypes
from pytensor.tensor.type import integer_dtypes as integer_dtypes
from pytensor.tensor.type import uint_dtypes as uint_dtypes

from symgrad.theano import scalar as scal  # noqa: F401
from symgrad.theano.broadcast import Rebroadcast as Rebroadcast
from symgrad.theano.broadcast import TensorType as TensorType
from symgrad.theano.broadcast import addbroadcast as addbroadcast
from symgrad.theano.broadcast import patternbroadcast as patternbroadcast
from symgrad.theano.broadcast import unbroadcast as unbroadcast
from symgrad.theano.configparser import config
from symgrad.theano.names import forward
from symgrad.theano.tensor.elemwise import DimShuffle as DimShuffle
from symgrad.theano.tensor.var import TensorVariable as TensorVariable

Tensor = TensorType
all_dtypes = pytensor.tensor.type.all_dtypes
complex_dtypes = ("complex64", "complex128")
python_all, python_any, python_complex = builtins.all, builtins.any, builtins.complex

abs_ = pt.abs
inv = pt.reciprocal
sgn = pt.sign
isnan_, isinf_ = pt.isnan, pt.isinf


class ShapeError(Exception):
    """A shape is impossible."""


class AsTensorError(TypeError):
    """A value is no tensor."""


class EmptyConstantError(NotScalarConstantError):
    """An empty constant has no scalar value."""


def tensor(*args, **kwargs):
    """Make a variable of ``TensorType(dtype, broadcastable)``, named ``name``."""
    name = kwargs.pop("name", None)
    return TensorType(*args, **kwargs)(name)


def _maker(pattern, kind):
    def make(name=None, dtype=None):
        return TensorType(dtype or config.floatX, pattern)(name)

    make.__name__ = kind
    make.__doc__ = f"Make a {kind}; its dtype is floatX unless it is given."
    return make


scalar = _maker((), "scalar")
vector = _maker((False,), "vector")
matrix = _maker((False, False), "matrix")
row = _maker((True, False), "row")
col = _maker((False, True), "col")
tensor3 = _maker((False,) * 3, "tensor3")
tensor4 = _maker((False,) * 4, "tensor4")
tensor5 = _maker((False,) * 5, "tensor5")
tensor6 = _maker((False,) * 6, "tensor6")
tensor7 = _maker((False,) * 7, "tensor7")


def _several(make):
    """``matrices("a", "b")``, ``matrices("ab")`` or ``matrices(2)``."""

    def makes(*names, **kwargs):
        names = names[0] if len(names) == 1 else names
        if isinstance(names, int):
            return [make(**kwargs) for _ in range(names)]
        if isinstance(names, str) and len(names) == 1:
            return make(names, **kwargs)
        return [make(name, **kwargs) for name in names]

    return makes


scalars, vectors, matrices = _several(scalar), _several(vector), _several(matrix)
rows, cols = _several(row), _several(col)
tensor3s, tensor4s, tensor5s = _several(tensor3), _several(tensor4), _several(tensor5)
for _letter in "zcfdbwil":
    for _kind in ("scalar", "vector", "matrix", "row", "col", "tensor3", "tensor4", "tensor5"):
        _plural = {"matrix": "matrices"}.get(_kind, _kind + "s")
        if hasattr(pt, _letter + _kind):
            globals()[_letter + _plural] = _several(getattr(pt, _letter + _kind))
wmatrix = TensorType("int16", (False, False))


def stack(*tensors, **kwargs):
    """Join along a new axis: ``stack([a, b], axis=0)``, or the older ``stack(a, b)``."""
    if not tensors and "tensors" not in kwargs:
        raise TypeError("stack(tensors, axis=0) needs tensors")
    if "tensors" in kwargs:
        return pt.stack(list(kwargs["tensors"]), kwargs.get("axis", 0))
    if isinstance(tensors[0], (list, tuple)):
        return pt.stack(list(tensors[0]), *tensors[1:], **kwargs)
    if not kwargs:
        message = "stack(a, b) is deprecated: write stack([a, b], axis=0)"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
    return pt.stack(list(tensors), **kwargs)


def join(axis, *tensors_list):
    """Join along an axis."""
    return pt.join(axis, *map(as_tensor_variable, tensors_list))


def concatenate(tensor_list, axis=0):
    """Join a list along an axis."""
    if not isinstance(tensor_list, (list, tuple)):
        raise TypeError(
            "The 'tensors' argument must be either a tuple or a list, make sure you did not forget "
            f"() or [] around arguments of concatenate: {tensor_list}"
        )
    return join(axis, *tensor_list)


def flatten(x, ndim=None, outdim=None):
    """`x` with its last axes merged, so that `ndim` are left; `outdim` is the older name."""
    ndim = outdim if ndim is None else ndim
    return pt.flatten(x, 1 if ndim is None else ndim)


def reshape(x, newshape, ndim=None):
    """`x` in a new shape; `ndim` is needed if the length of `newshape` is not known."""
    return pt.reshape(x, newshape, ndim=ndim)


def mean(input, axis=None, dtype=None, op=False, keepdims=False, acc_dtype=None):
    """The mean along an axis, or of all entries; `op` is ignored."""
    return pt.mean(input, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)


def _axes(axis):
    """Axes as PyTensor takes them: Theano also took a constant, and axes that are repeated."""
    axis = axis.data if isinstance(axis, Constant) else axis
    axis = axis.tolist() if isinstance(axis, np.ndarray) else axis
    return list(dict.fromkeys(axis)) if isinstance(axis, (list, tuple)) else axis


def max(x, axis=None, keepdims=False):
    """The largest entries along one or several axes, or of all entries."""
    return pt.max(x, axis=_axes(axis), keepdims=keepdims)


def min(x, axis=None, keepdims=False):
    """The smallest entries along one or several axes, or of all entries."""
    return pt.min(x, axis=_axes(axis), keepdims=keepdims)


def argmax(x, axis=None, keepdims=False):
    """The positions of the largest entries."""
    return pt.argmax(x, axis=_axes(axis), keepdims=keepdims)


def argmin(x, axis=None, keepdims=False):
    """The positions of the smallest entries."""
    return pt.argmin(x, axis=_axes(axis), keepdims=keepdims)


def max_and_argmax(a, axis=None, keepdims=False):
    """The results of :func:`max` and :func:`argmax`."""
    return [max(a, axis, keepdims), argmax(a, axis, keepdims)]


def choose(a, choices, out=None, mode="raise"):
    """For each entry of `a`, the entry of the array of `choices` that it numbers."""
    return pt.choose(a, choices, mode=mode)


def tile(x, reps, ndim=None):
    """`x` repeated along its axes; the result has `ndim` dimensions, if that is given.

    Raises
    ------
    ValueError
        If `reps` are no integers, are more than `ndim`, or are a vector of unknown length while
        `ndim` is not given; or if `ndim` is less than that of `x`.
    """
    x = as_tensor_variable(x)
    if ndim is not None and ndim < x.ndim:
        raise ValueError(f"tile: ndim={ndim} was given for {x.ndim} dimensions")
    if not isinstance(reps, (list, tuple)):
        reps = _repetitions(as_tensor_variable(reps), ndim)
    if ndim is not None and len(reps) > ndim:
        raise ValueError(f"tile: {len(reps)} numbers were given for ndim={ndim}")
    if any(as_tensor_variable(number).dtype not in discrete_dtypes for number in reps):
        raise ValueError(f"tile: reps are integers, not {reps}")
    return pt.tile(x, [1] * ((ndim or 0) - len(reps)) + list(reps))


def _repetitions(reps, ndim):
    """The entries of a number or vector as a list; a short vector gets ones in front."""
    if reps.ndim > 1:
        raise ValueError(f"tile: reps is an integer, a vector or a list, not {reps.type}")
    if reps.ndim == 0:
        return [reps]
    if reps.type.shape[0] is not None:
        return [reps[axis] for axis in range(reps.type.shape[0])]
    if ndim is None:
        raise ValueError("tile: reps is a vector of unknown length: give ndim, too")
    reps = assert_op(reps, pt.le(reps.shape[0], ndim))
    added = ndim - reps.shape[0]
    return [pt.switch(axis < added, 1, reps[pt.maximum(axis - added, 0)]) for axis in range(ndim)]


def as_tensor_variable(x, name=None, ndim=None):
    """`x` as a tensor variable."""
    return pt.as_tensor_variable(x, name=name, ndim=ndim)


as_tensor = as_tensor_variable


def dot(a, b):
    """The product of vectors, matrices or sparse matrices."""
    if hasattr(a, "__dot__") and not isinstance(a, pt.TensorVariable):
        return a.__dot__(b)
    return pt.dot(as_tensor_variable(a), b)


def default(x, default_value):
    """`x`, or `default_value` where `x` is None."""
    return default_value if x is None else x


def batched_dot(a, b):
    """The products of matrices along the first axis."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if 0 in (a.ndim, b.ndim):
        raise TypeError("batched_dot: both arguments need at least one dimension")
    if 1 in (a.ndim, b.ndim):
        return a.dimshuffle(*range(a.ndim), *["x"] * (b.ndim - 1)) * b.dimshuffle(
            0, *["x"] * (a.ndim - 1), *range(1, b.ndim)
        )
    return batched_tensordot(a, b, [[a.ndim - 1], [builtins.max(1, b.ndim - 2)]])


def batched_tensordot(x, y, axes=2):
    """``tensordot`` of each pair of items along the first axis."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if isinstance(axes, int):
        left = list(range(x.ndim - axes, x.ndim))
        right = list(range(1, axes + 1))
    else:
        left, right = ([side] if isinstance(side, int) else list(side) for side in axes)
    left_kept = [axis for axis in range(1, x.ndim) if axis not in left]
    right_kept = [axis for axis in range(1, y.ndim) if axis not in right]
    first = _as_matrices(x, left_kept, left)
    second = _as_matrices(y, right, right_kept)
    kept = [*(x.shape[axis] for axis in left_kept), *(y.shape[axis] for axis in right_kept)]
    shape = [x.shape[0], *kept]
    return pt.matmul(first, second).reshape(shape, ndim=len(shape))


def _as_matrices(x, rows, columns):
    n_rows, n_columns = (
        pt.prod([x.shape[axis] for axis in axes] or [1]) for axes in (rows, columns)
    )
    return x.dimshuffle(0, *rows, *columns).reshape((x.shape[0], n_rows, n_columns))


def check_equal_numpy(x, y):
    """Whether two arrays, or other values, are equal."""
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        return x.dtype == y.dtype and x.shape == y.shape and np.array_equal(x, y)
    return x == y


def get_scalar_constant_value(orig_v, *_, **__):
    """The number that a constant graph computes, or that all of its entries are.

    Raises
    ------
    NotScalarConstantError
        If there is no such number; EmptyConstantError if there are no entries.
    """
    if np.size(getattr(orig_v, "data", 0)) == 0:
        raise EmptyConstantError(f"{orig_v} has no entries")
    return np.asarray(get_underlying_scalar_constant_value(orig_v))


def div_proxy(x, y):
    """Division as ``/`` did it: of integers it rounds down."""
    return int_or_true_div(as_tensor_variable(x), as_tensor_variable(y))


def int_or_true_div(x, y):
    """``x // y`` of integers, ``x / y`` of anything else."""
    discrete = x.dtype in discrete_dtypes and y.dtype in discrete_dtypes
    return pt.int_div(x, y) if discrete else pt.true_div(x, y)


def arange(start, stop=None, step=1, dtype=None):
    """Numbers in steps; see :func:`numpy.arange`."""
    return pt.arange(start, stop, step, dtype)


def split(x, splits_size, n_splits, axis=0):
    """Split `x` along an axis into `n_splits` parts of the lengths `splits_size`."""
    return pt.split(x, splits_size, n_splits=n_splits, axis=axis)


def is_flat(var, ndim=None, outdim=None):
    """Whether `var` has `ndim` dimensions, by default 1; `outdim` is the older name."""
    ndim = outdim if ndim is None else ndim
    return var.ndim == (1 if ndim is None else ndim)


def squeeze(x):
    """`x` without axes that are known to have length 1."""
    return pt.squeeze(x)


SOURCES = (
    "pytensor.tensor",
    "pytensor.tensor.basic",
    "pytensor.tensor.math",
    "pytensor.tensor.elemwise",
    "pytensor.tensor.shape",
    "pytensor.tensor.subtensor",
    "pytensor.tensor.variable",
    "pytensor.tensor.type",
    "pytensor.tensor.type_other",
    "pytensor.tensor.exceptions",
    "pytensor.tensor.sharedvar",
    "pytensor.gradient",
)
RENAMED = {
    "MaxAndArgmax": "Max",
    "_shared": "tensor_constructor",
    "scal": "ps",
}

__getattr__ = forward("theano.tensor.basic", *SOURCES, renamed=RENAMED)
