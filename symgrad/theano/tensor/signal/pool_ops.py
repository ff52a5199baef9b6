"""Pooling over the last axes of a tensor, and its gradients, as Ops.

Windows never reach into the border: a window at an edge reads fewer entries. Every entry that
equals the maximum of a window gets the whole gradient of that window.
"""

import warnings
from functools import reduce

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.link.c.op import COp
from pytensor.tensor.type import TensorType, int_dtypes

from symgrad.theano.tensor.signal import pool_code
from symgrad.theano.tensor.signal.pool_windows import Windows

__all__ = [
    "AveragePoolGrad",
    "DownsampleFactorMaxGradGrad",
    "MaxPoolGrad",
    "Pool",
    "new_name",
]

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


def new_name(function, old_name, old, name, value, absent=(None,)):
    """The value of a keyword that once had another name."""
    if old is None:
        return value
    if value not in absent:
        raise ValueError(f"{function}: {old_name} is the old name of {name}: give {name} only")
    warnings.warn(f"{function}: {old_name} is the old name of {name}", stacklevel=3)
    return old


class PoolOp(COp):
    """Shared by pooling and its gradients: the inputs end with window, stride and pad."""

    __props__ = ("ignore_border", "mode", "ndim")
    n_tensors = 1

    def __init__(self, ignore_border=False, mode="max", ndim=2, openmp=None):
        mode = "max" if mode == "max_deterministic" else mode
        if mode not in MODES:
            raise ValueError(f"pooling: mode is {mode!r}, give one of {', '.join(MODES)}")
        self.ignore_border, self.mode, self.ndim = bool(ignore_border), mode, int(ndim)
        pool_code.register_backends()

    def make_node(self, *inputs, ws=None, stride=None, pad=None):
        given = dict(zip(("ws", "stride", "pad"), inputs[self.n_tensors :], strict=False))
        ws, stride, pad = (
            given.get(name) if value is None else value
            for name, value in (("ws", ws), ("stride", stride), ("pad", pad))
        )
        if ws is None:
            raise ValueError("pooling: give the window size ws")
        stride = ws if stride is None else stride
        pad = (0,) * self.ndim if pad is None else pad
        self._check_pad(ws, pad)
        tensors = [pt.as_tensor(one) for one in inputs[: self.n_tensors]]
        if any(one.type.ndim < self.ndim for one in tensors):
            raise TypeError(f"pooling over {self.ndim} axes: the input has fewer")
        layout = [pt.as_tensor(one) for one in (ws, stride, pad)]
        for name, one in zip(("ws", "stride", "pad"), layout, strict=True):
            if one.type.ndim != 1 or one.type.dtype not in int_dtypes:
                raise TypeError(f"pooling: {name} must be a vector of integers, not {one.type}")
        layout = [pt.cast(one, "int64") for one in layout]
        return Apply(self, [*tensors, *layout], [self.out_type(tensors, layout)()])

    def _check_pad(self, ws, pad):
        if not isinstance(pad, (tuple, list)) or any(isinstance(one, Variable) for one in pad):
            return
        if max(pad) != 0 and not self.ignore_border:
            raise NotImplementedError("pooling: pad needs ignore_border=True")
        if isinstance(ws, (tuple, list)) and any(
            not isinstance(one, Variable) and p >= one for p, one in zip(pad, ws, strict=True)
        ):
            raise NotImplementedError("pooling: pad must be smaller than the window")

    def out_type(self, tensors, layout):
        return tensors[0].type

    def windows(self, lengths, layout):
        """The windows over axes of these lengths."""
        return Windows.over(lengths, *layout, self.ignore_border)

    def connection_pattern(self, node):
        connected = [[True]] * self.n_tensors
        return [*connected, *[[False]] * 3]

    def infer_shape(self, *args):
        return [args[-1][0]]

    def perform(self, node, inputs, output_storage):
        layout = [[int(one) for one in each] for each in inputs[self.n_tensors :]]
        if self.ignore_border is False and any(layout[2]):
            raise ValueError("pooling: pad needs ignore_border=True")
        tensors = inputs[: self.n_tensors]
        windows = self.windows(tensors[0].shape[-self.ndim :], layout)
        output_storage[0][0] = self.compute(np, windows, *tensors)

    def c_code_cache_version(self):
        return (2,)

    def c_code(self, node, name, inputs, outputs, sub):
        return pool_code.c_code(self, node, inputs, outputs, sub)


