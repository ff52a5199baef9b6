"""Theano's random numbers: against values recorded with Theano 1.0.5, on every backend."""

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.errors import BackendError, HyperparameterError
from symgrad.theano.compile.sharedvalue import shared
from symgrad.theano.sandbox import rng_mrg
from symgrad.theano.sandbox.rng_mrg import MRG_RandomStreams, ff_2p72, ff_2p134, guess_n_streams
from symgrad.theano.scan_module.scan import scan
from symgrad.theano.tensor.raw_random import packed, unpacked
from symgrad.theano.tensor.shared_randomstreams import RandomStreams
from tests.conftest import compile_on
from tests.reference import make_theano_random as reference

RECORDED = np.load(Path(reference.__file__).with_name("theano_random.npz"))
FLOATS = ["float64", "float32"]


def check(maker, kind, case, floatX, backend):
    seed, samples = getattr(reference, kind.upper())[case]
    with pytensor.config.change_flags(floatX=floatX):
        streams = maker(seed)
        draw = compile_on(backend, [], reference.made(streams, samples))
        calls = [draw() for _ in range(reference.CALLS)]
        streams.seed(17)
        calls.append(draw())
    for k, (law, *_) in enumerate(samples):
        expected = RECORDED[f"{floatX}/{kind}/{case}/{k}"]
        got = np.stack([np.asarray(call[k]) for call in calls])
        assert got.dtype == expected.dtype
        if "normal" in law and backend == "jax" and got.dtype == np.float32:
            # XLA has no float32 logarithm that rounds as the C library's does.
            np.testing.assert_allclose(got, expected, rtol=4e-7, atol=1e-7)
            assert (got == expected).mean() > 0.9
        else:
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("floatX", FLOATS)
@pytest.mark.parametrize("case", sorted(set(reference.MRG) - {"truncated"}))
def test_mrg_is_theanos(case, floatX, backend):
    check(MRG_RandomStreams, "mrg", case, floatX, backend)


@pytest.mark.slow
@pytest.mark.parametrize("floatX", FLOATS)
@pytest.mark.parametrize("on", ["c", "numba"])
def test_truncated_normals_are_theanos(floatX, on):
    check(MRG_RandomStreams, "mrg", "truncated", floatX, on)


@pytest.mark.parametrize("floatX", FLOATS)
@pytest.mark.parametrize("case", sorted(reference.NUMPY))
@pytest.mark.parametrize("on", ["c", "numba"])
def test_random_state_is_theanos(case, floatX, on):
    check(RandomStreams, "numpy", case, floatX, on)


def test_jax_refuses_random_state_and_sizes_known_at_run_time():
    with pytest.raises(BackendError, match="take MRG_RandomStreams"):
        sg.function([], RandomStreams(1).uniform((2,)), backend="jax")
    n = pt.lscalar("n")
    with pytest.raises(BackendError, match="known only at run time"):
        sg.function([n], MRG_RandomStreams(1).uniform((n,)), backend="jax")


@pytest.mark.parametrize("law", ["uniform", "normal", "binomial"])
def test_the_shape_of_a_variable_is_a_size(law, backend):
    x = pt.matrix("x", dtype="float64")
    sample = getattr(MRG_RandomStreams(3), law)(x.shape)
    other = getattr(MRG_RandomStreams(3), law)((4, 5), nstreams=15360)
    drawn = compile_on(backend, [x], sample)(np.zeros((4, 5)))
    assert np.array_equal(drawn, compile_on(backend, [], other)())


@pytest.mark.parametrize("size", [[1, 3], (1, 3), pt.stack([1, 3]), pt.constant([1, 3])])
def test_lengths_of_one_stretch(size):
    drawn = MRG_RandomStreams(5).normal(size)
    assert drawn.broadcastable == (True, False)  # as in Theano, and the numbers are Theano's:
    expected = [[0.36341789, -0.77362456, -3.02607594]]
    np.testing.assert_allclose(drawn.eval(), expected, rtol=1e-7)


def test_substreams_are_jumps():
    streams = MRG_RandomStreams([5, 6, 7, 8, 9, 10])
    first = streams.rstate
    states = streams.get_substream_rstates(9)
    assert np.array_equal(states[0], first)
    assert all(np.array_equal(ff_2p72(a), b) for a, b in pairwise(states))
    assert np.array_equal(streams.rstate, ff_2p134(first))
    step, jump = np.array([[0, 4194304, 129], [1, 0, 0], [0, 1, 0]], object), rng_mrg.SUBSTREAM[0]
    for _ in range(72):
        step = step.dot(step) % rng_mrg.M1
    assert np.array_equal(step.astype("int64"), jump)


def test_numbers_of_streams():
    assert guess_n_streams((2, 3)) == 6
    assert guess_n_streams((7,)) == 1
    assert guess_n_streams((10**4, 10**4)) == 15360
    assert guess_n_streams((np.int64(3),)) == 15360  # as in Theano
    with pytest.warns(UserWarning, match="known only at run time"):
        guess_n_streams(pt.lvector(), warn=True)


