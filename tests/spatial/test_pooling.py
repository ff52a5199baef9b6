"""Pooling: windows anywhere, also in the padding and on images without entries."""

import itertools

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode
from pytensor.gradient import pushforward

from symgrad.spatial.pooling.ops import MaxPoolGradient, Pool
from symgrad.spatial.pooling.windows import pooled_shape

MODE = Mode("py", "fast_compile")
LENGTHS = st.integers(1, 3)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pooling_is_what_the_windows_say(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    mode = data.draw(st.sampled_from(["max", "sum", "average_exc_pad"]))
    ignore_border = data.draw(st.booleans())
    size, step = ([data.draw(LENGTHS) for _ in range(2)] for _ in range(2))
    pad = [data.draw(st.integers(0, window - 1)) if ignore_border else 0 for window in size]
    x = rng.integers(-3, 3, (2, *(data.draw(st.integers(4, 7)) for _ in range(2)))).astype(float)
    value = Pool(ignore_border, mode)(pt.as_tensor(x), size, step, pad).eval(mode=MODE)
    reduce = {"max": np.max, "sum": np.sum, "average_exc_pad": np.mean}[mode]
    for place in itertools.product(*map(range, value.shape[1:])):
        window = [
            slice(max(i * apart - zeros, 0), max(i * apart - zeros + length, 0))
            for i, apart, zeros, length in zip(place, step, pad, size, strict=True)
        ]
        expected = reduce(x[(slice(None), *window)], axis=(1, 2))
        np.testing.assert_allclose(value[(slice(None), *place)], expected)
    assert list(value.shape) == pooled_shape(x.shape, size, step, pad, ignore_border)


LAYOUTS = [
    # image, window, stride, pad
    ((2, 4, 5), (2, 3), (1, 2), (1, 2)),
    ((2, 1, 1), (3, 3), (2, 2), (1, 1)),
    ((2, 2, 3), (2, 2), (2, 2), (2, 3)),  # windows in the padding alone
    ((2, 0, 3), (2, 2), (1, 1), (1, 1)),  # an image without entries
    ((2, 3, 0), (3, 2), (1, 2), (1, 1)),
    ((0, 3, 3), (2, 2), (1, 1), (1, 1)),
]


@pytest.mark.parametrize("linker", ["cvm", "numba"])
@pytest.mark.parametrize(
    ("mode", "ignore_border"), [("max", True), ("max", False), ("average_inc_pad", True)]
)
def test_all_windows_are_the_same_in_python_and_compiled(mode, ignore_border, linker):
    x, top = pt.dtensor3("x"), pt.dtensor3("top")
    layout = [pt.lvector(name) for name in ("ws", "stride", "pad")]
    pooled = Pool(ignore_border, mode)(x, *layout)
    outputs = [pooled, *pytensor.grad(None, [x], known_grads={pooled: top})]
    in_python, compiled = (
        pytensor.function([x, top, *layout], outputs, mode=Mode(name, None))
        for name in ("py", linker)
    )
    rng = np.random.default_rng(0)
    for shape, size, step, pad in LAYOUTS:
        pad = pad if ignore_border else (0, 0)
        image = rng.integers(-9, -1, shape).astype(float)
        gradient = rng.normal(size=pooled_shape(shape, size, step, pad, ignore_border))
        expected = in_python(image, gradient, size, step, pad)
        for value, wanted in zip(compiled(image, gradient, size, step, pad), expected, strict=True):
            np.testing.assert_allclose(value, wanted, err_msg=f"{shape} {size} {step} {pad}")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: Pool(True)(x, (2, 2), (1, 1)),
        lambda x: Pool(True, "average_exc_pad")(x, (2, 3), pad=(1, 1)),
    ],
)
def test_pushforwards_agree_with_pullbacks(function):
    rng = np.random.default_rng(1)
    x, tangent, top = pt.dmatrix("x"), pt.dmatrix("tangent"), pt.dmatrix("top")
    pooled = function(x)
    forward = (pushforward(pooled, x, tangent) * top).sum()
    backward = (pytensor.grad((pooled * top).sum(), x) * tangent).sum()
    image = rng.normal(size=(4, 5))
    shape = pooled.eval({x: image}, mode=MODE).shape
    f = pytensor.function([x, tangent, top], [forward, backward], mode=MODE)
    of_pushforward, of_pullback = f(image, rng.normal(size=(4, 5)), rng.normal(size=shape))
    np.testing.assert_allclose(of_pushforward, of_pullback)


@pytest.mark.parametrize(
    ("error", "build"),
    [
        (ValueError, lambda x: Pool(True, "min")(x, (2, 2))),
        (ValueError, lambda x: Pool(True)(x)),
        (ValueError, lambda x: Pool(True)(x, (2, 2, 2))),
        (NotImplementedError, lambda x: Pool(False)(x, (2, 2), pad=(1, 1))),
        (NotImplementedError, lambda x: Pool(True)(x, (2, 2), pad=(2, 0))),
        (TypeError, lambda x: Pool(True)(x, (2.0, 2.0))),
        (TypeError, lambda x: Pool(True)(x[0], (2, 2))),
        (TypeError, lambda x: MaxPoolGradient(True)(x, x[None], x[None], (2, 2))),
    ],
)
def test_errors(error, build):
    with pytest.raises(error):
        build(pt.dmatrix("x"))


def test_gradients_of_mixed_dtypes_are_not_read_as_others():
    """C reads all tensors as the first dtype, so that it must leave these to NumPy."""
    x, top = pt.fmatrix("x"), pt.dmatrix("top")
    pooled = Pool(True)(x, (2, 2))
    gradient = MaxPoolGradient(True)(x, pooled, top, (2, 2))
    f = pytensor.function([x, top], gradient, mode=Mode("cvm", None))
    image = np.arange(4, dtype="float32").reshape(2, 2)
    assert f(image, np.array([[5.0]])).tolist() == [[0, 0], [0, 5]]
