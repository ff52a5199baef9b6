"""Programs that run every Op with C code of our own: `test_sanitizer` runs them under sanitizers.

``python -m tests.sanitized NAME`` runs one, in an empty compile directory: what is compiled is
recorded. The sizes are odd, small, 1 and 0, and some calls must fail with an error of the Op.
"""

import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from symgrad.theano.ops.outcomes import ChoiceFromUniform, MultinomialFromUniform
from symgrad.theano.patterns import Rebroadcast

import symgrad as sg
from symgrad.backends.c.elemwise import VectorElemwise
from symgrad.backends.c.softmax import RowSoftmax
from symgrad.backends.c.sums import RowSum
from symgrad.backends.rows.op import RowUpdate
from symgrad.backends.rows.write import RowWrite
from symgrad.ops.check_index import CheckIndex, CheckLength
from symgrad.ops.coalesce import Coalesce
from symgrad.ops.missed_steps import MissedSteps
from symgrad.theano.ops.mrg import MRG
from symgrad.theano.ops.multiply_add import MultiplyAdd, multiply_add
from symgrad.theano.tensor.nnet import abstract_conv, conv
from symgrad.theano.tensor.signal import pool

C = Mode("cvm", None)


def raises(error, function, *values):
    """Require that a call fails with an error."""
    try:
        function(*values)
    except error:
        return
    raise AssertionError(f"{values} did not raise {error.__name__}")


def ones(*shape):
    return np.ones(shape, "float32")


def updates():
    """Sums inside the pass and before it; rows that are repeated, negative, or none at all."""
    index = pt.lvector("index")
    for rule, shape, options in (
        ("adam", (11, 7), {}),
        ("sgd", (11, 7), {}),
        ("rowwise_adagrad", (11, 7), {"constraint": sg.max_norm(0.5)}),
        ("adagrad", (11,), {}),
        ("adamw", (11, 3), {"unused": "exact"}),
    ):
        W = sg.shared(np.ones(shape, "float32"), name="W")
        cost = (W[index] ** 2).sum() + W[index[:1]].sum()
        updates = sg.RULES[rule](cost, W, learning_rate=0.1, **options)
        f = sg.function([index], cost, updates=updates, backend="c")
        for rows in ([3, 3, -1], [10, 0, -11, 10, 5], list(range(11)) * 30, [2], []):
            f(rows)
        for rows in ([11], [-12, 3]):
            raises(IndexError, f, rows)
        updates.flush("c")()
        assert np.isfinite(W.get_value()).all()


def rows():
    """Writes to rows, alone and with lengths that do not fit; sums of repeated rows."""
    index, values = pt.lvector("index"), pt.fmatrix("values")
    table = sg.shared(np.ones((5, 3), "float32"), name="table")
    write = sg.function(
        [index, values], updates=[(table, pt.set_subtensor(table[index], values))], backend="c"
    )
    write([4, -5], ones(2, 3))
    write([], ones(0, 3))
    raises(IndexError, write, [5], ones(1, 3))
    raises(sg.errors.GradientShapeError, write, [1, 2], ones(3, 3))
    coalesce = pytensor.function([index, values], Coalesce()(index, values, 5), mode=C)
    for chosen in ([4, 4, -5], [0], []):
        coalesce(chosen, ones(len(chosen), 3))
    raises(ValueError, coalesce, [1, 2], ones(3, 3))
    raises(IndexError, coalesce, [5], ones(1, 3))


def dense():
    """Elementwise loops, sums and softmax in many layouts."""
    x, y = pt.tensor3("x"), pt.tensor("y", shape=(None, 1, None), dtype=pytensor.config.floatX)
    results = [
        pt.tanh(x) * y + x**2,
        x.sum(),
        pt.sqr(x).sum(axis=-1),
        pt.special.softmax(x, axis=-1),
        pt.special.log_softmax(x, axis=-1),
    ]
    f = sg.function([x, y], results, backend="c")
    for shape in ((2, 3, 17), (1, 1, 1), (4, 5, 8), (2, 0, 3), (0, 2, 3), (3, 2, 0)):
        value, other = np.ones(shape), np.ones((shape[0], 1, shape[2]))
        f(value, other)
        f(np.asfortranarray(value), other)
        f(np.ones((shape[0], 2 * shape[1], shape[2]))[:, ::2], other)
        f(value[::-1, :, ::-1], other)


