# ruff: noqa: RUF005, UP031
"""What programs mean in Theano 1.0.5: small programs, and the record of what they return there.

``python make_theano_semantics.py`` writes ``theano_semantics.json``, where Theano is installed.
Read by Python 3.7, too. Each case returns numbers, or the name of the error that it met.
"""

import importlib
import json
import os
import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def module(theano, name):
    """``theano.<name>``, by whatever name this Theano goes."""
    return importlib.import_module(theano.__name__ + "." + name)


def met(call, *args):
    """The name of the error that a call raises, or "nothing"."""
    try:
        call(*args)
    except Exception as error:
        return type(error).__name__
    return "nothing"


@case
def a_copy_without_updates_leaves_the_state_alone(theano, T):
    x, y, z = T.fscalar("x"), theano.shared(1, name="y"), theano.shared(2, name="z")
    found = []
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([x], x + y + z, mode=mode, updates={z: z * 2})
        g = f.copy(delete_updates=True)
        found.append([g(1)[0], g(1)[0], f(1), g(1)[0], z.get_value()])
    return found


@case
def a_copy_without_updates_of_another_table(theano, T):
    x, W, V = T.vector("x"), theano.shared(np.arange(3.0)), theano.shared(np.ones(3))
    f = theano.function([x], T.dot(x, W), updates=[(W, W - 0.5 * T.grad(T.dot(x, W), W))])
    g = f.copy(swap={W: V}, delete_updates=True)
    one = np.array([1.0, 2.0, 3.0])
    return [g(one)[0], f(one), g(one)[0], f(one), W.get_value(), V.get_value()]


@case
def gradients_and_products_that_are_overridden(theano, T):
    x, w, b = T.vectors("x", "w", "b")
    op = theano.OpFromGraph(
        [x, w, b],
        [x * w + b],
        grad_overrides=[lambda i, g: g[0] * i[1] * 2, lambda i, g: g[0] * i[0] * 1.5, "default"],
        rop_overrides=lambda i, p: [p[0] * i[1] * 3],
    )
    doubled = theano.OpFromGraph([x, w, b], [b * w * 4, b * x * 5])
    other = theano.OpFromGraph([x, w], [x * w], grad_overrides=doubled)
    total = op(x, w, b).sum()
    f = theano.function(
        [x, w, b],
        T.grad(total, [x, w, b])
        + T.grad(other(x, w).sum(), [x, w])
        + [T.Rop(op(x, w, b), [x, w, b], [b, b, b])],
        mode="FAST_COMPILE",
    )
    return f([1.0, 2.0], [3.0, 5.0], [7.0, 11.0])


@case
def products_with_the_jacobian_keep_their_inputs(theano, T):
    x, u, W = T.vector("x"), T.vector("u"), T.matrix("W")
    i = T.lscalar("i")
    made = [
        x + 1,
        3 * x,
        x - x[0],
        T.exp(x),
        T.maximum(x, 0),
        T.dot(x, W).sum(),
        x[i],
        T.switch(i, x, -x),
    ]
    point, direction = np.array([0.5, -2.0]), np.array([1.0, 3.0])
    found = []
    for y in made:
        product = T.Rop(y, x, u)
        f = theano.function([x, u, W, i], product, mode="FAST_COMPILE", on_unused_input="ignore")
        found.append(f(point, direction, np.array([[1.0, 2.0], [3.0, 4.0]]), 1))
    return found + [met(theano.function, [x, u], T.Rop(y, x, u), "FAST_COMPILE") for y in made[:5]]


@case
def a_random_state_is_an_input(theano, T):
    raw = module(theano, "tensor.raw_random")
    state = raw.random_state_type()
    new, sample = raw.uniform(state, size=(2,), low=-1.0, high=2.0)
    f = theano.function(
        [theano.In(state, value=np.random.RandomState(7), update=new, mutable=True)], sample
    )
    g = theano.function([state], raw.normal(state, size=(3,))[1])
    return [f(), f(), g(np.random.RandomState(5)), g(np.random.RandomState(5))]


@case
def random_arguments_broadcast_as_numpy_does(theano, T):
    streams = module(theano, "tensor.shared_randomstreams").RandomStreams(3)
    low, high = T.dvector("low"), T.dvector("high")
    f = theano.function([low, high], streams.uniform(low=low, high=high))
    choice = theano.function([], streams.choice((2, 3), 10, 1, 0))
    return [f([-4.0, -2.0], [-1.0, 0.0]), met(f, [-4.0, -2.0], [-1.0, 0.0, 1.0]), choice()]


@case
def truncated_normal_numbers(theano, T):
    streams = module(theano, "sandbox.rng_mrg").MRG_RandomStreams(9)
    made = [
        streams.truncated_normal(size, 1.0, 2.0, nstreams=6, dtype="float64")
        for size in ((), (1,), (2, 3))
    ]
    return theano.function([], made)()


