"""symgrad.theano.tensor.nnet and .signal against values recorded from Theano 1.0.5."""

import importlib.util
import itertools
import pathlib
import types
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode
from pytensor.gradient import pushforward, verify_grad

import symgrad as sg
import symgrad.theano.tensor.signal as signal
from symgrad.theano.tensor import nnet
from symgrad.theano.tensor.nnet import abstract_conv, blocksparse, bn, conv, conv3d2d, neighbours
from symgrad.theano.tensor.signal import downsample, pool

HERE = pathlib.Path(__file__).parents[1] / "reference"


def load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases = load("theano_nnet_cases")
RECORDED = dict(np.load(HERE / "theano_nnet.npz"))
MODE = Mode("py", "fast_compile")
RTOL = {"float32": 2e-4, "float64": 1e-8}

namespace = types.SimpleNamespace(
    nnet=nnet,
    bn=bn,
    conv=conv,
    conv3d2d=conv3d2d,
    abstract_conv=abstract_conv,
    blocksparse=blocksparse,
    neighbours=neighbours,
    signal=signal,
)


def free(name, value):
    return pt.tensor(name, dtype=value.dtype, shape=(None,) * value.ndim)


def static(name, value):
    return pt.tensor(name, dtype=value.dtype, shape=value.shape)


def compute(name, dtype, compiled, variable=free):
    with pytensor.config.change_flags(floatX=dtype):
        inputs, wanted = cases.results(name, dtype, pt, variable, pytensor.grad, namespace)
        function = compiled(inputs, wanted)
        return function(*(cases.inputs_of(name, dtype)[one.name] for one in inputs))


def check(name, dtype, found):
    for at, value in enumerate(found):
        key = f"{name}|{dtype}|{at}"
        expected = RECORDED[key]
        assert value.shape == expected.shape, key
        assert value.dtype == expected.dtype, key
        scale = np.abs(expected).max(initial=0)
        np.testing.assert_allclose(value, expected, RTOL[dtype], RTOL[dtype] * scale, err_msg=key)


def in_python(inputs, outputs):
    return pytensor.function(inputs, outputs, mode=MODE, on_unused_input="ignore")


def stabilised(inputs, outputs):
    return pytensor.function(inputs, outputs, mode=Mode("py", "fast_run"))


def each_case():
    """All cases, of which the many layouts in float32 take long."""
    for name, dtype in itertools.product(cases.CASES, cases.DTYPES):
        slow = dtype == "float32" and name.startswith(("conv", "pool_2d", "images2neibs"))
        yield pytest.param(name, dtype, marks=pytest.mark.slow if slow else ())


@pytest.mark.parametrize(("name", "dtype"), list(each_case()))
def test_values_and_gradients_are_those_of_theano(name, dtype):
    # Theano's log(1 - sigmoid(x)) is exact only by a rewrite, as PyTensor's.
    compiled = stabilised if name == "binary_crossentropy of a sigmoid" else in_python
    check(name, dtype, compute(name, dtype, compiled))


# A share of the cases on the compiled backends.
COMPILED = [
    "categorical_crossentropy of a softmax",
    "conv2d subsampled half",
    "conv2d unshared",
    "conv3d groups",
    "pool_2d max padded",
    "pool_2d average_inc_pad strided with the border",
]


def on(backend):
    return lambda *args: sg.function(*args, backend=backend, on_unused_input="ignore")


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_backends_give_the_same(name, backend):
    if backend == "numba" and name in (COMPILED[0], COMPILED[-1]):
        pytest.skip("Numba compiles what is not of this module for seconds")
    check(name, "float32", compute(name, "float32", on(backend), static))


# Each layout is C code of its own, which takes long to compile.
LAYOUTS = [name for name in cases.CASES if name.startswith(("conv", "pool"))]


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS[::4])
def test_more_layouts_in_c(name):
    check(name, "float32", compute(name, "float32", on("c")))