LAYOUTS_2D = [
    {"border_mode": "full", "subsample": (3, 2)},
    {"border_mode": "half", "filter_dilation": (1, 2), "subsample": (2, 1)},
    {"border_mode": ((1, 2), 0), "filter_flip": False, "num_groups": 2},
]
SHAPES_2D = [
    ((2, 4, 7, 6), (3, 2)),
    ((1, 4, 3, 2), (3, 2)),
    ((2, 4, 3, 3), (1, 1)),
    ((0, 4, 7, 6), (3, 2)),
]


def convolution():
    """Images and volumes with their gradients, in several layouts and lengths."""
    x, w = pt.dtensor4("x"), pt.dtensor4("w")
    for layout in LAYOUTS_2D:
        channels = 4 // layout.get("num_groups", 1)
        f = with_gradients([x, w], abstract_conv.conv2d(x, w, **layout))
        for image, kernel in SHAPES_2D:
            f(np.ones(image), np.ones((2, channels, *kernel)))
        f(np.asfortranarray(np.ones((2, 4, 7, 6))), np.ones((2, channels, 3, 2))[..., ::-1])
        raises(ValueError, f, np.ones((2, 3, 7, 6)), np.ones((2, channels, 3, 2)))
    x, w = (pt.tensor(dtype="float32", shape=(None,) * 5) for _ in "xw")
    f = with_gradients([x, w], abstract_conv.conv3d(x, w, border_mode=(1, 0, 2)))
    f(ones(2, 2, 4, 5, 3), ones(2, 2, 2, 3, 2))
    f(ones(1, 2, 1, 1, 1), ones(2, 2, 1, 1, 1))
    x = pt.dtensor4("x")
    f = pytensor.function([x], conv.conv2d(x, np.ones((2, 3, 2, 2)), (2, 3, 4, 4)), mode=C)
    f(np.ones((2, 3, 4, 4)))
    raises(ValueError, f, np.ones((2, 3, 4, 5)))
    raises(ValueError, f, np.ones((2, 3, 1, 1)))
    top, kernel, image = pt.dtensor4("top"), pt.dtensor4("kernel"), pt.dtensor4("image")
    to_image = abstract_conv.conv2d_grad_wrt_inputs(top, kernel, (None, None, 7, 6))
    to_kernel = abstract_conv.conv2d_grad_wrt_weights(image, top, (None, None, 3, 2))
    f = pytensor.function([top, kernel], to_image, mode=C)
    f(np.ones((2, 2, 5, 5)), np.ones((2, 3, 3, 2)))
    raises(ValueError, f, np.ones((2, 2, 4, 5)), np.ones((2, 3, 3, 2)))
    raises(ValueError, f, np.ones((2, 3, 5, 5)), np.ones((2, 3, 3, 2)))
    f = pytensor.function([image, top], to_kernel, mode=C)
    f(np.ones((2, 3, 7, 6)), np.ones((2, 2, 5, 5)))
    raises(ValueError, f, np.ones((2, 3, 7, 6)), np.ones((2, 2, 6, 5)))
    raises(ValueError, f, np.ones((2, 3, 7, 6)), np.ones((3, 2, 5, 5)))


def with_gradients(inputs, output):
    """A function of an output and its gradients, in C and without rewrites."""
    gradients = pytensor.grad(pt.sqr(output).sum(), inputs)
    return pytensor.function(inputs, [output, *gradients], mode=C)


def pooling():
    """Windows at the border, in the padding, and of images without entries."""
    x = pt.dtensor3("x")
    ws, stride, pad = pt.lvector("ws"), pt.lvector("stride"), pt.lvector("pad")
    for mode, ignore_border in (
        ("max", True),
        ("sum", False),
        ("average_inc_pad", True),
    ):
        pooled = pool.pool_2d(x, ws, ignore_border, stride, pad, mode)
        (gradient,) = pytensor.grad(pt.sqr(pooled).sum(), [x])
        results = [pooled, gradient]
        if mode == "max":
            results += pytensor.grad(pt.sqr(gradient).sum(), [x])
        f = pytensor.function([x, ws, stride, pad], results, mode=C)
        pads = [(0, 0), (1, 2), (2, 3), (4, 4)] if ignore_border else [(0, 0)]
        for shape in ((2, 7, 6), (1, 1, 1), (2, 2, 9), (2, 0, 6), (2, 5, 0), (0, 3, 3)):
            for size, step in (((2, 3), (2, 3)), ((3, 2), (1, 1)), ((1, 1), (3, 4))):
                for zeros in pads:
                    f(np.ones(shape), size, step, zeros)
        raises(ValueError, f, np.ones((2, 3, 3)), (0, 1), (1, 1), (0, 0))
        raises(ValueError, f, np.ones((2, 3, 3)), (1, 1, 1), (1, 1, 1), (0, 0, 0))
    known = pool.pool_3d(x, (2, 2, 3), True, (1, 2, 2), (1, 0, 1))
    f = with_gradients([x], known)
    f(np.ones((4, 5, 6)))
    f(np.ones((1, 2, 1)))
    top = pt.dtensor3("top")
    f = pytensor.function([x, top], pool.MaxPoolGrad(True)(x, top, top, (2, 2)), mode=C)
    f(np.ones((2, 4, 4)), np.ones((2, 2, 2)))
    raises(ValueError, f, np.ones((2, 4, 4)), np.ones((1, 2, 2)))
    raises(ValueError, f, np.ones((2, 4, 4)), np.ones((2, 3, 2)))