def test_gradients_reach_bounds_means_and_deviations(backend):
    a, b = pt.dscalars("ab")
    streams = MRG_RandomStreams(4)
    for sample, of_a in (
        (streams.uniform((5,), low=a, high=b), lambda draws, a, b: (b - draws) / (b - a)),
        (streams.normal((5,), avg=a, std=b), lambda draws, a, b: np.ones(5)),
    ):
        slopes = sg.grad(sample.sum(), [a, b])
        draws, da, db = compile_on(backend, [a, b], [sample, *slopes])(1.0, 3.0)
        np.testing.assert_allclose(da, of_a(draws, 1.0, 3.0).sum(), rtol=1e-12)
        np.testing.assert_allclose(da * 1.0 + db * 3.0, draws.sum(), rtol=1e-12)


def test_probabilities_have_no_gradient():
    p = pt.dscalar("p")
    with pytest.raises(Exception, match="undefined"):
        pytensor.grad(MRG_RandomStreams(1).binomial((3,), p=p, dtype="float64").sum(), p)


def test_a_table_and_a_mask_are_updated_together(backend):
    W, index = sg.shared(np.ones((5, 3)), name="W"), pt.lvector("index")
    mask = MRG_RandomStreams(8).binomial((2, 3), dtype="float64")
    rows = W[index]
    updates = sg.sgd((rows * mask).sum(), [rows], 1.0)
    f = compile_on(backend, [index], mask, updates=updates)
    first, second = f([1, 3]), f([1, 3])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(W.get_value()[[1, 3]], 1 - first - second)


@pytest.mark.parametrize("maker", [MRG_RandomStreams, RandomStreams])
@pytest.mark.parametrize("inside", [True, False])
def test_loops_carry_the_state(maker, inside, backend):
    if maker is RandomStreams and backend == "jax":
        pytest.skip("JAX refuses")
    plain = maker(12).uniform((4,))
    draw = compile_on("c", [], plain)
    expected = np.stack([draw() for _ in range(6)])
    streams = maker(12)
    outer = None if inside else streams.uniform((4,))
    steps, updates = scan(lambda: streams.uniform((4,)) if inside else outer, n_steps=3)
    f = compile_on(backend, [], steps, updates=updates)
    np.testing.assert_array_equal(np.concatenate([f(), f()]), expected)


def test_defaults_can_be_left_out():
    sample = RandomStreams(1).uniform((3,))
    with pytest.warns(DeprecationWarning, match="no_default_updates"):
        same = pytensor.function([], sample, no_default_updates=True)
    assert np.array_equal(same(), same())
    given = sample.rng.get_value()
    assert np.array_equal(same(), given.uniform(size=3))


def test_random_states_are_values():
    streams = RandomStreams(234)
    a, b = streams.uniform((2,)), streams.normal((3,))
    f = pytensor.function([], [a, b])
    state = a.rng.get_value(borrow=True)
    state.seed(89)
    a.rng.set_value(state, borrow=True)
    assert np.array_equal(f()[0], np.random.RandomState(89).uniform(size=2))
    streams[b.rng] = np.random.RandomState(5)
    assert np.array_equal(f()[1], np.random.RandomState(5).normal(size=3))
    state = np.random.RandomState(3)
    state.normal()  # the second number of the pair is kept
    assert unpacked(packed(state)).normal() == state.normal()
    copy = pickle.loads(pickle.dumps(shared(np.random.RandomState(7))))
    assert copy.get_value().randint(100) == np.random.RandomState(7).randint(100)
    with pytest.raises(TypeError, match="MT19937"):
        packed(np.random.RandomState(np.random.PCG64(1)))


def test_rows_are_shuffled():
    x = pt.dmatrix("x")
    shuffled = RandomStreams(2).shuffle_row_elements(x)
    value = np.arange(12.0).reshape(2, 6)
    out, order = compile_on("c", [x], [shuffled, shuffled.permutation])(value)
    assert np.array_equal(out, np.take_along_axis(value, order, 1))
    assert np.array_equal(np.sort(out), value)


@pytest.mark.parametrize("seed", [0, 2147462579, [0, 0, 0, 1, 1, 1], [1, 1, 1, 2147462579, 1, 1]])
def test_bad_seeds(seed):
    with pytest.raises(HyperparameterError, match="seed was given with"):
        MRG_RandomStreams(seed)


def test_bad_arguments():
    streams = MRG_RandomStreams(1)
    with pytest.raises(TypeError, match="1 or 6 integers"):
        MRG_RandomStreams([1, 2])
    with pytest.raises(HyperparameterError, match="lengths above 0"):
        streams.uniform((0,))
    with pytest.raises(NotImplementedError, match="only n=1"):
        streams.binomial((3,), n=2)
    with pytest.raises(NotImplementedError, match="give the size"):
        streams.uniform((1,), low=np.zeros(3))
    with pytest.raises(NotImplementedError, match="without replacement"):
        streams.choice(p=np.ones((1, 2)) / 2)
    with pytest.raises(TypeError, match="no size"):
        RandomStreams(1).poisson(lam=2.0)


@pytest.mark.parametrize("on", ["c", "numba"])
def test_too_many_outcomes(on):
    p = np.full((2, 3), 1 / 3)
    f = compile_on(on, [], MRG_RandomStreams(1).choice(4, replace=False, p=p))
    with pytest.raises(ValueError, match="draws"):
        f()