LENGTHS = st.integers(1, 3)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_conv2d_is_a_sum_of_scipy_convolutions(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    n, c, o = (data.draw(LENGTHS) for _ in range(3))
    kernel = [data.draw(LENGTHS) for _ in range(2)]
    image = [data.draw(st.integers(5, 9)) for _ in range(2)]
    step = tuple(data.draw(LENGTHS) for _ in range(2))
    apart = tuple(data.draw(st.integers(1, 2)) for _ in range(2))
    pads = tuple((data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))) for _ in range(2))
    x, w = rng.normal(size=(n, c, *image)), rng.normal(size=(o, c, *kernel))
    wide = np.zeros((o, c, *((k - 1) * d + 1 for k, d in zip(kernel, apart, strict=True))))
    wide[:, :, :: apart[0], :: apart[1]] = w
    padded = np.pad(x, ((0, 0), (0, 0), *pads))
    expected = [
        [
            sum(scipy.signal.convolve2d(a, b, "valid") for a, b in zip(im, ker, strict=True))
            for ker in wide
        ]
        for im in padded
    ]
    out = nnet.conv2d(
        x, w, border_mode=pads, subsample=step, filter_dilation=apart, input_shape=(n, c, *image)
    )
    found = in_python([], out)()
    np.testing.assert_allclose(found, np.array(expected)[:, :, :: step[0], :: step[1]], atol=1e-12)
    assert tuple(found.shape) == abstract_conv.get_conv_output_shape(
        x.shape, w.shape, pads, step, apart
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pooling_is_what_the_windows_say(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    mode = data.draw(st.sampled_from(["max", "sum", "average_exc_pad"]))
    border = data.draw(st.booleans())
    size, step = ([data.draw(LENGTHS) for _ in range(2)] for _ in range(2))
    pad = [0 if border else data.draw(st.integers(0, one - 1)) for one in size]
    x = rng.integers(-3, 3, (2, *(data.draw(st.integers(4, 7)) for _ in range(2)))).astype(float)
    out = pool.pool_2d(pt.as_tensor(x), size, not border, step, pad, mode)
    found = in_python([], out)()
    take = {"max": np.max, "sum": np.sum, "average_exc_pad": np.mean}[mode]
    for place in itertools.product(*map(range, found.shape[1:])):
        places = [
            slice(max(i * s - p, 0), max(i * s - p + w, 0))
            for i, s, p, w in zip(place, step, pad, size, strict=True)
        ]
        np.testing.assert_allclose(
            found[(slice(None), *place)], take(x[(slice(None), *places)], axis=(1, 2))
        )
    assert list(found.shape) == pool.Pool.out_shape(x.shape, size, not border, step, pad)


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        (
            lambda x, w: nnet.conv2d(x, w, border_mode="half", subsample=(2, 1), num_groups=2),
            (2, 4, 3, 4),
            (4, 2, 2, 2),
        ),
        (
            lambda t, w: abstract_conv.conv2d_grad_wrt_inputs(t, w, (None, None, 4, 5)),
            (2, 4, 3, 4),
            (4, 1, 2, 2),
        ),
        (
            lambda x, t: abstract_conv.conv2d_grad_wrt_weights(x, t, (None, None, 1, 2)),
            (2, 4, 3, 4),
            (2, 3, 3, 3),
        ),
    ],
)
def test_gradients_agree_with_differences(function, first, second):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=first), rng.normal(size=second)]
    verify_grad(function, values, rng=rng, mode=MODE)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: pool.pool_2d(x, (2, 2), True, (1, 1)),
        lambda x: pool.pool_2d(x, (2, 3), True, mode="average_exc_pad", pad=(1, 1)),
        lambda x: nnet.conv2d(x, x[:, :, :2, :2]),
    ],
)
def test_pushforwards_agree_with_pullbacks(function):
    rng = np.random.default_rng(1)
    x, tangent, top = pt.dtensor4("x"), pt.dtensor4("tangent"), pt.dtensor4("top")
    out = function(x)
    forward = (pushforward(out, x, tangent) * top).sum()
    backward = (pytensor.grad((out * top).sum(), x) * tangent).sum()
    value = rng.normal(size=(2, 2, 4, 5))
    shape = in_python([x], out)(value).shape
    a, b = in_python([x, tangent, top], [forward, backward])(
        value, rng.normal(size=value.shape), rng.normal(size=shape)
    )
    np.testing.assert_allclose(a, b)


def test_old_words():
    x = pt.dtensor4("x")
    value = np.random.default_rng(0).normal(size=(2, 3, 5, 6))
    new = pool.pool_2d(x, (2, 3), True, (1, 2), (1, 1), "sum")
    with pytest.warns(UserWarning, match="old name"):
        old = pool.pool_2d(x, ds=(2, 3), ignore_border=True, st=(1, 2), padding=(1, 1), mode="sum")
    older = downsample.max_pool_2d(x, (2, 3), True, (1, 2), (1, 1), "sum")
    for one in in_python([x], [old, older])(value):
        np.testing.assert_array_equal(one, in_python([x], new)(value))
    with pytest.warns(UserWarning, match="ignore_border"):
        pool.pool_2d(x, (2, 2))
    with pytest.warns(UserWarning, match="image_shape"):
        nnet.conv2d(x, np.ones((1, 3, 2, 2)), image_shape=(2, 3, 5, 6))
    with pytest.warns(UserWarning, match="unroll_batch"):
        nnet.conv2d(x, np.ones((1, 3, 2, 2)), unroll_batch=2)
    conv.conv2d(x, np.ones((1, 3, 2, 2)), unroll_kern=2, version=-1)