def random():
    """Uniform and normal numbers of all counts, and outcomes with and without replacement."""
    n, state = pt.lscalar("n"), pt.imatrix("state")
    samples = [
        MRG(law, dtype, 1)(state, n)
        for law in ("uniform", "normal")
        for dtype in ("float32", "float64")
    ]
    f = pytensor.function([state, n], [new for sample in samples for new in sample], mode=C)
    for streams in (1, 3, 7):
        seeds = np.full((streams, 6), 12345, "int32")
        for count in (0, 1, 2, 7, 20):
            f(seeds, count)
    raises(ValueError, f, np.ones((3, 5), "int32"), 4)
    raises(ValueError, f, np.ones((0, 6), "int32"), 4)
    raises(ValueError, f, np.ones((3, 6), "int32"), -4)
    raises(ValueError, f, np.ones((3, 6), "int32"), 2**31)
    pvals, uniform = pt.dmatrix("pvals"), pt.dvector("uniform")
    f = pytensor.function(
        [pvals, uniform, n],
        [
            MultinomialFromUniform("auto")(pvals, uniform, n),
            ChoiceFromUniform("auto")(pvals, uniform, n),
        ],
        mode=C,
    )
    for rows, columns, draws in ((2, 5, 3), (1, 1, 1), (4, 3, 0), (0, 3, 2), (2, 5, 5)):
        shares = np.full((rows, columns), 0.5 / columns)
        for drawn in (0.0, 0.3, 1.0):
            f(shares, np.full(rows * draws, drawn), draws)
            f(np.asfortranarray(shares), np.full(2 * rows * draws, drawn)[::2], draws)
    raises(ValueError, f, np.ones((2, 3)), np.ones(5), 2)
    raises(ValueError, f, np.ones((2, 3)), np.ones(8), 4)
    x = pt.dmatrix("x")
    f = pytensor.function(
        [x], [multiply_add(x, x, x), Rebroadcast((0, True), (1, False))(x)], mode=C
    )
    f(np.ones((1, 5)))
    f(np.ones((1, 0)))
    raises(ValueError, f, np.ones((2, 5)))


# Each program, with the Ops whose C code it runs.
PROGRAMS = {
    "updates": (updates, {CheckIndex, MissedSteps, RowUpdate}),
    "rows": (rows, {CheckIndex, CheckLength, Coalesce, RowWrite}),
    "dense": (dense, {RowSoftmax, RowSum, VectorElemwise}),
    "convolution": (
        convolution,
        {
            abstract_conv.AbstractConv2d,
            abstract_conv.AbstractConv2d_gradInputs,
            abstract_conv.AbstractConv2d_gradWeights,
            abstract_conv.AbstractConv3d,
            abstract_conv.AbstractConv3d_gradInputs,
            abstract_conv.AbstractConv3d_gradWeights,
            conv._Convolution,
        },
    ),
    "pooling": (
        pooling,
        {
            pool.Pool,
            pool.MaxPoolGrad,
            pool.AveragePoolGrad,
            pool.DownsampleFactorMaxGradGrad,
        },
    ),
    "random": (random, {ChoiceFromUniform, MRG, MultinomialFromUniform, MultiplyAdd, Rebroadcast}),
}


def run_in_c(name):
    """Run a program; fail if one of its Ops is run in Python, or not at all."""
    program, ops = PROGRAMS[name]
    compiled = set()

    def recording(c_code):
        def recorded(self, *args, **kwargs):
            code = c_code(self, *args, **kwargs)
            compiled.add(type(self))
            return code

        return recorded

    def perform(self, *args):
        raise AssertionError(f"{self} is run in Python")

    for op in ops:
        op.c_code = recording(op.c_code)
        if hasattr(op, "perform"):
            op.perform = perform
    program()
    if ops - compiled:
        raise AssertionError(f"not compiled: {ops - compiled}")


if __name__ == "__main__":
    run_in_c(sys.argv[1])
    print("no complaints")