class Pool(PoolOp):
    """``(x, ws, stride, pad) -> pooled``."""

    kind = "pool"

    @staticmethod
    def out_shape(
        imgshape,
        ws=None,
        ignore_border=False,
        stride=None,
        pad=None,
        ndim=2,
        ds=None,
        st=None,
        padding=None,
    ):
        """The shape of the output, from numbers or symbolic lengths."""
        ws = new_name("out_shape", "ds", ds, "ws", ws)
        stride = new_name("out_shape", "st", st, "stride", stride)
        pad = new_name("out_shape", "padding", padding, "pad", pad, (None, (0,) * (ndim or 2)))
        ndim = 2 if ndim is None else ndim
        if ws is None:
            raise ValueError("You must provide a tuple value for the window size.")
        if len(imgshape) < ndim:
            raise TypeError(f"imgshape must have at least {ndim} dimensions")
        stride = ws if stride is None else stride
        pad = (0,) * ndim if pad is None else pad
        lengths = imgshape[-ndim:]
        out = [
            _out_length(_constant(lengths[at]) + 2 * pad[at], ws[at], stride[at], ignore_border)
            for at in range(ndim)
        ]
        return [*imgshape[:-ndim], *out]

    def out_type(self, tensors, layout):
        (x,) = tensors
        outer, lengths = x.type.shape[: -self.ndim], x.type.shape[-self.ndim :]
        pooled = [None] * self.ndim
        if None not in lengths and all(isinstance(one, Constant) for one in layout):
            pooled = self.windows(lengths, [one.data.tolist() for one in layout]).out
        return TensorType(x.type.dtype, shape=(*outer, *pooled))

    def infer_shape(self, *args):
        node, shapes = args[-2:]
        layout = [
            [one.data[at] if isinstance(one, Constant) else one[at] for at in range(self.ndim)]
            for one in node.inputs[1:]
        ]
        ws, stride, pad = layout
        return [self.out_shape(shapes[0], ws, self.ignore_border, stride, pad, self.ndim)]

    def compute(self, xp, windows, x):
        if self.mode == "max":
            low = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
            return reduce(xp.maximum, windows.taps(xp, x, low))
        total = reduce(xp.add, windows.taps(xp, x, 0))
        return total if self.mode == "sum" else self.averaged(xp, windows, total)

    def averaged(self, xp, windows, total):
        return (total / windows.counts(xp, self.mode)).astype(total.dtype)

    def pullback(self, inputs, outputs, cotangents):
        (x, *layout), (top,) = inputs, cotangents
        if self.mode == "max":
            at_x = MaxPoolGrad(self.ignore_border, ndim=self.ndim)(x, outputs[0], top, *layout)
        else:
            at_x = AveragePoolGrad(self.ignore_border, self.mode, self.ndim)(x, top, *layout)
        return [at_x, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        (x, *layout), tangent = inputs, tangents[0]
        if isinstance(tangent.type, DisconnectedType):
            return [disconnected_type()]
        if self.mode != "max":
            return [self(tangent, *layout)]
        gather = DownsampleFactorMaxGradGrad(self.ignore_border, ndim=self.ndim)
        return [gather(x, outputs[0], tangent, *layout)]


class MaxPoolGrad(PoolOp):
    """``(x, pooled, gradient at pooled, ws, stride, pad) -> gradient at x``."""

    kind = "max_grad"
    n_tensors = 3

    def __init__(self, ignore_border, ndim=2, openmp=None):
        super().__init__(ignore_border, "max", ndim)

    def compute(self, xp, windows, x, pooled, top):
        taps = windows.taps(xp, x, 0)
        return windows.scatter(xp, x, (xp.where(tap == pooled, top, 0) for tap in taps))

    def pullback(self, inputs, outputs, cotangents):
        x, pooled, _, *layout = inputs
        gather = DownsampleFactorMaxGradGrad(self.ignore_border, ndim=self.ndim)
        at_top = gather(x, pooled, cotangents[0], *layout)
        zeros = [pt.zeros_like(x), pt.zeros_like(pooled)]
        return [*zeros, at_top, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        if isinstance(tangents[2].type, DisconnectedType):
            return [disconnected_type()]
        return [self(*inputs[:2], tangents[2], *inputs[3:])]


class AveragePoolGrad(PoolOp):
    """``(x, gradient at pooled, ws, stride, pad) -> gradient at x``, for sums and averages."""

    kind = "average_grad"
    n_tensors = 2

    def _check_pad(self, ws, pad):
        """Any: windows that lie in the zeros alone give nothing to an image."""

    def __init__(self, ignore_border, mode="average_inc_pad", ndim=2):
        super().__init__(ignore_border, mode, ndim)

    def compute(self, xp, windows, x, top):
        if self.mode != "sum":
            top = (top / windows.counts(xp, self.mode)).astype(top.dtype)
        return windows.scatter(xp, x, (top for _ in windows.places()))

    def pullback(self, inputs, outputs, cotangents):
        x, _, *layout = inputs
        at_top = Pool(self.ignore_border, self.mode, self.ndim)(cotangents[0], *layout)
        return [pt.zeros_like(x), at_top, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        if isinstance(tangents[1].type, DisconnectedType):
            return [disconnected_type()]
        return [self(inputs[0], tangents[1], *inputs[2:])]


class DownsampleFactorMaxGradGrad(PoolOp):
    """``(x, pooled, values like x, ws, stride, pad) -> their sum where x is the maximum``."""

    kind = "max_gather"
    n_tensors = 3

    def out_type(self, tensors, layout):
        return tensors[1].type

    def infer_shape(self, *args):
        return [args[-1][1]]

    def compute(self, xp, windows, x, pooled, values):
        pairs = zip(windows.taps(xp, x, 0), windows.taps(xp, values, 0), strict=True)
        return reduce(xp.add, (xp.where(tap == pooled, value, 0) for tap, value in pairs))

    def pullback(self, inputs, outputs, cotangents):
        x, pooled, _, *layout = inputs
        at_values = MaxPoolGrad(self.ignore_border, ndim=self.ndim)(
            x, pooled, cotangents[0], *layout
        )
        zeros = [pt.zeros_like(x), pt.zeros_like(pooled)]
        return [*zeros, at_values, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        if isinstance(tangents[2].type, DisconnectedType):
            return [disconnected_type()]
        return [self(*inputs[:2], tangents[2], *inputs[3:])]


def _constant(length):
    return int(length.data) if isinstance(length, Constant) else length


def _out_length(length, window, stride, ignore_border):
    """How many windows lie on an axis, symbolic or not."""
    symbolic = any(isinstance(one, Variable) for one in (length, window, stride))
    if ignore_border:
        count = (length - window) // stride + 1
        return pt.maximum(count, 0) if symbolic else max(int(count), 0)
    apart = (length - 1) // stride + 1
    if not symbolic:
        return int(apart if stride >= window else max(0, (length - 1 - window) // stride + 1) + 1)
    overlapping = pt.maximum(0, (length - 1 - window) // stride + 1) + 1
    return pt.switch(pt.ge(stride, window), apart, overlapping)