@pytest.mark.parametrize(
    ("error", "build"),
    [
        (ValueError, lambda x: nnet.conv2d(x, x, border_mode="same")),
        (ValueError, lambda x: nnet.conv2d(x, x, border_mode=-1)),
        (ValueError, lambda x: nnet.conv2d(x, x, border_mode=(1, 2, 3))),
        (ValueError, lambda x: nnet.conv2d(x, x, subsample=(1, 1, 1))),
        (ValueError, lambda x: nnet.conv2d(x, x, input_shape=(x.shape[0], 1, 1, 1))),
        (ValueError, lambda x: nnet.conv2d(x, x, num_groups=0)),
        (ValueError, lambda x: nnet.conv2d(x, x, kshp_logical=(1, 1))),
        (TypeError, lambda x: nnet.conv2d(x, x[0])),
        (NotImplementedError, lambda x: conv.conv2d(x, x, imshp_logical=(1, 1))),
        (ValueError, lambda x: abstract_conv.bilinear_upsampling(x)),
        (ValueError, lambda x: pool.pool_2d(x, ignore_border=True)),
        (ValueError, lambda x: pool.pool_2d(x, (2, 2), True, mode="min")),
        (ValueError, lambda x: pool.pool_2d(x, (2, 2), True, ds=(2, 2))),
        (NotImplementedError, lambda x: pool.pool_2d(x, (2, 2), False, pad=(1, 1))),
        (NotImplementedError, lambda x: pool.pool_2d(x, (2, 2), True, pad=(2, 0))),
        (TypeError, lambda x: pool.pool_2d(x, (2.0, 2.0), True)),
        (NotImplementedError, lambda x: neighbours.images2neibs(x, (2, 2), mode="same")),
        (NotImplementedError, lambda x: neighbours.neibs2images(x, (2, 2), x.shape, "full")),
        (ValueError, lambda x: nnet.softmax(x)),
        (TypeError, lambda x: nnet.categorical_crossentropy(x, x[0, 0])),
        (ValueError, lambda x: bn.batch_normalization_train(x, x, x, epsilon=1e-6)),
        (ValueError, lambda x: bn.batch_normalization_train(x, x, x, axes=(4,))),
        (ValueError, lambda x: bn.batch_normalization_train(x, x, x, running_mean=x)),
        (ValueError, lambda x: bn.batch_normalization(x, x, x, x, x, mode="mid")),
        (AttributeError, lambda x: nnet.ctc),
        (AttributeError, lambda x: conv3d2d.DiagonalSubtensor),
    ],
)
def test_errors(error, build):
    with pytest.raises(error):
        build(pt.dtensor4("x"))


@pytest.mark.parametrize("compiled", [in_python, on("c")])
@pytest.mark.parametrize(
    ("error", "build"),
    [
        (ValueError, lambda x: nnet.conv2d(x, np.ones((2, 2, 1, 1)))),
        (ValueError, lambda x: nnet.conv2d(x, np.ones((2, 3, 9, 1)))),
        (ValueError, lambda x: conv.conv2d(x, np.ones((2, 3, 1, 1)), (2, 3, 4, 4))),
        (ValueError, lambda x: abstract_conv.conv2d_grad_wrt_inputs(
            x, np.ones((3, 2, 1, 1)), (None, None, 9, 9)
        )),
        (TypeError, lambda x: neighbours.images2neibs(x, (2, 4))),
    ],
)  # fmt: skip
def test_errors_of_a_call(error, build, compiled):
    x = pt.dtensor4("x")
    function = compiled([x], build(x))
    with pytest.raises(error):
        function(np.ones((2, 3, 4, 5)))


def test_on_jax_the_shapes_given_are_those_of_a_gradient_in_a_scan():
    pytest.importorskip("jax")
    x, w = pt.dtensor4("x"), pt.dtensor4("w")

    def cost(k):
        return pt.sqr(nnet.conv2d(x * k, w, (2, 1, 5, 5), (3, 1, 2, 2))).sum()

    costs = pytensor.scan(cost, pt.arange(1.0, 3.0), return_updates=False)
    inputs, gradients = [x, w], pytensor.grad(costs.sum(), [x, w])
    arguments = np.sin(np.arange(50.0)).reshape(2, 1, 5, 5), np.arange(12.0).reshape(3, 1, 2, 2)
    wanted = in_python(inputs, gradients)(*arguments)
    for found, one in zip(on("jax")(inputs, gradients)(*arguments), wanted, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-10)


def test_no_warning_and_no_gradient_of_what_was_saved():
    """A vector becomes a row without a word, and a cost of classes skips the softmax."""
    x = pt.dvector("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = nnet.softmax(x)
    cost = nnet.categorical_crossentropy(p, pt.as_tensor([1])).sum()
    big = np.array([0.0, -2000.0])
    value, gradient = in_python([x], [cost, pytensor.grad(cost, x)])(big)
    assert value == 2000
    np.testing.assert_allclose(gradient, [1, -1])
