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
from pytensor.compile.mode import Mode

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
        return function(*(cases.inputs_of(name, dtype)[variable.name] for variable in inputs))


def check(name, dtype, values):
    for position, value in enumerate(values):
        key = f"{name}|{dtype}|{position}"
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


def test_old_words():
    x = pt.dtensor4("x")
    value = np.random.default_rng(0).normal(size=(2, 3, 5, 6))
    new = pool.pool_2d(x, (2, 3), True, (1, 2), (1, 1), "sum")
    with pytest.warns(UserWarning, match="old name"):
        old = pool.pool_2d(x, ds=(2, 3), ignore_border=True, st=(1, 2), padding=(1, 1), mode="sum")
    older = downsample.max_pool_2d(x, (2, 3), True, (1, 2), (1, 1), "sum")
    expected = in_python([x], new)(value)
    for pooled in in_python([x], [old, older])(value):
        np.testing.assert_array_equal(pooled, expected)
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
    for gradient, expected in zip(on("jax")(inputs, gradients)(*arguments), wanted, strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-10)


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
