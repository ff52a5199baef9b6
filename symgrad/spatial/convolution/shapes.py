"""Shapes of convolutions, from numbers or symbolic integers; an unknown length is None."""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = [
    "BorderMode",
    "are_consistent",
    "border_pads",
    "infer_image_length",
    "infer_image_shape",
    "infer_kernel_length",
    "infer_kernel_shape",
    "infer_output_length",
    "infer_output_shape",
]

# 'valid', 'half', 'full', a number of zeros, or a tuple of numbers and pairs of numbers.
BorderMode = str | int | tuple


def border_pads(
    border_mode: BorderMode, n_axes: int, kernel_lengths: Sequence
) -> tuple[tuple, ...]:
    """Count the zeros before and after each axis, for the lengths of the dilated kernel."""
    if isinstance(border_mode, (int, np.integer)):
        border_mode = (int(border_mode),) * n_axes
    if not isinstance(border_mode, tuple):
        return tuple(_axis_pads(border_mode, length) for length in kernel_lengths[:n_axes])
    if len(border_mode) != n_axes:
        raise ValueError(f"border_mode is {border_mode}: give one entry for each of {n_axes} axes")
    return tuple(
        _axis_pads(mode, length) for mode, length in zip(border_mode, kernel_lengths, strict=False)
    )


def _axis_pads(mode, kernel_length):
    """The zeros before and after one axis, along which the dilated kernel has this length."""
    if isinstance(mode, str):
        if mode not in ("valid", "half", "full"):
            raise ValueError(
                f"border_mode is {mode!r}: give 'valid', 'half', 'full', an integer or a tuple"
            )
        pad = {"valid": 0, "half": kernel_length // 2, "full": kernel_length - 1}[mode]
        return pad, pad
    before, after = mode if isinstance(mode, tuple) else (mode, mode)
    if before < 0 or after < 0:
        raise ValueError(f"border_mode is {mode}: give a number of zeros, 0 or more")
    return before, after


def _for_each_axis(
    infer_length: Callable, first, second, border_mode, subsample, filter_dilation
) -> tuple:
    dilation = (1,) * len(subsample) if filter_dilation is None else filter_dilation
    modes = border_mode if isinstance(border_mode, tuple) else (border_mode,) * len(subsample)
    return tuple(
        infer_length(*axis) for axis in zip(first, second, modes, subsample, dilation, strict=False)
    )


def _unknown(*values):
    return any(value is None for value in values)


def infer_output_shape(
    image_shape: Sequence,
    kernel_shape: Sequence,
    border_mode: BorderMode,
    subsample: Sequence[int],
    filter_dilation: Sequence[int] | None = None,
) -> tuple:
    """Shape of the output of a convolution.

    Parameters
    ----------
    image_shape : tuple (batch, channels, *lengths), of integers, scalar variables or None
    kernel_shape : tuple (outputs, ..., *lengths)
    border_mode : str, int, or tuple of integers and pairs of integers
    subsample, filter_dilation : tuple of int

    Returns
    -------
    tuple (batch, outputs, *lengths)

    Examples
    --------
    >>> from symgrad.spatial.convolution.shapes import infer_output_shape
    >>> infer_output_shape((8, 1, 28, None), (20, 1, 5, 5), "valid", (2, 1))
    (8, 20, 12, None)
    """
    lengths = image_shape[2:]
    output_lengths = _for_each_axis(
        infer_output_length,
        lengths,
        kernel_shape[-len(lengths) :],
        border_mode,
        subsample,
        filter_dilation,
    )
    return (image_shape[0], kernel_shape[0], *output_lengths)


def infer_output_length(image_length, kernel_length, border_mode, subsample, dilation=1):
    """Length of the output along one axis."""
    if any(
        given is None for given in (image_length, kernel_length, border_mode, subsample, dilation)
    ):
        return None
    length = (kernel_length - 1) * dilation + 1
    before, after = _axis_pads(border_mode, length)
    return (image_length + before + after - length) // subsample + 1


def infer_kernel_shape(
    image_shape: Sequence,
    output_shape: Sequence,
    border_mode: BorderMode,
    subsample: Sequence[int],
    filter_dilation: Sequence[int] | None = None,
    num_groups: int = 1,
    unshared: bool = False,
) -> tuple:
    """Shape of the kernel. An axis that is subsampled does not tell its length, which is None."""
    lengths = _for_each_axis(
        infer_kernel_length,
        image_shape[2:],
        output_shape[2:],
        border_mode,
        subsample,
        filter_dilation,
    )
    outputs = output_shape[1] // num_groups if num_groups > 1 else output_shape[1]
    return (outputs, *(output_shape[2:] if unshared else ()), image_shape[1], *lengths)


def infer_kernel_length(image_length, output_length, border_mode, subsample, dilation):
    """Length of the kernel along one axis; None if it is not determined."""
    if any(
        given is None for given in (image_length, output_length, border_mode, subsample, dilation)
    ):
        return None
    if subsample != 1 or border_mode == "half":
        return None
    if border_mode == "full":
        length = output_length - image_length
    else:
        before, after = _axis_pads(border_mode, None) if border_mode != "valid" else (0, 0)
        length = image_length + before + after - output_length
    return (length // dilation if dilation > 1 else length) + 1


def infer_image_shape(
    kernel_shape: Sequence,
    output_shape: Sequence,
    border_mode: BorderMode,
    subsample: Sequence[int],
    filter_dilation: Sequence[int] | None = None,
    num_groups: int = 1,
) -> tuple:
    """Shape of the image. An axis that is subsampled does not tell its length, which is None."""
    output_lengths = output_shape[2:]
    lengths = _for_each_axis(
        infer_image_length,
        kernel_shape[-len(output_lengths) :],
        output_lengths,
        border_mode,
        subsample,
        filter_dilation,
    )
    channels = kernel_shape[1] * num_groups if num_groups > 1 else kernel_shape[1]
    return (output_shape[0], channels, *lengths)


def infer_image_length(kernel_length, output_length, border_mode, subsample, dilation):
    """Length of the image along one axis; None if it is not determined."""
    if any(
        given is None for given in (kernel_length, output_length, border_mode, subsample, dilation)
    ):
        return None
    if subsample != 1:
        return None
    length = (kernel_length - 1) * dilation + 1
    before, after = _axis_pads(border_mode, length)
    return output_length + length - 1 - before - after


def are_consistent(
    image_shape: Sequence,
    kernel_shape: Sequence,
    output_shape: Sequence,
    border_mode: BorderMode,
    subsample: Sequence[int],
    filter_dilation: Sequence[int] | None = None,
) -> bool:
    """Whether the known lengths of three shapes belong to one convolution."""
    shapes = [tuple(shape) for shape in (image_shape, kernel_shape, output_shape)]
    if len({len(shape) for shape in shapes}) > 1:
        return False
    image_shape, kernel_shape, output_shape = shapes
    inferred = infer_output_shape(
        image_shape, kernel_shape, border_mode, subsample, filter_dilation
    )
    return all(
        length is None or given is None or int(length) == int(given)
        for length, given in zip(inferred, output_shape, strict=True)
    )