@case
def cholesky_of_what_is_not_positive(theano, T):
    slinalg, x = module(theano, "tensor.slinalg"), T.dmatrix("x")
    bad, good = [[1.0, 2.0], [2.0, 1.0]], [[2.0, 1.0], [1.0, 2.0]]
    f = theano.function([x], slinalg.cholesky(x))
    g = theano.function([x], slinalg.Cholesky(lower=False, on_error="nan")(x))
    return [met(f, bad), f(good), g(good), bool(np.isnan(g(bad)).any())]


@case
def least_squares_and_eigenvalues(theano, T):
    x, y = T.dmatrix("x"), T.dvector("y")
    solution = module(theano, "tensor.nlinalg").lstsq()(x, y, T.constant(1e-9))[0]
    values = module(theano, "tensor.slinalg").eigvalsh(
        x[:2], module(theano, "tensor.type_other").NoneConst
    )
    points = [[2.0, 1.0], [1.0, 5.0], [1.0, 1.0]]
    return theano.function([x, y], [solution, values])(points, [1.0, 2.0, 4.0])


@case
def classes_below_zero_are_refused(theano, T):
    x, y = T.dmatrix("x"), T.ivector("y")
    cost = T.nnet.categorical_crossentropy(T.nnet.softmax(x), y)
    other, _ = T.nnet.crossentropy_softmax_1hot(x, y)
    f, g = theano.function([x, y], cost), theano.function([x, y], other)
    rows = [[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]
    refused = [met(one, rows, [0, label]) != "nothing" for one in (f, g) for label in (-1, 3)]
    return [f(rows, [2, 0]), g(rows, [1, 1]), *refused]


@case
def integers_that_do_not_fit(theano, T):
    b, c = T.bvector("b"), T.bscalar("c")
    strict = theano.function([b, c], b + c)
    loose = theano.function([b, c], b + c, allow_input_downcast=True)
    return [
        met(strict, [312], 1),
        met(strict, [3], 312),
        loose(np.array([312]), 1),
        strict([3], 100),
    ]


@case
def outputs_by_name(theano, T):
    x = T.dscalar("x")
    f = theano.function([x], {"b": x * 2, "a": x})
    return [sorted(f(3.0)), f(3.0)["b"], met(theano.function, [x], {1: x, "a": x})]


@case
def nodes_are_seen_by_the_monitor(theano, T):
    x, seen = T.dvector("x"), []

    def after(i, node, fn):
        seen.append((i, len(fn.inputs), float(np.sum(fn.outputs[0][0]))))

    monitor = module(theano, "compile.monitormode").MonitorMode(
        pre_func=lambda i, node, fn: seen.append(len(node.outputs)), post_func=after, optimizer=None
    )
    f = theano.function([x], T.log(x).sum(), mode=monitor)
    return [f([1.0, np.e]), seen[0], seen[-1][-1], len(seen) % 2]


@case
def nan_guard(theano, T):
    guard = module(theano, "compile.nanguardmode").NanGuardMode
    x = T.dvector("x")
    every = guard(nan_is_error=True, inf_is_error=True, big_is_error=True)
    f = theano.function([x], T.log(x) * x, mode=every)
    g = theano.function(
        [x], T.log(x) * x, mode=guard(nan_is_error=True, inf_is_error=False, big_is_error=False)
    )
    return [
        f([1.0, 2.0]),
        met(f, [-1.0, 2.0]),
        met(f, [0.0, 2.0]),
        met(f, [1.0, 1e12]),
        met(g, [-1.0, 1.0]),
        met(g, [0.5, 1e12]),
    ]


@case
def gradients_are_verified(theano, T):
    class Wrong(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = inputs[0] ** 2

        def grad(self, inputs, gradients):
            return [gradients[0] * 3 * inputs[0]]

    gradient, rng = module(theano, "gradient"), np.random.RandomState(3)
    point = [np.array([0.5, 1.5])]

    def verify(fun, rng=None):
        gradient.verify_grad(fun, point, rng=rng, mode="FAST_COMPILE")

    try:
        verify(Wrong(), rng)
        found = "nothing"
    except gradient.verify_grad.E_grad:
        found = "E_grad"
    return [found, met(verify, T.tanh, rng), met(verify, T.tanh)]


@case
def a_dumped_function_is_compiled_again(theano, T):
    x, s = T.dscalar("x"), theano.shared(3.0, name="s")
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "dump.pkl")
    theano.function_dump(path, [x], x * s, updates=[(s, s + 1)], name="dumped")
    with open(path, "rb") as file:
        given = pickle.load(file)
    f = theano.function(**given)
    return [f(2.0), f(2.0), s.get_value(), f.name]


@case
def scan_with_checkpoints(theano, T):
    k, A = T.iscalar("k"), T.dvector("A")
    scan = theano.scan_checkpoints if hasattr(theano, "scan_checkpoints") else None
    scan = scan or module(theano, "scan_module.scan_checkpoints").scan_checkpoints
    out, _ = scan(
        fn=lambda prior, A: prior * A,
        outputs_info=T.ones_like(A),
        non_sequences=A,
        n_steps=k,
        save_every_N=5,
    )
    f = theano.function([A, k], [out[-1], T.grad(out[-1].sum(), A)], mode="FAST_COMPILE")
    return f([0.5, 1.1, 1.3], 12)


@case
def shapes_of_early_convolutions_may_be_constants(theano, T):
    conv = module(theano, "tensor.nnet.conv")
    x, k = T.dtensor4("x"), T.dtensor4("k")
    lengths = T.as_tensor_variable([1, 1, 3, 3])
    y = conv.conv2d(x, k, lengths, (T.constant(2), 1, 2, T.constant(2)))
    images = np.arange(9.0).reshape(1, 1, 3, 3)
    kernels = np.arange(8.0).reshape(2, 1, 2, 2)
    return theano.function([x, k], y)(images, kernels)


@case
def test_values_are_computed_with_the_graph(theano, T):
    config = theano.config
    config.compute_test_value = "raise"
    try:
        x, W = T.dmatrix("x"), theano.shared(np.ones((4, 2)), name="W")
        x.tag.test_value = np.arange(12.0).reshape(3, 4)
        y, bare = T.ivector("y"), T.dmatrix("bare")
        y.tag.test_value = np.array([0, 1, 1], dtype="int32")
        p = T.nnet.softmax(T.dot(x, W) * [1.0, 0.9])
        cost = -T.log(p)[T.arange(y.shape[0]), y].mean()
        totals, _ = theano.scan(
            lambda row, total: total + row, sequences=x, outputs_info=T.zeros((4,), dtype="float64")
        )
        image = T.dtensor4("image")
        image.tag.test_value = np.ones((1, 1, 4, 4))
        return [
            p.tag.test_value.shape,
            cost.tag.test_value,
            T.grad(cost, W).tag.test_value,
            totals.tag.test_value,
            T.grad(totals[-1].sum(), x).tag.test_value,
            T.nnet.conv2d(image, np.ones((2, 1, 2, 2))).tag.test_value.shape,
            met(lambda: T.dot(x, x)),
            met(lambda: x + T.ones((2, 2))),
            met(lambda: bare * 2),
            met(lambda: T.dot(x, bare)),
            theano.function([x, y], cost)(np.zeros((2, 4)), [0, 1]),
        ]
    finally:
        config.compute_test_value = "off"


@case
def test_values_that_are_missing_may_be_ignored(theano, T):
    config = theano.config
    config.compute_test_value = "ignore"
    try:
        x, bare = T.dvector("x"), T.dvector("bare")
        x.tag.test_value = [1.0, 2.0]
        return [
            hasattr((x * bare).tag, "test_value"),
            (x * 2).tag.test_value,
            met(lambda: x + [1.0, 2.0, 3.0]),
        ]
    finally:
        config.compute_test_value = "off"


@case
def constants_of_single_precision_keep_their_value(theano, T):
    t, decay = T.dvector("t"), np.float32(0.999)
    w = theano.shared(np.zeros(2), name="w")
    power = decay**t
    step = np.float32(0.7) / (1 - decay ** (w + t))
    f = theano.function([t], [power, 1 - power], updates=[(w, step)])
    return [*f([1.0, 2.0]), w.get_value()]


@case
def the_log_of_a_picked_probability_has_a_gradient(theano, T):
    x, y = T.dmatrix("x"), T.ivector("y")
    p = T.nnet.softmax(x)
    cost = -T.log(p[T.arange(y.shape[0]), y]).mean()
    rows = [[1.0, 2.0, 3.0], [0.0, 2000.0, 1.0]]
    return theano.function([x, y], T.grad(cost, x))(rows, [2, 0])


@case
def one_step_of_a_scan_draws_what_is_needed(theano, T):
    streams = module(theano, "sandbox.rng_mrg").MRG_RandomStreams(4)

    def step(x):
        return x + streams.uniform((2,)), streams.uniform((2,))

    (found, _), updates = theano.scan(step, outputs_info=[T.zeros((2,)), None], n_steps=1)
    f = theano.function([], found, updates=updates)
    before = [state.get_value().sum() for state, *_ in streams.state_updates]
    numbers = [f(), f()]
    after = [state.get_value().sum() for state, *_ in streams.state_updates]
    return [len(updates), numbers, np.not_equal(before, after)]


def plain(value):
    """What JSON can hold."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    return float("%.12g" % value) if isinstance(value, float) else value


def main():
    """Run every program."""
    import theano
    import theano.tensor as T

    warnings.simplefilter("ignore")
    recorded = {}
    for name, run in CASES.items():
        print(name)
        recorded[name] = plain(run(theano, T))
    path = Path(__file__).parent / "theano_semantics.json"
    path.write_text(json.dumps(recorded, indent=0) + "\n")


if __name__ == "__main__":
    main()
