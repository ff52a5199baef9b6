"""Windows over the last axes of an array, for NumPy and JAX alike."""

from dataclasses import dataclass
from math import prod

import numpy as np

__all__ = ["Windows"]


@dataclass(frozen=True)
class Windows:
    """`out` windows of lengths `size` on each axis, `stride` apart, the first `pad` outside."""

    lengths: tuple
    size: tuple
    stride: tuple
    pad: tuple
    out: tuple

    @classmethod
    def over(cls, lengths, size, stride, pad, ignore_border):
        """The windows that pooling looks at."""
        from symgrad.theano.tensor.signal.pool_ops import _out_length

        out = tuple(
            _out_length(length + 2 * p, window, step, ignore_border)
            for length, window, step, p in zip(lengths, size, stride, pad, strict=True)
        )
        return cls(*map(tuple, (lengths, size, stride, pad)), out)

    def reach(self):
        """The length of each axis with all that a window could touch."""
        return [
            max(length + 2 * p, (out - 1) * step + window)
            for length, window, step, p, out in zip(
                self.lengths, self.size, self.stride, self.pad, self.out, strict=True
            )
        ]

    def places(self):
        """For each entry of a window: where the windows have it."""
        for tap in np.ndindex(*self.size):
            yield (
                ...,
                *(
                    slice(at, at + (out - 1) * step + 1 if out else at, step)
                    for at, out, step in zip(tap, self.out, self.stride, strict=True)
                ),
            )

    def taps(self, xp, x, fill):
        """For each entry of a window: its value in all windows; outside the array `fill`."""
        borders = [
            (p, whole - length - p)
            for p, whole, length in zip(self.pad, self.reach(), self.lengths, strict=True)
        ]
        if any(map(any, borders)):
            kept = [(0, 0)] * (x.ndim - len(borders))
            x = xp.pad(x, [*kept, *borders], constant_values=fill)
        return [x[places] for places in self.places()]

    def scatter(self, xp, x, values):
        """An array like x: the sum of what each entry of a window gives to its places."""
        outer = x.shape[: x.ndim - len(self.lengths)]
        total = xp.zeros((*outer, *self.reach()), x.dtype)
        for places, value in zip(self.places(), values, strict=True):
            if xp is np:
                total[places] += value
            else:
                total = total.at[places].add(value)
        inner = [slice(p, p + n) for p, n in zip(self.pad, self.lengths, strict=True)]
        return total[(..., *inner)]

    def counts(self, xp, mode):
        """By what each window is divided in an average."""
        if mode == "average_inc_pad" and any(self.pad):
            return prod(self.size)
        per_axis = []
        for axis, (n, window, step, p, out) in enumerate(
            zip(self.lengths, self.size, self.stride, self.pad, self.out, strict=True)
        ):
            start = np.arange(out) * step - p
            read = np.minimum(start + window, n) - np.maximum(start, 0)
            per_axis.append(read.reshape(-1, *[1] * (len(self.out) - axis - 1)))
        return xp.asarray(prod(per_axis[1:], start=per_axis[0]))
