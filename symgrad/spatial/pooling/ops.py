"""Pooling over the last axes of a tensor, and its gradients, as Ops.

Windows never reach into the border: a window at an edge reads fewer entries. Every entry that
equals the maximum of a window gets the whole gradient of that window.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.link.c.op import COp
from pytensor.tensor.type import TensorType, int_dtypes

from symgrad.spatial.pooling import c_code
from symgrad.spatial.pooling.windows import Windows, pooled_shape

__all__ = ["AveragePoolGradient", "Family", "MaxPoolGather", "MaxPoolGradient", "Pool", "PoolOp"]

MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


class Family(NamedTuple):
    """Pooling and the Ops of which its derivatives are made."""

    pool: type
    max_gradient: type
    average_gradient: type
    max_gather: type


class PoolOp(COp):
    """The base class of pooling and its gradients: the inputs end with window, stride and pad.

    Parameters
    ----------
    ignore_border : bool
        True leaves out windows that reach over the end.
    mode : 'max', 'sum', 'average_inc_pad' or 'average_exc_pad'
    n_axes : int
        How many of the last axes are pooled.
    """

    __props__ = ("ignore_border", "mode", "n_axes")

    # Of each tensor among the inputs, and of the output: has it an entry for each window?
    pooled_inputs: tuple[bool, ...] = (False,)
    pooled_output = False
    family: Family

    def __init__(self, ignore_border=False, mode="max", n_axes=2):
        if mode not in MODES:
            raise ValueError(f"pooling: mode is {mode!r}, give one of {', '.join(MODES)}")
        self.ignore_border, self.mode, self.n_axes = bool(ignore_border), mode, int(n_axes)

    @property
    def n_tensors(self):
        return len(self.pooled_inputs)

    @property
    def loop_body(self):
        """What is done with each window, as a key of the tables of C and Numba."""
        raise NotImplementedError

    def relative(self, op_type, mode="max"):
        """An Op of another type over the same windows."""
        op = op_type.__new__(op_type)
        op.__dict__.update(ignore_border=self.ignore_border, mode=mode, n_axes=self.n_axes)
        return op

    def make_node(self, *inputs, ws=None, stride=None, pad=None):
        given = dict(zip(("ws", "stride", "pad"), inputs[self.n_tensors :], strict=False))
        ws, stride, pad = (
            given.get(name) if value is None else value
            for name, value in (("ws", ws), ("stride", stride), ("pad", pad))
        )
        if ws is None:
            raise ValueError("pooling: give the window size ws")
        stride = ws if stride is None else stride
        pad = (0,) * self.n_axes if pad is None else pad
        self._check_pad(ws, pad)
        tensors = [pt.as_tensor(tensor) for tensor in inputs[: self.n_tensors]]
        if any(tensor.type.ndim < self.n_axes for tensor in tensors):
            raise TypeError(f"pooling over {self.n_axes} axes: the input has fewer")
        if len({tensor.type.ndim for tensor in tensors}) > 1:
            types = ", ".join(str(tensor.type) for tensor in tensors)
            raise TypeError(f"pooling: the tensors need the same number of axes, not {types}")
        layout = [pt.as_tensor(vector) for vector in (ws, stride, pad)]
        for name, vector in zip(("ws", "stride", "pad"), layout, strict=True):
            if vector.type.ndim != 1 or vector.type.dtype not in int_dtypes:
                raise TypeError(f"pooling: {name} must be a vector of integers, not {vector.type}")
            if vector.type.shape[0] not in (None, self.n_axes):
                raise ValueError(
                    f"pooling: {name} has {vector.type.shape[0]} entries, give {self.n_axes}: one "
                    "for each axis"
                )
        layout = [pt.cast(vector, "int64") for vector in layout]
        return Apply(self, [*tensors, *layout], [self.output_type(tensors, layout)()])

    def _check_pad(self, ws, pad):
        if not isinstance(pad, (tuple, list)) or any(isinstance(zeros, Variable) for zeros in pad):
            return
        if max(pad) != 0 and not self.ignore_border:
            raise NotImplementedError("pooling: pad needs ignore_border=True")
        if isinstance(ws, (tuple, list)) and any(
            not isinstance(window, Variable) and zeros >= window
            for zeros, window in zip(pad, ws, strict=True)
        ):
            raise NotImplementedError("pooling: pad must be smaller than the window")

    def output_type(self, tensors, layout):
        return tensors[0].type

    def windows(self, lengths, layout):
        """The windows over axes of these lengths."""
        return Windows.over(lengths, layout, self.ignore_border)

    def connection_pattern(self, node):
        return [*[[True]] * self.n_tensors, *[[False]] * 3]

    def infer_shape(self, *args):
        return [args[-1][0]]

    def perform(self, node, inputs, output_storage):
        layout = [[int(number) for number in vector] for vector in inputs[self.n_tensors :]]
        if not self.ignore_border and any(layout[2]):
            raise ValueError("pooling: pad needs ignore_border=True")
        tensors = inputs[: self.n_tensors]
        windows = self.windows(tensors[0].shape[-self.n_axes :], layout)
        output_storage[0][0] = self.compute(np, windows, *tensors)

    def c_code_cache_version(self):
        return (3,)

    def c_code(self, node, name, inputs, outputs, sub):
        return c_code.c_code(self, node, inputs, outputs, sub)


class Pool(PoolOp):
    """``(x, ws, stride, pad) -> pooled``."""

    pooled_output = True

    @property
    def loop_body(self):
        return self.mode if self.mode in ("max", "sum") else "average"

    def output_type(self, tensors, layout):
        (x,) = tensors
        outer, lengths = x.type.shape[: -self.n_axes], x.type.shape[-self.n_axes :]
        pooled = [None] * self.n_axes
        if None not in lengths and all(isinstance(vector, Constant) for vector in layout):
            pooled = self.windows(lengths, [vector.data.tolist() for vector in layout]).output
        return TensorType(x.type.dtype, shape=(*outer, *pooled))

    def infer_shape(self, *args):
        node, shapes = args[-2:]
        ws, stride, pad = (
            [
                vector.data[axis] if isinstance(vector, Constant) else vector[axis]
                for axis in range(self.n_axes)
            ]
            for vector in node.inputs[1:]
        )
        return [tuple(pooled_shape(shapes[0], ws, stride, pad, self.ignore_border))]

    def compute(self, xp, windows, x):
        if self.mode == "max":
            lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
            return reduce(xp.maximum, windows.taps(xp, x, lowest))
        total = reduce(xp.add, windows.taps(xp, x, 0))
        if self.mode == "sum":
            return total
        return (total / windows.divisors(xp, self.mode)).astype(total.dtype)

    def pullback(self, inputs, outputs, cotangents):
        (x, *layout), (gradient,) = inputs, cotangents
        if self.mode == "max":
            op = self.relative(self.family.max_gradient)
            to_x = op(x, outputs[0], gradient, *layout)
        else:
            op = self.relative(self.family.average_gradient, self.mode)
            to_x = op(x, gradient, *layout)
        return [to_x, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        (x, *layout), tangent = inputs, tangents[0]
        if isinstance(tangent.type, DisconnectedType):
            return [disconnected_type()]
        if self.mode != "max":
            return [self(tangent, *layout)]
        return [self.relative(self.family.max_gather)(x, outputs[0], tangent, *layout)]


class MaxPoolGradient(PoolOp):
    """``(x, pooled, gradient at pooled, ws, stride, pad) -> gradient at x``."""

    pooled_inputs = (False, True, True)
    loop_body = "max_gradient"

    def __init__(self, ignore_border, n_axes=2):
        super().__init__(ignore_border, "max", n_axes)

    def compute(self, xp, windows, x, pooled, gradient):
        taps = windows.taps(xp, x, 0)
        return windows.scatter(xp, x, (xp.where(tap == pooled, gradient, 0) for tap in taps))

    def pullback(self, inputs, outputs, cotangents):
        x, pooled, _, *layout = inputs
        gather = self.relative(self.family.max_gather)
        to_gradient = gather(x, pooled, cotangents[0], *layout)
        zeros = [pt.zeros_like(x), pt.zeros_like(pooled)]
        return [*zeros, to_gradient, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        if isinstance(tangents[2].type, DisconnectedType):
            return [disconnected_type()]
        return [self(*inputs[:2], tangents[2], *inputs[3:])]


class AveragePoolGradient(PoolOp):
    """``(x, gradient at pooled, ws, stride, pad) -> gradient at x``, for sums and averages."""

    pooled_inputs = (False, True)

    def __init__(self, ignore_border, mode="average_inc_pad", n_axes=2):
        super().__init__(ignore_border, mode, n_axes)

    @property
    def loop_body(self):
        return "sum_gradient" if self.mode == "sum" else "average_gradient"

    def _check_pad(self, ws, pad):
        """Any pad: windows that lie in the zeros alone give nothing to an image."""

    def compute(self, xp, windows, x, gradient):
        if self.mode != "sum":
            gradient = (gradient / windows.divisors(xp, self.mode)).astype(gradient.dtype)
        return windows.scatter(xp, x, (gradient for _ in windows.places()))

    def pullback(self, inputs, outputs, cotangents):
        x, _, *layout = inputs
        to_gradient = self.relative(self.family.pool, self.mode)(cotangents[0], *layout)
        return [pt.zeros_like(x), to_gradient, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        if isinstance(tangents[1].type, DisconnectedType):
            return [disconnected_type()]
        return [self(inputs[0], tangents[1], *inputs[2:])]


class MaxPoolGather(PoolOp):
    """``(x, pooled, values like x, ws, stride, pad) -> their sum where x is the maximum``."""

    pooled_inputs = (False, True, False)
    pooled_output = True
    loop_body = "max_gather"

    def output_type(self, tensors, layout):
        return tensors[1].type

    def infer_shape(self, *args):
        return [args[-1][1]]

    def compute(self, xp, windows, x, pooled, values):
        pairs = zip(windows.taps(xp, x, 0), windows.taps(xp, values, 0), strict=True)
        return reduce(xp.add, (xp.where(tap == pooled, value, 0) for tap, value in pairs))

    def pullback(self, inputs, outputs, cotangents):
        x, pooled, _, *layout = inputs
        to_values = self.relative(self.family.max_gradient)(x, pooled, cotangents[0], *layout)
        zeros = [pt.zeros_like(x), pt.zeros_like(pooled)]
        return [*zeros, to_values, *(disconnected_type() for _ in layout)]

    def pushforward(self, inputs, outputs, tangents):
        if isinstance(tangents[2].type, DisconnectedType):
            return [disconnected_type()]
        return [self(*inputs[:2], tangents[2], *inputs[3:])]


PoolOp.family = Family(Pool, MaxPoolGradient, AveragePoolGradient, MaxPoolGather)
