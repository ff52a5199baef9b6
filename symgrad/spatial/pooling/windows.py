"""Windows over the last axes of an array, for NumPy and JAX alike."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable

__all__ = ["Windows", "count_windows", "pooled_shape"]


def count_windows(length: int, window: int, step: int, ignore_border: bool) -> int:
    """How many windows lie on an axis of a length that includes the padding.

    Numba compiles it, too.
    """
    if ignore_border:
        return max((length - window) // step + 1, 0)
    if step >= window:
        return (length - 1) // step + 1
    return max((length - 1 - window) // step + 1, 0) + 1


def pooled_shape(
    shape: Sequence, ws: Sequence, stride: Sequence, pad: Sequence, ignore_border: bool
) -> list:
    """The shape after pooling the last axes, from numbers or symbolic lengths."""
    outer = len(shape) - len(ws)
    pooled = []
    for length, window, step, zeros in zip(shape[outer:], ws, stride, pad, strict=True):
        length = int(length.data) if isinstance(length, Constant) else length
        whole = length + 2 * zeros
        if any(isinstance(number, Variable) for number in (whole, window, step)):
            pooled.append(_symbolic_count(whole, window, step, ignore_border))
        else:
            pooled.append(int(count_windows(whole, window, step, ignore_border)))
    return [*shape[:outer], *pooled]


def _symbolic_count(length, window, step, ignore_border):
    """`count_windows` as a variable."""
    if ignore_border:
        return pt.maximum((length - window) // step + 1, 0)
    overlapping = pt.maximum(0, (length - 1 - window) // step + 1) + 1
    return pt.switch(pt.ge(step, window), (length - 1) // step + 1, overlapping)


@dataclass(frozen=True)
class Windows:
    """Windows of lengths `size` on each axis, `stride` apart; the first begins at ``-pad``.

    There are `output` of them on the axes. `lengths` are those of the array.
    """

    lengths: tuple
    size: tuple
    stride: tuple
    pad: tuple
    output: tuple

    @classmethod
    def over(
        cls, lengths: Sequence[int], layout: Sequence[Sequence[int]], ignore_border: bool
    ) -> "Windows":
        """The windows over axes of these lengths; `layout` is their size, stride and pad."""
        size, stride, pad = layout
        output = pooled_shape(lengths, size, stride, pad, ignore_border)
        return cls(*map(tuple, (lengths, size, stride, pad, output)))

    def reach(self) -> list[int]:
        """The length of each axis with all that a window could touch."""
        return [
            max(length + 2 * pad, (count - 1) * step + window)
            for length, window, step, pad, count in zip(
                self.lengths, self.size, self.stride, self.pad, self.output, strict=True
            )
        ]

    def places(self) -> Iterator[tuple]:
        """For each entry of a window: where the windows have it."""
        for tap in np.ndindex(*self.size):
            yield (
                ...,
                *(
                    slice(entry, entry + (count - 1) * step + 1 if count else entry, step)
                    for entry, count, step in zip(tap, self.output, self.stride, strict=True)
                ),
            )

    def taps(self, xp, x, fill) -> list:
        """For each entry of a window: its value in all windows; outside of the array `fill`."""
        borders = [
            (pad, reach - length - pad)
            for pad, reach, length in zip(self.pad, self.reach(), self.lengths, strict=True)
        ]
        if any(map(any, borders)):
            kept = [(0, 0)] * (x.ndim - len(borders))
            x = xp.pad(x, [*kept, *borders], constant_values=fill)
        return [x[place] for place in self.places()]

    def scatter(self, xp, x, values: Iterable):
        """An array like x: the sum of what each entry of a window gives to its places."""
        outer = x.shape[: x.ndim - len(self.lengths)]
        total = xp.zeros((*outer, *self.reach()), x.dtype)
        for place, value in zip(self.places(), values, strict=True):
            if xp is np:
                total[place] += value
            else:
                total = total.at[place].add(value)
        inner = [
            slice(pad, pad + length) for pad, length in zip(self.pad, self.lengths, strict=True)
        ]
        return total[(..., *inner)]

    def divisors(self, xp, mode: str):
        """What the sum of each window is divided by in an average."""
        if mode == "average_inc_pad" and any(self.pad):
            return prod(self.size)
        per_axis = []
        for axis, (length, window, step, pad, count) in enumerate(
            zip(self.lengths, self.size, self.stride, self.pad, self.output, strict=True)
        ):
            start = np.arange(count) * step - pad
            entries = np.minimum(start + window, length) - np.maximum(start, 0)
            per_axis.append(entries.reshape(-1, *[1] * (len(self.output) - axis - 1)))
        return xp.asarray(prod(per_axis[1:], start=per_axis[0]))
