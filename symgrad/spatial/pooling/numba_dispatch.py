"""Pooling and its gradients in Numba: a loop over the windows, written for each Op."""

from hashlib import sha256

import numpy as np
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key

from symgrad.spatial.pooling.ops import PoolOp
from symgrad.spatial.pooling.windows import count_windows

_VERSION = 2

# What is done with a window: before its entries, for each of them, and after them. `x`, `y` and
# `v` are the inputs and `z` is the output; `at` is the place of the window and `k` that of an
# entry in it.
BODIES = {
    "max": (
        "most = x[t, lo0, lo1, lo2] if hi0 > lo0 and hi1 > lo1 and hi2 > lo2 else lowest",
        "most = max(most, x[k])",
        "z[at] = most",
    ),
    "sum": ("total = zero", "total += x[k]", "z[at] = total"),
    "average": ("total = zero", "total += x[k]", "z[at] = total / count"),
    "max_gradient": ("top = y[at]", "z[k] += v[at] if x[k] == top else zero", "pass"),
    "sum_gradient": ("part = y[at]", "z[k] += part", "pass"),
    "average_gradient": ("part = y[at] / count", "z[k] += part", "pass"),
    "max_gather": ("total = zero", "total += v[k] if x[k] == y[at] else zero", "z[at] = total"),
}


@register_funcify_and_cache_key(PoolOp)
def numba_funcify_pool(op, node, **kwargs):
    """The loop, and the key of its compiled form on disk."""
    source = _source(op, node)
    key = sha256(repr((_VERSION, source)).encode()).hexdigest()
    function = compile_numba_function_src(
        source,
        "pool",
        {"np": np, "count_windows": numba_njit(count_windows)},
        write_to_disk=True,
        cache_key=key,
    )
    return numba_njit(function), key


def _source(op, node):
    """The loop as the source of a Python function, over three axes of which some have length 1."""
    before, each, after = BODIES[op.loop_body]
    ndim, first = node.inputs[0].type.ndim, 3 - op.n_axes
    tensors = list(zip("xyv", op.pooled_inputs, strict=False))
    outer = [f"x0.shape[{axis}]" for axis in range(ndim - op.n_axes)]
    lines = [f"def pool({', '.join(f'{name}0' for name, _ in tensors)}, ws, stride, pad):"]
    for axis in range(3):
        position = axis - first
        length = f"x0.shape[{ndim - op.n_axes + position}]" if position >= 0 else "1"
        lines.append(f"    n{axis} = {length}")
        for name, vector, alone in (("w", "ws", 1), ("s", "stride", 1), ("p", "pad", 0)):
            value = f"{vector}[{position}]" if position >= 0 else alone
            lines.append(f"    {name}{axis} = {value}")
        layout = f"n{axis} + 2 * p{axis}, w{axis}, s{axis}, {op.ignore_border}"
        lines.append(f"    m{axis} = count_windows({layout})")
    if not op.ignore_border:
        lines += ["    if p0 or p1 or p2:", "        raise ValueError('pad needs ignore_border')"]
    lines.append(f"    outer = {' * '.join(outer) or '1'}")
    for name, pooled in tensors:
        letter = "m" if pooled else "n"
        shape = f"outer, {letter}0, {letter}1, {letter}2"
        lines.append(f"    {name} = np.ascontiguousarray({name}0).reshape(({shape}))")
    letter = "m" if op.pooled_output else "n"
    result = ", ".join([*outer, *(f"{letter}{axis}" for axis in range(first, 3))])
    lines += [
        f"    z = np.zeros((outer, {letter}0, {letter}1, {letter}2), x.dtype)",
        "    zero = x.dtype.type(0)",
        f"    lowest = x.dtype.type({_lowest(node.inputs[0].type.dtype)})",
        "    for t in range(outer):",
    ]
    indent = "    " * 2
    for axis in range(3):
        lines.append(f"{indent}for i{axis} in range(m{axis}):")
        indent += "    "
        lines.append(f"{indent}lo{axis} = max(i{axis} * s{axis} - p{axis}, 0)")
        reach = f"i{axis} * s{axis} - p{axis} + w{axis}"
        lines.append(f"{indent}hi{axis} = min({reach}, n{axis})")
    counts_pad = op.mode == "average_inc_pad" and op.ignore_border
    count = "w0 * w1 * w2" if counts_pad else "(hi0 - lo0) * (hi1 - lo1) * (hi2 - lo2)"
    lines += [f"{indent}count = x.dtype.type({count})", f"{indent}{before}"]
    inner = indent
    for letter, axis in zip("abc", range(3), strict=True):
        lines.append(f"{inner}for {letter} in range(lo{axis}, hi{axis}):")
        inner += "    "
    lines += [f"{inner}{each}", f"{indent}{after}", f"    return z.reshape(({result},))"]
    return "\n".join(lines).replace("[at]", "[t, i0, i1, i2]").replace("[k]", "[t, a, b, c]")


def _lowest(dtype):
    """Source of the least number of a dtype."""
    return "-np.inf" if np.dtype(dtype).kind == "f" else str(np.iinfo(dtype).min)
