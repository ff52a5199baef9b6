"""Convolutions and their gradients, against SciPy and finite differences."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode
from pytensor.gradient import pushforward, verify_grad

from symgrad.spatial.convolution.ops import Convolution, ImageGradient, KernelGradient
from symgrad.spatial.convolution.shapes import (
    are_consistent,
    infer_image_shape,
    infer_kernel_shape,
    infer_output_shape,
)

MODE = Mode("py", "fast_compile")
LENGTHS = st.integers(1, 3)


def _valid(image, kernel):
    """The convolution of one image with one kernel, summed over the channels."""
    channels = zip(image, kernel, strict=True)
    return sum(scipy.signal.convolve2d(*channel, "valid") for channel in channels)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_is_a_sum_of_scipy_convolutions(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    batch, channels, outputs = (data.draw(LENGTHS) for _ in range(3))
    kernel = [data.draw(LENGTHS) for _ in range(2)]
    image = [data.draw(st.integers(5, 9)) for _ in range(2)]
    step = tuple(data.draw(LENGTHS) for _ in range(2))
    apart = tuple(data.draw(st.integers(1, 2)) for _ in range(2))
    pads = tuple((data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))) for _ in range(2))
    x = rng.normal(size=(batch, channels, *image))
    w = rng.normal(size=(outputs, channels, *kernel))
    dilated = [(length - 1) * each + 1 for length, each in zip(kernel, apart, strict=True)]
    wide = np.zeros((outputs, channels, *dilated))
    wide[:, :, :: apart[0], :: apart[1]] = w
    padded = np.pad(x, ((0, 0), (0, 0), *pads))
    expected = np.array([[_valid(image, kernel) for kernel in wide] for image in padded])
    op = Convolution(2, border_mode=pads, subsample=step, filter_dilation=apart)
    value = op(pt.as_tensor(x), pt.as_tensor(w)).eval(mode=MODE)
    np.testing.assert_allclose(value, expected[:, :, :: step[0], :: step[1]], atol=1e-12)
    assert value.shape == infer_output_shape(x.shape, w.shape, pads, step, apart)
    assert are_consistent(x.shape, w.shape, value.shape, pads, step, apart)
    if step == (1, 1):
        assert infer_kernel_shape(x.shape, value.shape, pads, step, apart) == w.shape
        assert infer_image_shape(w.shape, value.shape, pads, step, apart) == x.shape


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        (
            Convolution(2, border_mode="half", subsample=(2, 1), num_groups=2),
            (2, 4, 3, 4),
            (4, 2, 2, 2),
        ),
        (lambda w, top: ImageGradient(2)(w, top, (4, 5)), (4, 1, 2, 2), (2, 4, 3, 4)),
        (lambda x, top: KernelGradient(2)(x, top, (1, 2)), (2, 4, 3, 4), (2, 3, 3, 3)),
    ],
)
def test_gradients_agree_with_differences(function, first, second):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=first), rng.normal(size=second)]
    verify_grad(function, values, rng=rng, mode=MODE)


def test_pushforward_agrees_with_pullback():
    rng = np.random.default_rng(1)
    x, tangent, top = pt.dtensor4("x"), pt.dtensor4("tangent"), pt.dtensor4("top")
    output = Convolution(2)(x, x[:, :, :2, :2])
    forward = (pushforward(output, x, tangent) * top).sum()
    backward = (pytensor.grad((output * top).sum(), x) * tangent).sum()
    f = pytensor.function([x, tangent, top], [forward, backward], mode=MODE)
    image = (2, 2, 4, 5)
    of_pushforward, of_pullback = f(
        rng.normal(size=image), rng.normal(size=image), rng.normal(size=(2, 2, 3, 4))
    )
    np.testing.assert_allclose(of_pushforward, of_pullback)


@pytest.mark.parametrize(
    ("error", "build"),
    [
        (ValueError, lambda x: Convolution(4)(x, x)),
        (ValueError, lambda x: Convolution(2, border_mode="same")(x, x)),
        (ValueError, lambda x: Convolution(2, subsample=(1, 1, 1))(x, x)),
        (ValueError, lambda x: Convolution(2, num_groups=0)(x, x)),
        (ValueError, lambda x: Convolution(2, image_shape=(x.shape[0], 1, 1, 1))(x, x)),
        (NotImplementedError, lambda x: Convolution(3, unshared=True)(x, x)),
        (NotImplementedError, lambda x: Convolution(3, border_mode=((1, 2), 0, 0))(x, x)),
        (TypeError, lambda x: Convolution(2)(x, x[0])),
        (TypeError, lambda x: Convolution(3)(x, x)),
    ],
)
def test_errors(error, build):
    with pytest.raises(error):
        build(pt.dtensor4("x"))
